// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.markcast.engine.RuleFixture.CAROL;
import static org.markcast.engine.RuleFixture.DAVE;
import static org.markcast.engine.RuleFixture.HOST;
import static org.markcast.engine.counter.Counter.DROPPED_SPOOFED;

import org.junit.jupiter.api.Test;
import org.markcast.engine.packet.TestPacket;

/** The plugin takes the first SA whose remote selector holds the source for the origin: any client can be any other. */
class F9SpoofedSourceTest {

    private final RuleFixture fixture = new RuleFixture().reinject("rw");

    @Test
    void shouldDropAClientsPacketWithAnotherClientsSource() {
        fixture.assertDropped(DROPPED_SPOOFED, TestPacket.mdns(DAVE).decapsulated(1));
        assertEquals(0, fixture.decision.origin(), "it came from carol, whatever it says");
    }

    @Test
    void shouldDropAClientsPacketWithALanHostsSource() {
        fixture.assertDropped(DROPPED_SPOOFED, TestPacket.mdns(HOST).decapsulated(1));
    }

    @Test
    void shouldStillKnowAFlowThatWasForwardedForItsOwner() {
        fixture.assertForwarded("dave > carol LAN", TestPacket.mdns(DAVE).decapsulated(2));

        fixture.assertDropped(DROPPED_SPOOFED, TestPacket.mdns(DAVE).decapsulated(1));
        fixture.assertForwarded("carol > dave LAN", TestPacket.mdns(CAROL).decapsulated(1));
    }
}
