// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.lab.Watch.SOON;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.daemon.emulation.Tap;
import org.markcast.engine.counter.Counter;

/**
 * F14: a changed configuration is taken with SIGHUP while packets flow.
 *
 * <pre>
 *   alice ---- eth1 +---------+ tun1       ---- erin            an SA that comes and goes
 *                   | gateway | tun2, tun3 ---- carol, dave     SAs that stay
 *     bob ---- eth2 +---------+ tun4, tun5 ---- frank, grace    an SA that changes its marks from frank's to grace's
 *                             + tun6       ---- heidi           an SA that changes its selectors
 * </pre>
 */
@NetworkNamespaceTest
class ReloadTest {

    private static final String GROUP = "239.1.1.1";
    private static final int RELOADS = 10;
    private static final int HANGUPS = 30;
    private static final int PACKETS_BETWEEN = 60;

    private static EmulatedNetwork network;
    private static Host alice;
    private static Host bob;
    private static Client carol;
    private static Client dave;

    @BeforeAll
    static void build() {
        network = EmulatedNetwork.builder()
                .lan("alice")
                .lan("bob")
                .client("erin", 3, 103)
                .client("carol", 1, 101)
                .client("dave", 2, 102)
                .client("frank", 4, 104)
                .client("grace", 5, 105)
                .client("heidi", 6, 106)
                .build();
        alice = network.host("alice");
        bob = network.host("bob");
        carol = network.client("carol");
        dave = network.client("dave");
    }

    @AfterAll
    static void close() {
        network.close();
    }

    /** With erin, frank, and heidi in the group. */
    private static ServiceConfig first() {
        return network.serviceConfig().without("grace");
    }

    /** Without erin, with grace in frank's place, and heidi in no group. */
    private static ServiceConfig second() {
        return first().without("erin")
                .change("frank", sa -> sa.withMarks(mark(5), mark(105)))
                .change("heidi", sa -> sa.withRemoteTs(network.client("heidi").address(), "224.0.0.0/8"));
    }

