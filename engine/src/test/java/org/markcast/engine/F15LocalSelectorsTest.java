// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.markcast.engine.RuleFixture.CAROL;
import static org.markcast.engine.RuleFixture.DAVE;
import static org.markcast.engine.RuleFixture.HOST;
import static org.markcast.engine.counter.Counter.DROPPED_NO_TARGET;

import org.junit.jupiter.api.Test;
import org.markcast.engine.packet.TestPacket;
import org.markcast.engine.sa.TestSa;

/** The plugin matches the destination alone, so a source outside the local selectors leaves in clear. */
class F15LocalSelectorsTest {

    private final RuleFixture fixture = new RuleFixture();

    @Test
    void shouldNotSendASourceOutsideTheLocalSelectors() {
        fixture.assertDropped(DROPPED_NO_TARGET, TestPacket.mdns("10.2.0.10"));
        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns("10.1.255.254"));
    }

    @Test
    void shouldSendOnlyToTheSasWhoseLocalSelectorsHoldTheSource() {
        fixture.sas(
                TestSa.bare("carol", 1).local("10.1.0.0/24").remote("224.0.0.0/4"),
                TestSa.bare("dave", 2).local("10.1.0.8/29").remote("224.0.0.0/4"));

        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns("10.1.0.15"));
        fixture.assertForwarded("LAN > carol", TestPacket.mdns("10.1.0.16"));
        fixture.assertDropped(DROPPED_NO_TARGET, TestPacket.mdns("10.1.1.8"));
    }

    @Test
    void shouldAskTheSameOfPacketsFromTunnels() {
        fixture.reinject("rw")
                .sas(
                        TestSa.roadWarrior("carol", 1, "10.9.0.1"),
                        TestSa.roadWarrior("dave", 2, DAVE),
                        TestSa.roadWarrior("eve", 3, "10.1.0.131"));

        fixture.assertForwarded("carol > LAN", TestPacket.mdns("10.9.0.1").decapsulated(1));
        fixture.assertForwarded("dave > carol eve LAN", TestPacket.mdns(DAVE).decapsulated(2));
    }

    @Test
    void shouldNotSendToAnSaThatIsGone() {
        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns(HOST));
        fixture.sas(TestSa.roadWarrior("carol", 1, CAROL)).assertForwarded("LAN > carol", TestPacket.mdns(HOST));
    }
}
