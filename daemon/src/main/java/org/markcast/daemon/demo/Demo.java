// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway.Departure;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.daemon.emulation.Tap;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counter.Kind;

/**
 * The main job on real packets: a LAN host, a gateway with the real service, and clients behind emulated tunnels.
 *
 * <ol>
 *   <li>build the network and start the service;
 *   <li>send each sample packet from the LAN host and from a client, and wait for it at all others;
 *   <li>send sentinels, so that what is not there by then never comes;
 *   <li>judge every copy, the marks that they left with, and the service's own books;
 *   <li>stream for a while, if asked to.
 * </ol>
 */
public final class Demo {

    private static final String LAN_HOST = "alice";
    private static final String LAN_INTERFACE = "eth1";
    private static final int OUTBOUND_MARK_BASE = 10_000;
    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(5);
    private static final int MAX_FAULTS_SHOWN = 20;

    private final PrintStream out;
    private final EmulatedNetwork network;
    private final ServiceProcess service;
    private final Host alice;
    private final Map<Host, Tap> taps = new LinkedHashMap<>();
    private final List<Exchange> exchanges = new ArrayList<>();
    private final List<Exchange> sentinels = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();

    private Demo(PrintStream out, EmulatedNetwork network, ServiceProcess service) {
        this.out = out;
        this.network = network;
        this.service = service;
        alice = network.host(LAN_HOST);
    }

    /**
     * Runs the demo. Needs the privilege to make network namespaces, and the commands {@code ip} and {@code nft}.
     *
     * @param sas number of clients, 1 or more
     * @param seconds how long to stream at the end; zero for not at all
     * @return exit status: 0 if everything is as it must be, else 1
     */
    public static int run(int sas, Duration seconds, PrintStream out) {
        List<String> faults;
        try {
            faults = tryRun(sas, seconds, out);
        } catch (RuntimeException e) {
            faults = List.of(String.valueOf(e.getMessage()));
        }
        out.println();
        faults.stream().limit(MAX_FAULTS_SHOWN).forEach(fault -> out.println("  wrong: " + fault));
        if (faults.size() > MAX_FAULTS_SHOWN) {
            out.println("  wrong: ... and " + (faults.size() - MAX_FAULTS_SHOWN) + " more");
        }
        out.println(faults.isEmpty() ? "demo: PASS" : "demo: FAIL");
        return faults.isEmpty() ? 0 : 1;
    }

    private static List<String> tryRun(int sas, Duration seconds, PrintStream out) {
        long startNs = System.nanoTime();
        try (EmulatedNetwork network = build(sas)) {
            out.println();
            out.printf(
                    "  %s 10.1.0.10 ---- %s [gateway] tun1..%d ---- client1..%d%n", LAN_HOST, LAN_INTERFACE, sas, sas);
            out.println();
            progress(out, "network", "built in " + secondsSince(startNs));
            startNs = System.nanoTime();
            try (ServiceProcess service = ServiceProcess.start(
                    network.gateway(), network.serviceConfig().reinject("rw"))) {
                progress(out, "service", "runs after " + secondsSince(startNs) + ", pid " + service.pid());
                return new Demo(out, network, service).demonstrate(seconds);
            }
        }
    }

    /** Inbound and outbound marks differ, so that nobody can take one for the other. */
    private static EmulatedNetwork build(int sas) {
        final EmulatedNetwork.Builder builder = EmulatedNetwork.builder().lan(LAN_HOST);
        for (int i = 1; i <= sas; i++) {
            builder.client("client" + i, i, OUTBOUND_MARK_BASE + i);
        }
        return builder.build();
    }

    private List<String> demonstrate(Duration seconds) {
        final Client client = network.clients().get(0);
        try (Tap fromAlice = network.gateway().tap(LAN_INTERFACE, arrival -> true);
                Tap fromClient = network.gateway().tap(client.tunnel(), arrival -> true)) {
            openTaps();
            for (final Host sender : List.of(alice, client)) {
                for (final SamplePacket packet : SamplePacket.all()) {
                    exchange(new Exchange(packet, sender));
                }
            }
            sendSentinels();
            judge(Map.of(alice, fromAlice.packets(), client, fromClient.packets()));
        } finally {
            taps.values().forEach(Tap::close);
        }
        judgeMarks();
        judgeBooks();
        if (!seconds.isZero()) {
            stream(seconds);
        }
        return faults;
    }

    private void openTaps() {
        taps.put(alice, alice.tap());
        network.clients().forEach(client -> taps.put(client, client.tap()));
    }

    private void exchange(Exchange exchange) {
        exchanges.add(exchange);
        final int reached = exchange.run(taps, DELIVERY_TIMEOUT);
        progress(
                out,
                exchange.sender().name(),
                exchange.packet() + ": reached " + reached + " of " + (taps.size() - 1) + " hosts");
    }

