// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.markcast.capture.CapturedFrame;
import org.markcast.config.AddressLiteral;
import org.markcast.config.Config;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.port.LanInterface;

class ReplayTest {

    private static final String HOST = "10.1.0.5";
    private static final String MDNS = "224.0.0.251";
    private static final String DIRECTED = "10.1.255.255";
    private static final String CAROL = "10.1.0.129";
    private static final String DAVE = "10.1.0.130";

    private static final LanInterface ETH1 = new LanInterface("eth1", 3, 0x0200_0000_0001L, 1500, List.of());
    private static final LanInterface ETH2 = new LanInterface("eth2", 4, 0x0200_0000_0002L, 1500, List.of());

    private static StaticSa sa(String name, String child, String markOut, String client) {
        return new StaticSa(
                name,
                child,
                StaticSa.Mode.TUNNEL,
                Mark.parse("7"),
                Mark.parse(markOut),
                selectors("10.1.0.0/16"),
                selectors(client, "224.0.0.0/4", DIRECTED),
                Optional.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                false,
                4500);
    }

    private static List<TrafficSelector> selectors(String... texts) {
        return Stream.of(texts)
                .map(TrafficSelector::parse)
                .flatMap(List::stream)
                .toList();
    }

    private static final List<StaticSa> CAROL_AND_DAVE =
            List.of(sa("carol", "rw", "1", CAROL), sa("dave", "other", "0x42/0xff", DAVE));

    private static Config config(List<StaticSa> sas, Set<String> reinject, boolean strict, String... interfaces) {
        final Config defaults = Config.defaults();
        return new Config(
                List.of(interfaces),
                strict ? List.of((Inet4Address) AddressLiteral.parse(MDNS)) : defaults.groups(),
                reinject,
                true,
                strict,
                1,
                false,
                false,
                Set.of(Config.Source.STATIC),
                defaults.viciSocket(),
                defaults.viciLinger(),
                defaults.connmark(),
                Config.defaults().uplinks(),
                defaults.firewall(),
                defaults.masquerade(),
                sas);
    }

    private static Replay replay(Config config, LanInterface... local) {
        final Map<String, LanInterface> byName = new HashMap<>();
        Stream.of(local).forEach(lan -> byName.put(lan.name(), lan));
        return new Replay(
                config, ReplayLans.of(config.interfaces(), name -> Optional.ofNullable(byName.get(name)), List.of()));
    }

    private static Replay replay() {
        return replay(config(CAROL_AND_DAVE, Set.of("rw"), false, "eth1"));
    }

    private static Verdict judge(TestFrame frame) {
        return replay().judge(frame.frame());
    }

    @Test
    void shouldSendWhatComesFromTheLanToEachMatchingSa() {
        assertEquals(
                new Verdict(
                        1,
                        Instant.EPOCH,
                        32,
                        HOST,
                        MDNS,
                        17,
                        false,
                        5353,
                        5353,
                        "LAN eth1",
                        "forwarded",
                        "from LAN eth1 to SAs carol (mark 1), dave (mark 0x42/0xff)",
                        false,
                        List.of(new Verdict.Copy("carol", "1"), new Verdict.Copy("dave", "0x42/0xff"))),
                judge(TestFrame.from(HOST, MDNS)));
    }

    @Test
    void shouldReinjectWhatComesFromAnSaOfAReinjectChild() {
        final Verdict verdict = judge(TestFrame.from(CAROL, MDNS));
        assertEquals("SA carol", verdict.origin());
        assertEquals("from SA carol to LAN eth1, SA dave (mark 0x42/0xff)", verdict.reason());
        assertTrue(verdict.toLan());
        assertEquals(List.of(new Verdict.Copy("dave", "0x42/0xff")), verdict.copies());
    }

    @Test
    void shouldSayWhyAnSaReachesTheLanOnly() {
        final Verdict verdict = judge(TestFrame.from(DAVE, MDNS));
        assertEquals("from SA dave to LAN eth1; to no other SA: child other is not in reinject", verdict.reason());
        assertTrue(verdict.toLan());
        assertEquals(List.of(), verdict.copies());
    }

