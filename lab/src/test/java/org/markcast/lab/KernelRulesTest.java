// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.agrona.concurrent.CachedNanoClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.config.Config;
import org.markcast.config.Connmark;
import org.markcast.config.Mark;
import org.markcast.config.NumberRange;
import org.markcast.config.Prefix;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.Sa.Outer;
import org.markcast.linux.Poller;
import org.markcast.netfilter.KernelRules;
import org.markcast.netfilter.MarkRules;

/** The rules in a real kernel, and what they do to packets. */
@NetworkNamespaceTest
class KernelRulesTest {

    private static final int LAN_BROADCAST = 0x0a01ffff;
    private static final List<Integer> BROADCASTS = List.of(LAN_BROADCAST);
    private static final int ESP = 50;
    private static final int GRE = 47;
    private static final int SOON_MS = 5_000;
    private static final String PEER = "203.0.113.7";

    private static final Connmark CONNMARK_OFF = Config.defaults().connmark();
    private static final Connmark L2TP =
            new Connmark(true, 1360, true, new NumberRange(20_000, 60_000), new NumberRange(1, 65_535));

    private final CachedNanoClock clock = new CachedNanoClock();
    private RulesNetwork network;
    private KernelRules rules;

    @BeforeEach
    void open() {
        network = new RulesNetwork();
        rules = network.call(() -> KernelRules.open(true, CONNMARK_OFF, clock));
    }

    @AfterEach
    void close() {
        rules.close();
        network.close();
    }

    @Test
    void shouldMarkInboundEspByItsSpi() {
        apply(sa("carol", mark(7), "10.1.0.129")
                .esp(PEER, 0xc15e5a4d)
                .esp(PEER, 0xc15e5a4e)
                .build());

        assertEquals(7, markOfArrival(esp(PEER, 0xc15e5a4d)));
        assertEquals(7, markOfArrival(esp(PEER, 0xc15e5a4e)));
        assertEquals(7, markOfArrival(esp("203.0.113.8", 0xc15e5a4d)), "the peer has moved");
        assertEquals(0, markOfArrival(esp("203.0.113.8", 0xc15e5a4f)));
    }

    @Test
    void shouldMarkInboundEspFromTheBeginningWhateverItsDestinationSays() {
        apply(
                sa("carol", mark(7), "10.1.0.129").esp(PEER, 0xc15e5a4d).build(),
                sa("hairpin", mark(8), RulesNetwork.LOCAL).build());

        network.send(0, esp(PEER, 0xc15e5a4d));
        assertEquals(Map.of(PEER, 7), network.early());
        assertEquals(Map.of(PEER, 7), network.arrived());
    }

    /** A peer may use the new SPI of a rekey before the news of it gets here: then its newest SA's mark must do. */
    @Test
    void shouldMarkAnSpiThatIsNotKnownYetAsThePeersNewestSa() {
        apply(
                sa("before", mark(7), "10.1.0.129").esp(PEER, 0xc15e5a4d).build(),
                sa("after", mark(8), "10.1.0.130").esp(PEER, 0xc15e5a4e).build());

        assertEquals(7, markOfArrival(esp(PEER, 0xc15e5a4d)));
        assertEquals(8, markOfArrival(esp(PEER, 0xc15e5a4f)));
    }

    @Test
    void shouldTellSasOfOnePeerApartByTheSpiInUdp() {
        apply(
                sa("carol", mark(7), "10.1.0.129").natt(PEER, 34567, 0xc0000001).build(),
                sa("dave", mark(8), "10.1.0.130").natt(PEER, 34567, 0xc0000002).build());

        assertEquals(7, markOfArrival(natt(34567, 4500, 0xc0000001, 1)));
        assertEquals(8, markOfArrival(natt(34567, 4500, 0xc0000002, 1)));
        assertEquals(0, markOfArrival(natt(34567, 4500, 0, 0xc0000001)), "IKE");
        assertEquals(0, markOfArrival(natt(34567, 53, 0xc0000001, 1)), "another port of the gateway");
        assertEquals(7, markOfArrival(natt(34568, 4500, 0xc0000001, 1)), "the peer's NAT has another port for it");
        assertEquals(0, markOfArrival(natt(34568, 4500, 0xc0000003, 1)), "another port and an unknown SPI");
    }

    @Test
    void shouldMarkUnicastToTheMostSpecificSelector() {
        apply(
                sa("site", mark(20), "10.9.0.0/16").build(),
                sa("carol", mark(21), "10.9.0.129").build(),
                sa("inner", mark(22), "10.9.8.0/24").build());

        assertEquals(20, markOfDeparture("10.9.1.1"));
        assertEquals(21, markOfDeparture("10.9.0.129"));
        assertEquals(22, markOfDeparture("10.9.8.255"));
        assertEquals(0, markOfDeparture("10.10.0.1"));
    }

