// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.markcast.engine.RuleFixture.CAROL;
import static org.markcast.engine.RuleFixture.DAVE;
import static org.markcast.engine.counter.Counter.DROPPED_SPOOFED;
import static org.markcast.engine.counter.Counter.DROPPED_UNKNOWN_MARK;

import org.junit.jupiter.api.Test;
import org.markcast.engine.packet.TestPacket;
import org.markcast.engine.sa.TestSa;

/** The plugin ignores masks and takes the inbound mark for both directions. */
class F12MarksTest {

    private static final int ALL = 0xffff_ffff;

    private final RuleFixture fixture = new RuleFixture();

    @Test
    void shouldIgnoreBitsOutsideTheMask() {
        fixture.sas(TestSa.roadWarrior("carol", 1, CAROL).markIn(0x10, 0xf0));

        fixture.assertForwarded("carol > LAN", TestPacket.mdns(CAROL).decapsulated(0x10));
        fixture.assertForwarded("carol > LAN", TestPacket.mdns(CAROL).decapsulated(0x8000_0a1b));
        fixture.assertDropped(DROPPED_UNKNOWN_MARK, TestPacket.mdns(CAROL).decapsulated(0x20));
    }

    @Test
    void shouldPreferTheMaskWithMostBits() {
        fixture.sas(
                TestSa.roadWarrior("carol", 1, CAROL).markIn(0x10, 0xf0),
                TestSa.roadWarrior("dave", 2, DAVE).markIn(0x11, ALL));

        fixture.assertForwarded("dave > LAN", TestPacket.mdns(DAVE).decapsulated(0x11));
        fixture.assertForwarded("carol > LAN", TestPacket.mdns(CAROL).decapsulated(0x12));
    }

    @Test
    void shouldKnowTheOriginByTheInboundMarkAlone() {
        fixture.sas(
                TestSa.roadWarrior("carol", 1, CAROL).markIn(1, ALL).markOut(2, ALL),
                TestSa.roadWarrior("dave", 2, DAVE).markIn(3, ALL).markOut(1, ALL));

        fixture.assertForwarded("carol > LAN", TestPacket.mdns(CAROL).decapsulated(1));
        fixture.assertDropped(DROPPED_UNKNOWN_MARK, TestPacket.mdns(CAROL).decapsulated(2));
        fixture.assertDropped(DROPPED_SPOOFED, TestPacket.mdns(DAVE).decapsulated(1));
    }

    @Test
    void shouldNotTakeAnSaWithoutAMarkForEverybodysOrigin() {
        fixture.sas(TestSa.roadWarrior("carol", 1, CAROL).markIn(0, 0));

        fixture.assertDropped(DROPPED_UNKNOWN_MARK, TestPacket.mdns(CAROL).decapsulated(5));
    }
}