    /** One for each direction: whatever comes after these two has been caused by something else. */
    private void sendSentinels() {
        final List<Client> clients = network.clients();
        for (final Host sender : List.of(alice, clients.get(clients.size() - 1))) {
            final Exchange sentinel = new Exchange(SamplePacket.sentinel(), sender);
            sentinels.add(sentinel);
            final int reached = sentinel.run(taps, DELIVERY_TIMEOUT);
            if (reached != taps.size() - 1) {
                faults.add("sentinel from " + sender + " reached " + reached + " of " + (taps.size() - 1) + " hosts");
            }
        }
    }

    private void judge(Map<Host, List<Arrival>> originals) {
        final DeliveryTable table = new DeliveryTable(alice, network.clients());
        final Map<Host, List<Arrival>> arrivals = new HashMap<>();
        taps.forEach((host, tap) -> arrivals.put(host, tap.packets()));
        for (final Exchange exchange : exchanges) {
            taps.keySet().forEach(host -> exchange.judge(host, arrivals.get(host), originals.get(exchange.sender())));
            table.add(exchange);
            faults.addAll(exchange.faults());
        }
        out.println();
        table.print(out);
        out.println();
        judgeStrangers(arrivals);
    }

    /** Nothing may arrive that nobody sent. */
    private void judgeStrangers(Map<Host, List<Arrival>> arrivals) {
        final List<Exchange> all = all();
        arrivals.forEach((host, packets) -> packets.stream()
                .filter(arrival ->
                        all.stream().noneMatch(exchange -> exchange.packet().isSentBy(exchange.sender(), arrival)))
                .filter(arrival -> host != alice || !isMembershipReport(arrival))
                .forEach(arrival -> faults.add(host + " got what nobody sent: " + arrival)));
    }

    /** The gateway itself joins groups in its LAN (IGMP, RFC 3376). */
    private static boolean isMembershipReport(Arrival arrival) {
        return arrival.packet().protocol() == 2;
    }

    private List<Exchange> all() {
        final List<Exchange> all = new ArrayList<>(exchanges);
        all.addAll(sentinels);
        return all;
    }

    /** Each copy left by its client's tunnel with its SA's outbound mark, and none in any other way. */
    private void judgeMarks() {
        final Map<Departure, Long> expected = new HashMap<>();
        for (final Exchange exchange : all()) {
            final String destination = exchange.packet().destination();
            for (final Client client : network.clients()) {
                if (exchange.sender() != client) {
                    final int mark = client.markOut().value();
                    expected.merge(new Departure(client.tunnel(), mark, destination), 1L, Long::sum);
                }
            }
            if (exchange.sender() != alice) {
                expected.merge(new Departure(LAN_INTERFACE, 0, destination), 1L, Long::sum);
            }
        }
        final Set<String> destinations =
                expected.keySet().stream().map(Departure::destination).collect(Collectors.toSet());
        final Map<Departure, Long> sent = network.gateway().sent();
        sent.keySet().removeIf(departure -> !destinations.contains(departure.destination()));
        progress(
                out,
                "marks",
                sent.equals(expected)
                        ? "each copy left by its own tunnel with its SA's outbound mark"
                        : "WRONG, see below");
        expected.forEach((departure, count) -> {
            if (sent.getOrDefault(departure, 0L) < count) {
                faults.add(
                        "left " + sent.getOrDefault(departure, 0L) + " instead of " + count + " times: " + departure);
            }
        });
        sent.forEach((departure, count) -> {
            if (count > expected.getOrDefault(departure, 0L)) {
                faults.add("left " + count + " instead of " + expected.getOrDefault(departure, 0L) + " times: "
                        + departure);
            }
        });
    }

    /** Every packet and every copy is accounted for, and the service counted what we saw. */
    private void judgeBooks() {
        final ServiceStatus status = service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
        final long packets = all().size();
        final long copies = packets * (taps.size() - 1);
        final boolean isRight = status.counter(Counter.FORWARDED) == packets
                && status.counter(Counter.COPIES_SENT) == copies
                && status.sum(Kind.COPY_INTAKE) == copies;
        final String books = status.counter(Counter.CAPTURED) + " captured = " + status.counter(Counter.FORWARDED)
                + " forwarded + " + (status.sum(Kind.OUTCOME) - status.counter(Counter.FORWARDED)) + " dropped; "
                + status.counter(Counter.COPIES_SENT) + " copies sent";
        progress(out, "counters", books + (isRight ? "" : ": WRONG"));
        if (!isRight) {
            faults.add("the service should have forwarded " + packets + " packets in " + copies
                    + " copies, but counted " + status.counters());
        }
    }

    private void stream(Duration seconds) {
        out.println();
        final long lost = new Stream(network, out).run(alice, seconds);
        if (lost != 0) {
            faults.add(lost + " copies of the stream were lost; the service counted "
                    + service.awaitStatus("answer", status -> true).counters());
        }
    }

    private static void progress(PrintStream out, String what, String text) {
        out.printf("  %-10s %s%n", what, text);
        out.flush();
    }

    private static String secondsSince(long startNs) {
        return String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - startNs) / 1e9);
    }
}
