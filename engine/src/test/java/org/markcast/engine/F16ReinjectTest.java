// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.markcast.engine.RuleFixture.CAROL;
import static org.markcast.engine.RuleFixture.DAVE;

import org.junit.jupiter.api.Test;
import org.markcast.engine.packet.TestPacket;
import org.markcast.engine.sa.TestSa;

/** {@code reinject} is documented as a property of the sending client's child; the plugin asks the receiver's. */
class F16ReinjectTest {

    private final RuleFixture fixture = new RuleFixture()
            .sas(
                    TestSa.roadWarrior("carol", 1, CAROL).child("talks"),
                    TestSa.roadWarrior("dave", 2, DAVE).child("listens"))
            .reinject("talks");

    @Test
    void shouldReinjectWhatAChildInTheListSends() {
        fixture.assertForwarded("carol > dave LAN", TestPacket.mdns(CAROL).decapsulated(1));
    }

    @Test
    void shouldNotReinjectToAChildBecauseItIsInTheList() {
        fixture.assertForwarded("dave > LAN", TestPacket.mdns(DAVE).decapsulated(2));
    }
}
