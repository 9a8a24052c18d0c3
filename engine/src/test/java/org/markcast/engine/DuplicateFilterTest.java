// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.markcast.engine.RuleFixture.CAROL;
import static org.markcast.engine.RuleFixture.ETH1;
import static org.markcast.engine.RuleFixture.ETH2;
import static org.markcast.engine.RuleFixture.HOST;
import static org.markcast.engine.counter.Counter.DROPPED_DUPLICATE;

import org.junit.jupiter.api.Test;
import org.markcast.engine.packet.TestPacket;

class DuplicateFilterTest {

    private static final String BOTH = "LAN > carol dave";

    private final RuleFixture fixture = new RuleFixture().lans(ETH1, ETH2);

    @Test
    void shouldDropAPacketThatCameOnAnotherLanInterfaceJustBefore() {
        fixture.assertForwarded(BOTH, onEth1());
        fixture.assertDropped(DROPPED_DUPLICATE, onEth2());
    }

    @Test
    void shouldForgetAfterTheWindow() {
        fixture.nowNs = Long.MAX_VALUE - 5; // nano time may overflow
        fixture.assertForwarded(BOTH, onEth1());
        fixture.nowNs += DuplicateFilter.WINDOW_NS - 1;
        fixture.assertDropped(DROPPED_DUPLICATE, onEth2());

        fixture.assertForwarded(BOTH, onEth1().identification(2));
        fixture.nowNs += DuplicateFilter.WINDOW_NS;
        fixture.assertForwarded(BOTH, onEth2().identification(2));
    }

    @Test
    void shouldForwardAPacketThatIsRepeatedOnTheSameInterface() {
        fixture.assertForwarded(BOTH, onEth1());
        fixture.assertForwarded(BOTH, onEth1());
        fixture.assertDropped(DROPPED_DUPLICATE, onEth2());
        fixture.assertForwarded(BOTH, onEth2());
    }

    @Test
    void shouldFollowAPacketThatIsRepeatedAllTheTimeOnBridgedLans() {
        for (int i = 0; i < 20; i++) {
            fixture.nowNs += DuplicateFilter.WINDOW_NS / 3;
            fixture.assertForwarded(BOTH, onEth1());
            fixture.nowNs += 1_000_000;
            fixture.assertDropped(DROPPED_DUPLICATE, onEth2());
        }
    }

    @Test
    void shouldLookThroughAChangedTimeToLive() {
        fixture.assertForwarded(BOTH, onEth1().timeToLive(64));
        fixture.assertDropped(DROPPED_DUPLICATE, onEth2().timeToLive(63));
    }

    @Test
    void shouldTellPacketsApartByEveryOtherByte() {
        fixture.assertForwarded(BOTH, onEth1());
        fixture.assertForwarded(BOTH, onEth2().identification(2));
        fixture.assertForwarded(BOTH, onEth2().ports(5353, 5354));
        fixture.assertForwarded(BOTH, onEth2().payloadLength(17));
        fixture.assertForwarded(BOTH, onEth2().payload(0x14, 0xe9, 0x14, 0xe9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));
    }

    @Test
    void shouldNotLookForDuplicatesOnASingleLan() {
        fixture.lans(ETH2);
        fixture.assertForwarded(BOTH, onEth2());
        fixture.assertForwarded(BOTH, onEth2());
    }

    @Test
    void shouldNotTakeAClientsPacketForADuplicateOfALanPacket() {
        fixture.assertForwarded(BOTH, TestPacket.mdns(CAROL));
        fixture.assertForwarded("carol > LAN", TestPacket.mdns(CAROL).decapsulated(1));
    }

    @Test
    void shouldForgetWhenTheLanInterfacesChange() {
        fixture.assertForwarded(BOTH, onEth1());
        fixture.lans(ETH2, ETH1).assertForwarded(BOTH, onEth2());
    }

    private static TestPacket onEth1() {
        return TestPacket.mdns(HOST).on(ETH1.index());
    }

    private static TestPacket onEth2() {
        return TestPacket.mdns(HOST).on(ETH2.index());
    }
}
