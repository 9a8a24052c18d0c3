// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.markcast.engine.RuleFixture.CAROL;
import static org.markcast.engine.RuleFixture.HOST;
import static org.markcast.engine.counter.Counter.DROPPED_DHCP;

import org.junit.jupiter.api.Test;
import org.markcast.engine.packet.TestPacket;

/** The plugin reads DHCP's ports at a fixed offset and of any protocol. */
class F8DhcpTest {

    private static final String EVERYBODY = "255.255.255.255";
    private static final int TCP = 6;

    private final RuleFixture fixture = new RuleFixture();

    @Test
    void shouldKeepDhcpOutBothWays() {
        fixture.assertDropped(DROPPED_DHCP, TestPacket.udp("0.0.0.0", 68, EVERYBODY, 67));
        fixture.assertDropped(DROPPED_DHCP, TestPacket.udp("10.1.0.1", 67, EVERYBODY, 68));
        fixture.assertDropped(
                DROPPED_DHCP, TestPacket.udp(CAROL, 68, EVERYBODY, 67).decapsulated(1));
        fixture.assertDropped(
                DROPPED_DHCP, TestPacket.udp(CAROL, 67, EVERYBODY, 68).decapsulated(1));
    }

    @Test
    void shouldFindDhcpBehindOptions() {
        fixture.assertDropped(
                DROPPED_DHCP, TestPacket.udp("0.0.0.0", 68, EVERYBODY, 67).optionWords(3));
    }

    @Test
    void shouldFindDhcpInTheFirstFragment() {
        fixture.assertDropped(
                DROPPED_DHCP, TestPacket.udp("10.1.0.1", 67, EVERYBODY, 68).fragment(0, true));
    }

    @Test
    void shouldForwardUdpWhoseOptionsLookLikeDhcpPorts() {
        fixture.assertForwarded(
                "LAN > carol dave", TestPacket.udp(HOST, 5000, EVERYBODY, 5001).optionWords(1));
    }

    @Test
    void shouldForwardOtherProtocolsAndLaterFragmentsThatLookLikeDhcp() {
        fixture.assertForwarded(
                "LAN > carol dave", TestPacket.of(TCP, HOST, EVERYBODY).ports(68, 67));
        fixture.assertForwarded(
                "LAN > carol dave", TestPacket.udp(HOST, 68, EVERYBODY, 67).fragment(1480, false));
    }

    @Test
    void shouldForwardUdpWithOnlyOneOfThePorts() {
        fixture.assertForwarded("LAN > carol dave", TestPacket.udp(HOST, 68, EVERYBODY, 68));
        fixture.assertForwarded("LAN > carol dave", TestPacket.udp(HOST, 67, EVERYBODY, 67));
        fixture.assertForwarded("LAN > carol dave", TestPacket.udp(HOST, 5000, EVERYBODY, 67));
    }

    @Test
    void shouldForwardUdpTooShortForPorts() {
        fixture.assertForwarded(
                "LAN > carol dave", TestPacket.of(17, HOST, EVERYBODY).payload(0, 68, 0));
    }
}