    @Test
    void shouldMarkOnlyWhatALimitedSelectorLimits() {
        apply(
                sa("l2tp", mark(30), "203.0.113.9[udp/1701]").build(),
                sa("gre", mark(31), "203.0.113.10[gre]").build());

        assertEquals(30, markOfDeparture(udp("203.0.113.9", 1701)));
        assertEquals(0, markOfDeparture(udp("203.0.113.9", 1702)));
        assertEquals(
                31,
                markOfDeparture(Ipv4Packet.of(GRE, "10.1.0.1", "203.0.113.10", new byte[8])
                        .build()));
        assertEquals(0, markOfDeparture(udp("203.0.113.10", 1701)));
    }

    @Test
    void shouldLeaveGroupsBroadcastsAndTheGatewayToAWildcardSelectorUnmarked() {
        apply(sa("default", mark(40), "0.0.0.0/0").esp(PEER, 0xc15e5a4d).build());

        assertEquals(40, markOfDeparture("198.51.100.1"));
        assertEquals(0, markOfDeparture("224.0.0.251"));
        assertEquals(0, markOfDeparture("10.1.255.255"));
        assertEquals(0, markOfDeparture("255.255.255.255"));
        assertEquals(40, markOfArrival(esp(PEER, 0xc15e5a4d)));
        assertEquals(0, markOfArrival(esp("203.0.113.99", 1)), "to this machine, but no ESP of ours");
    }

    @Test
    void shouldKeepTheBitsOutsideAMask() {
        apply(sa("carol", new Mark(0x200, 0xff00), "10.9.0.129")
                .esp(PEER, 0xc15e5a4d)
                .build());

        network.send(0xab_0113, esp(PEER, 0xc15e5a4d));
        assertEquals(Map.of(PEER, 0xab_0213), network.arrived());
        network.send(0xab_0113, udp("10.9.0.129", 9));
        assertEquals(0xab_0213, network.left().get("10.9.0.129"));
    }

    @Test
    void shouldGuardMaskedMarks() {
        apply(
                sa("carol", new Mark(0x200, 0xff00), "10.9.0.129").build(),
                sa("dave", mark(0x10007), "10.9.0.130").build());

        assertNotEquals(1, network.send(0xab_0213, udp("224.0.0.251", 5353)));
        assertNotEquals(1, network.send(0x10007, udp("224.0.0.251", 5353)));
        assertEquals(1, network.send(0xab_0313, udp("224.0.0.251", 5353)));
        assertEquals(2, leaks());
    }

    @Test
    void shouldDropAndCountMarkedMulticastThatWouldLeaveInClear() {
        apply(sa("carol", mark(7), "10.9.0.129").build());

        assertNotEquals(1, network.send(7, udp("224.0.0.251", 5353)));
        assertNotEquals(1, network.send(7, udp("10.1.255.255", 137)));
        assertNotEquals(1, network.send(7, udp("255.255.255.255", 137)));
        assertEquals(1, network.send(0, udp("224.0.0.251", 5353)));
        assertEquals(1, network.send(8, udp("224.0.0.252", 5353)));
        assertEquals(1, network.send(7, udp("10.9.0.129", 9)), "unicast is not the guard's");

        assertEquals(1 + 2 + 2, leaks(), "of a broadcast also the one for the machine itself");
        assertEquals(Map.of("224.0.0.251", 0, "224.0.0.252", 8, "10.9.0.129", 7), network.left());
    }

    @Test
    void shouldGuardTheMarkOfAnSaThatIsGoneForAMinute() {
        apply(sa("carol", mark(7), "10.9.0.129").build());
        apply();
        assertNotEquals(1, network.send(7, udp("224.0.0.251", 5353)));

        clock.update(TimeUnit.SECONDS.toNanos(61));
        work();
        assertEquals(1, network.send(7, udp("224.0.0.251", 5353)));
        assertEquals(1, leaks());
    }

