// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.markcast.engine.RuleFixture.CAROL;
import static org.markcast.engine.RuleFixture.DAVE;
import static org.markcast.engine.RuleFixture.ETH1;
import static org.markcast.engine.RuleFixture.ETH2;
import static org.markcast.engine.RuleFixture.HOST;

import org.junit.jupiter.api.Test;
import org.markcast.engine.packet.TestPacket;

class ExplanationTest {

    private final RuleFixture fixture = new RuleFixture();

    @Test
    void shouldSayWhyAPacketIsMalformed() {
        assertEquals(
                "malformed: no whole IPv4 header",
                fixture.explain(TestPacket.mdns(HOST).captured(10)));
        assertEquals(
                "malformed: says it has 99 bytes, but had 36",
                fixture.explain(TestPacket.mdns(HOST).totalLength(99)));
        assertEquals("malformed: source 127.0.0.1 is no host's address", fixture.explain(TestPacket.mdns("127.0.0.1")));
        assertEquals(
                "truncated: 30 of 36 bytes were captured",
                fixture.explain(TestPacket.mdns(HOST).captured(30)));
    }

    @Test
    void shouldSayWhyADestinationIsNotForwarded() {
        assertEquals(
                "10.1.0.1 is neither multicast nor a broadcast address of a LAN interface",
                fixture.explain(TestPacket.udp(HOST, 1, "10.1.0.1", 1)));
        assertEquals(
                "DHCP stays in its network", fixture.explain(TestPacket.udp("0.0.0.0", 68, "255.255.255.255", 67)));
        fixture.strictGroups("224.0.0.1");
        assertEquals("strict_groups: 224.0.0.251 is not among the groups", fixture.explain(TestPacket.mdns(HOST)));
    }

    @Test
    void shouldSayWhatIsWrongWithTheOrigin() {
        assertEquals(
                "not from a LAN interface, and no SA has inbound mark 0x1f",
                fixture.explain(TestPacket.mdns(CAROL).decapsulated(31)));
        assertEquals(
                "spoofed: 10.1.0.130 lies outside the remote selectors of SA carol",
                fixture.explain(TestPacket.mdns(DAVE).decapsulated(1)));
        assertEquals(
                "loop: it carries the hardware address of a LAN interface of this machine",
                fixture.explain(TestPacket.mdns(CAROL).mac(ETH1.mac())));
        fixture.originBySource();
        assertEquals(
                "not from a LAN interface, and no SA may use source 10.1.0.10",
                fixture.explain(TestPacket.mdns(HOST).decapsulated(1)));
        fixture.lans(ETH1, ETH2).explain(TestPacket.mdns(HOST).on(ETH2.index()));
        assertEquals(
                "duplicate: it was captured on another LAN interface just before",
                fixture.explain(TestPacket.mdns(HOST)));
    }

    @Test
    void shouldSayWhyNobodyWantsAPacket() {
        assertEquals(
                "from LAN eth1: no SA has selectors for 10.2.0.1 to 224.0.0.251, protocol 17, ports 5353 to 5353",
                fixture.explain(TestPacket.mdns("10.2.0.1")));
        assertEquals(
                "from LAN eth1: no SA has selectors for 10.2.0.1 to 224.0.0.251, protocol 17, fragment",
                fixture.explain(TestPacket.mdns("10.2.0.1").fragment(8, true)));
        fixture.lans();
        assertEquals(
                "from SA carol: there is no LAN interface, and child rw is not in reinject",
                fixture.explain(TestPacket.mdns(CAROL).decapsulated(1)));
        fixture.reinject("rw");
        assertEquals(
                "from SA carol: no other SA has selectors for 10.1.0.129 to 224.0.0.251, protocol 2",
                fixture.sas(org.markcast.engine.sa.TestSa.roadWarrior("carol", 1, CAROL))
                        .explain(TestPacket.of(2, CAROL, "224.0.0.251").decapsulated(1)));
    }
}