    private static Mark mark(int value) {
        return new Mark(value, Mark.FULL_MASK);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldNotLoseAPacketOfUnchangedSasWhileOthersChange(int forwarders) {
        final String threads = String.valueOf(forwarders);
        final Map<Client, Tap> taps = new LinkedHashMap<>();
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), first().set("forwarders", threads));
                Tap atAlice = Flow.tap(alice)) {
            network.clients().forEach(client -> taps.put(client, Flow.tap(client)));
            final List<Phase> phases = new ArrayList<>();
            final int sent;
            try (Flow flow = new Flow(GROUP, alice, carol)) {
                phases.add(settle(flow, taps, true));
                for (int i = 1; i <= RELOADS; i++) {
                    final boolean isFirst = i % 2 == 0;
                    service.reload((isFirst ? first() : second()).set("forwarders", threads));
                    phases.add(settle(flow, taps, isFirst));
                }
                sent = flow.stop();
            }
            final List<Integer> all = IntStream.range(0, sent).boxed().toList();
            awaitNumbers(taps.get(carol), alice, all);
            awaitNumbers(taps.get(dave), alice, all);
            awaitNumbers(atAlice, carol, all);
            final ServiceStatus status = service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
            shouldFollow(phases, taps);
            shouldHaveCountedOn(status, sent);
            assertEquals(RELOADS, status.reloads());
            assertEquals(service.pid(), status.json().get("pid").getAsLong());
            assertFalse(service.log().contains("ERROR"), service.log());
        } finally {
            taps.values().forEach(Tap::close);
        }
    }

    /**
     * A time in which one configuration was in force: the numbers of packets that were sent after the reload was done, and had
     * arrived at both carol and dave before the next one.
     */
    private record Phase(boolean isFirst, int from, int to) {

        List<Integer> of(List<Integer> numbers) {
            return numbers.stream()
                    .filter(number -> number >= from && number < to)
                    .toList();
        }

        List<Integer> all() {
            return IntStream.range(from, to).boxed().toList();
        }
    }

    private static Phase settle(Flow flow, Map<Client, Tap> taps, boolean isFirst) {
        final int from = flow.sent();
        flow.awaitMore(PACKETS_BETWEEN);
        final int to = flow.sent();
        for (final Client client : List.of(carol, dave)) { // one for each forwarder
            taps.get(client).awaitPackets(to, SOON);
        }
        return new Phase(isFirst, from, to);
    }

    private static void awaitNumbers(Tap tap, Host sender, List<Integer> expected) {
        tap.awaitPackets(expected.size(), SOON);
        assertEquals(expected, Flow.numbers(tap, sender));
    }

    private static void shouldFollow(List<Phase> phases, Map<Client, Tap> taps) {
        final Map<String, List<Integer>> numbers = new LinkedHashMap<>();
        taps.forEach((client, tap) -> numbers.put(client.name(), Flow.numbers(tap, alice)));
        for (final Phase phase : phases) {
            final List<Integer> all = phase.all();
            final List<Integer> none = List.of();
            assertEquals(phase.isFirst() ? all : none, phase.of(numbers.get("erin")), "erin in " + phase);
            assertEquals(phase.isFirst() ? all : none, phase.of(numbers.get("frank")), "frank in " + phase);
            assertEquals(phase.isFirst() ? none : all, phase.of(numbers.get("grace")), "grace in " + phase);
            assertEquals(phase.isFirst() ? all : none, phase.of(numbers.get("heidi")), "heidi in " + phase);
        }
        numbers.forEach(
                (name, some) -> assertEquals(some.stream().distinct().sorted().toList(), some, name));
    }

    private static void shouldHaveCountedOn(ServiceStatus status, int sent) {
        for (final String name : List.of("carol", "dave")) {
            assertEquals(sent, status.sa(name).get("copies").getAsInt(), name);
        }
        assertEquals(sent, status.sa("carol").get("packets_in").getAsInt());
        assertEquals(2L * sent, status.counter(Counter.CAPTURED));
        assertEquals(2L * sent, status.counter(Counter.FORWARDED));
        assertEquals(0, status.lan("eth1").get("kernel_drops").getAsInt());
    }

    @Test
    void shouldUseAllForwarders() {
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), first().set("forwarders", "2"));
                Watch watch = new Watch(alice, bob, carol, dave)) {
            final int fromLan = NumberedPacket.send(alice, GROUP);
            watch.expect(carol, fromLan);
            watch.expect(dave, fromLan);
            final int fromTunnel = NumberedPacket.send(carol, GROUP);
            watch.expect(alice, fromTunnel);
            watch.expect(bob, fromTunnel);
            service.awaitStatus(
                    "balance its counters",
                    status -> status.isBalanced() && status.counter(Counter.COPIES_SENT) == 5 + 2);

            final SharedCounters counters = SharedCounters.map(service);
            assertEquals(2, counters.value("forwarder 0: packets captured"), "counted once, by the first");
            assertEquals(0, counters.value("forwarder 1: packets captured"));
            assertEquals(3 + 2, counters.value("forwarder 0: copies sent"), "its share and the LANs'");
            assertEquals(2, counters.value("forwarder 1: copies sent"));
        }
    }

    @Test
    void shouldTakeReinjectAtAReload() {
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), first());
                Watch watch = new Watch(alice, carol, dave)) {
            final int kept = NumberedPacket.send(carol, GROUP);
            watch.expect(alice, kept);
            service.reload(first().reinject("rw"));
            final int reinjected = NumberedPacket.send(carol, GROUP);
            watch.expect(alice, kept, reinjected);
            watch.expect(dave, reinjected);
            service.reload(first().reinject("other"));
            final int keptAgain = NumberedPacket.send(carol, GROUP);
            watch.expect(alice, kept, reinjected, keptAgain);
            final int fromLan = NumberedPacket.send(alice, GROUP);
            watch.expect(dave, reinjected, fromLan);
            watch.expect(carol, fromLan);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void shouldAddAndRemoveLansWithoutLosingAPacketOfTheOthers(int forwarders) {
        final String threads = String.valueOf(forwarders);
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), first().set("forwarders", threads));
                Tap atCarol = Flow.tap(carol);
                Tap atDave = Flow.tap(dave);
                Tap atAlice = Flow.tap(alice);
                Watch watch = new Watch(bob, dave)) {
            final List<Integer> fromBob = new ArrayList<>();
            final List<Integer> toBob = new ArrayList<>();
            final Client erin = network.client("erin");
            final int sent;
            try (Flow flow = new Flow(GROUP, alice, carol)) {
                for (int i = 0; i < RELOADS; i++) {
                    final boolean hasBoth = i % 2 == 1;
                    service.reload(first().set("interface", hasBoth ? "eth1, eth2" : "eth1")
                            .set("forwarders", threads));
                    final int fromTunnel = NumberedPacket.send(erin, GROUP);
                    final int fromLan = NumberedPacket.send(bob, GROUP);
                    if (hasBoth) {
                        toBob.add(fromTunnel);
                        fromBob.add(fromLan);
                        watch.expect(bob, toBob.toArray(Integer[]::new));
                        watch.expect(dave, fromBob.toArray(Integer[]::new));
                    } else {
                        flow.awaitMore(PACKETS_BETWEEN);
                        assertEquals(toBob, watch.numbers(bob));
                        assertEquals(fromBob, watch.numbers(dave));
                    }
                }
                sent = flow.stop();
            }
            final List<Integer> all = IntStream.range(0, sent).boxed().toList();
            awaitNumbers(atCarol, alice, all);
            awaitNumbers(atDave, alice, all);
            awaitNumbers(atAlice, carol, all);
            assertTrue(service.log().lines().noneMatch(line -> line.contains("ERROR")), service.log());
        }
    }

    @Test
    void shouldGoOnWithTheOldConfigurationWhenTheNewOneIsBad() {
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), first());
                Watch watch = new Watch(carol)) {
            final String bad = first().set("groups", "10.0.0.1")
                    .set("strict_groups", "perhaps")
                    .text();
            service.hangUp(bad);
            service.awaitStatus(
                    "refuse the configuration", status -> service.log().contains("not reloaded"));

            final List<String> problems = service.log()
                    .lines()
                    .filter(line -> line.contains(service.configuration() + ":"))
                    .toList();
            assertEquals(2, problems.size(), service.log());
            assertTrue(problems.stream().anyMatch(line -> line.contains("groups")), service.log());
            assertTrue(problems.stream().anyMatch(line -> line.contains("strict_groups")), service.log());
            final int sent = NumberedPacket.send(alice, GROUP);
            watch.expect(carol, sent);
            assertEquals(0, service.awaitStatus("answer", status -> true).reloads());

            service.reload(second());
            final int later = NumberedPacket.send(alice, GROUP);
            watch.expect(carol, sent, later);
        }
    }

    @Test
    void shouldGoOnWhenTheConfigurationIsGone() throws IOException {
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), first());
                Watch watch = new Watch(carol)) {
            Files.delete(service.configuration());
            service.signal("HUP");
            service.awaitStatus(
                    "refuse to reload", status -> service.log().contains("not reloaded: the service goes on"));

            assertTrue(service.log().contains(service.configuration().toString()), service.log());
            assertFalse(service.log().contains("\tat "), service.log());
            final int sent = NumberedPacket.send(alice, GROUP);
            watch.expect(carol, sent);
        }
    }

    @Test
    void shouldSayWhatOnlyANewStartChanges() {
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), first());
                Watch watch = new Watch(carol)) {
            final ServiceStatus status = service.reload(first().set("forwarders", "2"));
            assertEquals(1, status.json().get("forwarders").getAsInt());
            assertTrue(service.log().contains("change with the next start"), service.log());
            final int sent = NumberedPacket.send(alice, GROUP);
            watch.expect(carol, sent);
        }
    }

    @Test
    void shouldTakeManyHangupsAtOnce() {
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), first().set("forwarders", "2"));
                Tap atCarol = Flow.tap(carol);
                Tap atDave = Flow.tap(dave)) {
            final int sent;
            try (Flow flow = new Flow(GROUP, alice)) {
                for (int i = 0; i < HANGUPS; i++) {
                    service.signal("HUP"); // some may be one to the kernel
                }
                flow.awaitMore(PACKETS_BETWEEN);
                service.reload(second().set("forwarders", "2"));
                sent = flow.stop();
            }
            final List<Integer> all = IntStream.range(0, sent).boxed().toList();
            awaitNumbers(atCarol, alice, all);
            awaitNumbers(atDave, alice, all);
            assertTrue(service.log().lines().noneMatch(line -> line.contains("ERROR")), service.log());
        }
    }
}