    @Test
    void shouldChangeElementsOnly() {
        apply(sa("carol", mark(7), "10.9.0.129", "10.8.0.0/24").esp(PEER, 1).build());
        final String handles = network.program("", "nft", "-a", "list", "chain", "ip", "markcast", "prerouting");

        apply(
                sa("carol", mark(9), "10.9.0.129", "10.8.0.0/25")
                        .esp("203.0.113.8", 1)
                        .build(),
                sa("dave", mark(8), "10.9.0.130", "10.8.0.128/25")
                        .natt(PEER, 4500, 2)
                        .build());

        assertEquals(handles, network.program("", "nft", "-a", "list", "chain", "ip", "markcast", "prerouting"));
        assertEquals(9, markOfArrival(esp("203.0.113.8", 1)));
        assertEquals(0, markOfArrival(esp(PEER, 3)));
        assertEquals(9, markOfDeparture("10.8.0.1"));
        assertEquals(8, markOfDeparture("10.8.0.200"));
        assertEquals(9, markOfDeparture("10.9.0.129"));
    }

    @Test
    void shouldTakeOverWhatAnEarlierRunLeft() {
        apply(sa("carol", mark(7), "10.9.0.129").esp6("2001:db8::1", 5).build());
        final KernelRules next = network.call(() -> KernelRules.open(false, CONNMARK_OFF, clock));
        network.call(() -> {
            next.apply(List.of(sa("dave", mark(8), "10.9.0.130").build()), List.of());
            return null;
        });
        assertEquals(0, markOfDeparture("10.9.0.129"));
        assertEquals(8, markOfDeparture("10.9.0.130"));
        assertFalse(network.nft("list tables").contains("ip6 markcast"));
        next.close();
    }

    @Test
    void shouldRestoreWhatOthersFlush() {
        apply(sa("carol", mark(7), "10.9.0.129").esp6("2001:db8::1", 5).build());
        final String before = ruleset();
        for (final String attack : List.of(
                "flush ruleset",
                "delete table ip markcast",
                "delete table ip6 markcast",
                "delete element ip markcast client_marks { 10.9.0.129 }",
                "flush chain ip markcast prerouting",
                "add element ip markcast sa_marks { 99 }")) {
            work();
            network.nft(attack);
            assertTrue(new Poller(rules.fd()).await(SOON_MS), attack);
            work();
            assertEquals(before, ruleset(), attack);
        }
        assertEquals(Optional.empty(), rules.problem());
    }

    @Test
    void shouldNotMindWhatOthersDoElsewhere() {
        apply(sa("carol", mark(7), "10.9.0.129").build());
        final String handle = network.program("", "nft", "-a", "list", "table", "ip", "markcast");
        network.nft("add table ip other; add set ip other s { type mark; }; add element ip other s { 1 }");
        work();
        assertEquals(handle, network.program("", "nft", "-a", "list", "table", "ip", "markcast"));
    }

    @Test
    void shouldKeepCountingAcrossARestoration() {
        apply(sa("carol", mark(7), "10.9.0.129").build());
        network.send(7, udp("224.0.0.251", 5353));
        assertEquals(1, leaks());
        network.nft("flush ruleset");
        work();
        network.send(7, udp("224.0.0.251", 5353));
        assertEquals(2, leaks());
    }

    @Test
    void shouldRemoveNothingButItsOwn() {
        apply(sa("carol", mark(7), "10.9.0.129").esp6("2001:db8::1", 5).build());
        rules.close();
        assertEquals("table ip probe", network.nft("list tables").strip());
    }

    @Test
    void shouldReplaceADormantTableOfItsName() {
        network.nft("add table ip markcast { flags dormant; }");
        apply(sa("carol", mark(7), "10.1.0.129").build());
        assertEquals(7, markOfDeparture("10.1.0.129"));
    }

    @Test
    void shouldMarkEspInUdpOverIpv6() throws IOException {
        network.nft("""
                table ip6 probe {
                  chain pre {
                    type filter hook prerouting priority mangle + 10;
                    meta mark 7 counter
                  }
                }
                """);
        try (DatagramSocket gateway = network.call(() -> new DatagramSocket(new InetSocketAddress("::1", 0)));
                DatagramSocket peer = network.call(() -> new DatagramSocket(new InetSocketAddress("::1", 0)))) {
            apply(sa("carol", mark(7), "10.9.0.129")
                    .outer("::1", gateway.getLocalPort(), "::1", peer.getLocalPort(), 0xc0000001, true)
                    .build());
            for (final int spi : new int[] {0xc0000001, 0xc0000002, 0}) {
                peer.send(new DatagramPacket(words(spi, 1), 8, gateway.getLocalSocketAddress()));
            }
        }
        final String chain = network.nft("list chain ip6 probe pre");
        assertTrue(chain.contains("counter packets 2 "), chain); // both SPIs, but not what has zeros there: IKE
    }

