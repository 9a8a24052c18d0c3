// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.markcast.engine.RuleFixture.CAROL;
import static org.markcast.engine.RuleFixture.ETH1;
import static org.markcast.engine.RuleFixture.ETH2;

import org.junit.jupiter.api.Test;
import org.markcast.engine.packet.TestPacket;

/** The plugin takes a LAN packet with a client's source address for the client's, and echoes it to the LAN. */
class F10LanSourceTest {

    private final RuleFixture fixture = new RuleFixture().lans(ETH1, ETH2).reinject("rw");

    @Test
    void shouldTakeALanPacketForOneWhateverItsSourceSays() {
        fixture.assertForwarded("LAN > carol dave", TestPacket.mdns(CAROL));
    }

    @Test
    void shouldDoSoWhereTheSourceDecidesToo() {
        fixture.originBySource().assertForwarded("LAN > carol dave", TestPacket.mdns(CAROL));
    }
}