    @Test
    void shouldNameAFewOfManySasInTheReasonAndAllAmongTheCopies() {
        final List<StaticSa> many = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            many.add(sa("c" + i, "rw", String.valueOf(i + 1), "10.2.0." + i));
        }
        final Verdict verdict = replay(config(many, Set.of(), false, "eth1"))
                .judge(TestFrame.from(HOST, MDNS).frame());
        assertEquals("from LAN eth1 to 100 SAs: c0 (mark 1), c1 (mark 2), c2 (mark 3), ...", verdict.reason());
        assertEquals(100, verdict.copies().size());
        assertEquals(new Verdict.Copy("c99", "100"), verdict.copies().get(99));
    }

    @Test
    void shouldSayWhyAPacketIsDropped() {
        assertDropped(
                "dropped_dhcp",
                "DHCP stays in its network",
                TestFrame.from("0.0.0.0", "255.255.255.255").ports(68, 67));
        assertDropped(
                "dropped_unicast",
                "10.1.0.1 is neither multicast nor a broadcast address of a LAN interface",
                TestFrame.from(HOST, "10.1.0.1"));
        assertDropped(
                "dropped_truncated",
                "truncated: 30 of 32 bytes were captured",
                TestFrame.from(HOST, MDNS).cutTo(30));
        assertDropped(
                "dropped_no_target",
                "from LAN eth1: no SA has selectors for 192.0.2.1 to 224.0.0.251, protocol 17, ports 5353 to 5353",
                TestFrame.from("192.0.2.1", MDNS));
        assertDropped(
                "dropped_malformed", "malformed: source 224.0.0.251 is no host's address", TestFrame.from(MDNS, MDNS));
    }

    private static void assertDropped(String outcome, String reason, TestFrame frame) {
        final Verdict verdict = judge(frame);
        assertEquals(outcome, verdict.outcome());
        assertEquals(reason, verdict.reason());
        assertFalse(verdict.toLan());
        assertEquals(List.of(), verdict.copies());
    }

    @Test
    void shouldNotShowPortsThatWereNotCaptured() {
        final Verdict verdict = judge(TestFrame.from(HOST, MDNS).cutTo(22));
        assertEquals("dropped_truncated", verdict.outcome());
        assertEquals(17, verdict.protocol());
        assertNull(verdict.sourcePort());
        assertNull(verdict.destinationPort());
    }

    @Test
    void shouldHonourStrictGroups() {
        final Verdict verdict = replay(config(CAROL_AND_DAVE, Set.of(), true, "eth1"))
                .judge(TestFrame.from(HOST, "239.255.255.250").frame());
        assertEquals("dropped_group", verdict.outcome());
    }

    @Test
    void shouldLearnBroadcastAddressesOfALanElsewhere() {
        final Replay replay = replay();
        final TestFrame unknown = TestFrame.from(CAROL, DIRECTED);
        assertEquals("dropped_unicast", replay.judge(unknown.frame()).outcome());
        assertEquals(
                "forwarded",
                replay.judge(TestFrame.from(HOST, DIRECTED).broadcast().frame()).outcome());
        assertEquals("forwarded", replay.judge(unknown.frame()).outcome());
    }

    @Test
    void shouldNotLearnMulticastFromABroadcastFrame() {
        final Verdict verdict = replay(config(CAROL_AND_DAVE, Set.of(), true, "eth1"))
                .judge(TestFrame.from(HOST, "239.255.255.250").broadcast().frame());
        assertEquals("dropped_group", verdict.outcome());
    }

    @Test
    void shouldGoByTheBroadcastAddressesOfALanThatIsHere() {
        final LanInterface here =
                new LanInterface("eth1", 3, 0, 1500, List.of(Ipv4Address.of(AddressLiteral.parse(DIRECTED))));
        final Replay replay = replay(config(CAROL_AND_DAVE, Set.of(), false, "eth1"), here);
        assertEquals(
                "forwarded",
                replay.judge(TestFrame.from(HOST, DIRECTED).frame()).outcome());
        assertEquals(
                "dropped_unicast",
                replay.judge(TestFrame.from(HOST, "10.1.0.255").broadcast().frame())
                        .outcome());
    }

    @Test
    void shouldTakeFurtherBroadcastAddresses() {
        final Config config = config(CAROL_AND_DAVE, Set.of(), false);
        final ReplayLans lans = ReplayLans.of(
                List.of(), name -> Optional.empty(), List.of(Ipv4Address.of(AddressLiteral.parse(DIRECTED))));
        final Verdict verdict =
                new Replay(config, lans).judge(TestFrame.from(HOST, DIRECTED).frame());
        assertEquals("forwarded", verdict.outcome());
        assertEquals("LAN any", verdict.origin());
    }

    @Test
    void shouldRecogniseDuplicatesByTheTimeOfTheCapture() {
        final Replay replay = replay(config(CAROL_AND_DAVE, Set.of(), false, "eth1", "eth2"), ETH1, ETH2);
        final TestFrame packet = TestFrame.from(HOST, MDNS);
        assertEquals("LAN eth1", replay.judge(packet.on(3).at(1_000).frame()).origin());
        assertEquals(
                "dropped_duplicate",
                replay.judge(packet.on(4).at(1_100).frame()).outcome());
        final Verdict later = replay.judge(packet.on(4).at(9_000).frame());
        assertEquals("forwarded", later.outcome());
        assertEquals("LAN eth2", later.origin());
    }

    @Test
    void shouldCallFramesOfTheLanInterfaceItselfALoop() {
        final Replay replay = replay(config(CAROL_AND_DAVE, Set.of(), false, "eth1"), ETH1);
        for (final String source : List.of(HOST, CAROL)) {
            final TestFrame frame = TestFrame.from(source, MDNS).withMac(ETH1.mac());
            assertEquals("dropped_loop", replay.judge(frame.frame()).outcome());
        }
    }

    @Test
    void shouldIgnoreWhatTheServiceWouldNotCapture() {
        final Verdict outgoing = judge(TestFrame.from(HOST, MDNS).outgoing());
        assertEquals("outgoing", outgoing.outcome());
        assertEquals(HOST, outgoing.source());
        assertTrue(outgoing.isIgnored());

        final CapturedPacket packet =
                new CapturedPacket().set(new UnsafeBuffer(new byte[28]), 0, 28, 28, 0, 0, 0, false);
        final Verdict arp =
                replay().judge(new CapturedFrame(9, Instant.EPOCH, true, false, Optional.of("ARP"), packet));
        assertEquals("not_ipv4", arp.outcome());
        assertEquals("ARP", arp.reason());
        assertEquals(28, arp.length());
        assertNull(arp.source());
        assertTrue(arp.isIgnored());
    }
}