    /** Small steps and large ones, with and without masks; what is gone is forgotten before the kernels are compared. */
    @Test
    void shouldEqualAFullInstallationAfterEachChange() {
        final Random random = new Random(20_26);
        final List<Sa> sas = new ArrayList<>();
        rules.configure(true, L2TP);
        try (RulesNetwork other = new RulesNetwork()) {
            for (int step = 0; step < 60; step++) {
                changeList(sas, random, step / 10 % 3 == 2);
                apply(List.copyOf(sas));
                clock.advance(TimeUnit.SECONDS.toNanos(61));
                work();
                assertEquals(Optional.empty(), rules.problem(), "step " + step);
                other.nft("flush ruleset");
                other.nft(MarkRules.text(sas, BROADCASTS, true, L2TP));
                assertEquals(parts(ruleset(other)), parts(ruleset()), "step " + step);
            }
        }
    }

    private static void changeList(List<Sa> sas, Random random, boolean isMasked) {
        final List<Sa> others = randomSas(random, isMasked);
        final Sa any = others.get(random.nextInt(others.size())); // its name may be one of the list
        final int place = sas.isEmpty() ? 0 : random.nextInt(sas.size());
        switch (random.nextInt(6)) {
            case 0 -> {
                sas.clear();
                sas.addAll(others);
            }
            case 1 -> sas.replaceAll(sa -> sa.name().equals(any.name()) ? any : sa);
            case 2 -> sas.subList(place, sas.size()).stream().findFirst().ifPresent(sas::remove);
            default -> {
                sas.removeIf(sa -> sa.name().equals(any.name()));
                sas.add(random.nextInt(3) == 0 ? Math.min(place, sas.size()) : sas.size(), any);
            }
        }
    }

    @Test
    void shouldPrintWhatNftAccepts() {
        final List<Sa> sas = randomSas(new Random(7), false);
        network.program(MarkRules.text(sas, BROADCASTS, true, CONNMARK_OFF), "nft", "-c", "-f", "-");
        network.program(
                MarkRules.text(randomSas(new Random(8), true), BROADCASTS, true, CONNMARK_OFF), "nft", "-c", "-f", "-");
        network.program(MarkRules.text(List.of(), List.of(), false, CONNMARK_OFF), "nft", "-c", "-f", "-");
    }

    /** In CPU time, and with bounds far above what is usual (0.4 s and 0.3 ms), so that a busy machine does not matter. */
    @Test
    void shouldHoldTenThousandSas() {
        final List<Sa> sas = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            final String tail = i / 256 + "." + i % 256;
            sas.add(sa("sa" + i, mark(i + 1), "10.16." + tail, "224.0.0.0/4")
                    .esp("20.0." + tail, 0xc000_0000 + i)
                    .build());
        }
        final long installMs = cpuMs(() -> rules.apply(sas, BROADCASTS));
        final int rounds = 20;
        final long changeMs = cpuMs(() -> {
                    for (int i = 0; i < rounds; i++) {
                        rules.apply(sas.subList(0, 9_999 - i % 2), BROADCASTS);
                    }
                })
                / rounds;
        assertTrue(installMs < 3_000, installMs + " ms");
        assertTrue(changeMs < 200, changeMs + " ms");
        assertEquals(9_998, markOfDeparture("10.16.39.13"));
    }

    private long cpuMs(Runnable task) {
        return network.call(() -> {
            final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
            final long startNs = threads.getCurrentThreadCpuTime();
            task.run();
            return TimeUnit.NANOSECONDS.toMillis(threads.getCurrentThreadCpuTime() - startNs);
        });
    }

    private static List<Sa> randomSas(Random random, boolean isMasked) {
        final List<String> selectors = List.of(
                "0.0.0.0/0",
                "10.0.0.0/8",
                "10.1.0.0/16",
                "10.1.0.0/24",
                "10.1.255.255",
                "255.255.255.255",
                "224.0.0.0/4",
                "224.0.0.251",
                "10.9.0.1",
                "10.9.0.2",
                "10.9.0.3",
                "10.9.0.0/30",
                "10.9.0.4/30",
                "172.16.0.1[udp/1701]",
                "172.16.0.1[gre]",
                "172.16.0.0/12[tcp]",
                "192.168.0.0/16",
                "240.0.0.0/4",
                "128.0.0.0/1",
                "10.9.0.0/29");
        final List<Sa> sas = new ArrayList<>();
        for (int i = random.nextInt(12); i >= 0; i--) {
            final int value = 1 + random.nextInt(20);
            final Mark mark = isMasked && random.nextBoolean() ? new Mark(value << 8, 0xff00) : mark(value);
            final SaBuilder sa = sa("sa" + i, mark, selectors.get(random.nextInt(selectors.size())));
            for (int j = random.nextInt(3); j > 0; j--) {
                sa.remote(selectors.get(random.nextInt(selectors.size())));
            }
            switch (random.nextInt(5)) {
                case 0 -> sa.esp("203.0.113." + random.nextInt(4), random.nextInt(4));
                case 1 -> sa.natt("203.0.113." + random.nextInt(4), 4500, random.nextInt(4));
                case 2 -> sa.esp6("2001:db8::" + random.nextInt(4), random.nextInt(4));
                default -> {}
            }
            sas.add(random.nextBoolean() ? sa.build() : sa.transport().build());
        }
        return sas;
    }

    /** Sets and chains, whose order tells only which came first. */
    private static List<String> parts(String ruleset) {
        return Stream.of(ruleset.split("(?m)^(?=table|}|\\t(?:map|set|chain|counter) )"))
                .map(String::strip)
                .sorted()
                .toList();
    }

    private String ruleset() {
        return ruleset(network);
    }

    private static String ruleset(RulesNetwork in) {
        final String tables = in.nft("list tables");
        return in.nft("list table ip markcast").replaceAll("packets \\d+ bytes \\d+", "")
                + (tables.contains("ip6 markcast") ? in.nft("list table ip6 markcast") : "");
    }

    private void apply(Sa... sas) {
        apply(Arrays.asList(sas));
    }

    private void apply(List<Sa> sas) {
        network.call(() -> {
            rules.apply(sas, BROADCASTS);
            return null;
        });
        assertEquals(Optional.empty(), rules.problem());
    }

    private void work() {
        network.call((Callable<Void>) () -> {
            rules.work();
            return null;
        });
    }

    private long leaks() {
        return network.call(rules::leaks);
    }

    private int markOfArrival(Ipv4Packet packet) {
        assertEquals(1, network.send(0, packet));
        return network.arrived().get(packet.source());
    }

    private int markOfDeparture(String destination) {
        return markOfDeparture(udp(destination, 9));
    }

    private int markOfDeparture(Ipv4Packet packet) {
        assertEquals(1, network.send(0, packet));
        return network.left().get(packet.destination());
    }

    private static Ipv4Packet udp(String destination, int port) {
        return Ipv4Packet.udp("10.1.0.1", 4711, destination, port, new byte[4]).build();
    }

    private static Ipv4Packet esp(String source, int spi) {
        return Ipv4Packet.of(ESP, source, RulesNetwork.LOCAL, words(spi, 1, 0, 0))
                .build();
    }

    private static Ipv4Packet natt(int sourcePort, int port, int first, int second) {
        return Ipv4Packet.udp(PEER, sourcePort, RulesNetwork.LOCAL, port, words(first, second, 0, 0))
                .build();
    }

    private static byte[] words(int... words) {
        final ByteBuffer bytes = ByteBuffer.allocate(words.length * Integer.BYTES);
        Arrays.stream(words).forEach(bytes::putInt);
        return bytes.array();
    }

    private static Mark mark(int value) {
        return new Mark(value, Mark.FULL_MASK);
    }

    private static SaBuilder sa(String name, Mark mark, String... remote) {
        final SaBuilder sa = new SaBuilder(name, mark);
        Stream.of(remote).forEach(sa::remote);
        return sa;
    }

    /** Builds SAs as rules see them. */
    private static final class SaBuilder {
        private final String name;
        private final Mark mark;
        private Mode mode = Mode.TUNNEL;
        private final List<TrafficSelector> remoteTs = new ArrayList<>();
        private final List<Outer> outers = new ArrayList<>();

        SaBuilder(String name, Mark mark) {
            this.name = name;
            this.mark = mark;
        }

        SaBuilder remote(String selector) {
            remoteTs.addAll(TrafficSelector.parse(selector));
            return this;
        }

        SaBuilder transport() {
            mode = Mode.TRANSPORT;
            return this;
        }

        SaBuilder esp(String peer, int spi) {
            return outer(RulesNetwork.LOCAL, 0, peer, 0, spi, false);
        }

        SaBuilder esp6(String peer, int spi) {
            return outer("2001:db8::ffff", 0, peer, 0, spi, false);
        }

        SaBuilder natt(String peer, int port, int spi) {
            return outer(RulesNetwork.LOCAL, 4500, peer, port, spi, true);
        }

        private SaBuilder outer(String local, int localPort, String peer, int port, int spi, boolean encap) {
            outers.add(new Outer(
                    Prefix.parse(local).address(), Prefix.parse(peer).address(), localPort, port, spi, encap));
            return this;
        }

        Sa build() {
            return new Sa(name, "rw", mode, mark, mark, TrafficSelector.parse("10.1.0.0/16"), remoteTs, outers);
        }
    }
}
