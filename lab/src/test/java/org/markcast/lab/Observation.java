// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.Gateway.Departure;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.daemon.emulation.Tap;
import org.markcast.engine.counter.Counter;

/**
 * What one test sends and what comes of it: at every host, on its way out of the gateway, and in the service's books.
 *
 * <p>{@link #settle} waits for the last of it, and from then on everything is known: the books tell that each packet was dealt
 * with, so each copy has been given to the kernel; the probe at the gateway's interfaces tells how many left by each of them; and
 * as many have arrived at the hosts.
 */
final class Observation implements AutoCloseable {

    private static final Duration SOON = Duration.ofSeconds(5);
    private static final String SENTINEL_GROUP = "239.255.77.77";
    private static final byte[] SENTINEL_PAYLOAD = "that was all".getBytes(StandardCharsets.US_ASCII);
    private static final String MEMBERSHIP_REPORTS = "224.0.0.22";
    private static final long BROADCAST_MAC = 0xffff_ffff_ffffL;
    private static final long MULTICAST_MAC = 0x0100_5e00_0000L;

    private final Scene scene;
    private final Map<Host, Tap> taps = new LinkedHashMap<>();
    private final Map<Host, Tap> origins = new HashMap<>();
    private final Map<Counter, Long> before;
    private Map<Departure, Long> departures;

    Observation(Scene scene) {
        this.scene = scene;
        open(scene.alice(), Scene.LAN_INTERFACE);
        scene.emulation().clients().forEach(client -> open(client, client.tunnel()));
        scene.gateway().resetSent();
        before = counts(scene.service().awaitStatus("balance its counters", ServiceStatus::isBalanced));
    }

    private void open(Host host, String gatewayInterface) {
        taps.put(host, host.tap(arrival -> !isOfTheGateway(arrival)));
        origins.put(host, scene.gateway().tap(gatewayInterface, arrival -> true));
    }

    /** Neither its IGMP nor its ICMP errors are anybody's copies. */
    private static boolean isOfTheGateway(Arrival arrival) {
        return arrival.packet().source().equals("10.1.0.1");
    }

    /** Flow cache misses left out: how often the service has to think is not the matter here. */
    private static Map<Counter, Long> counts(ServiceStatus status) {
        final Map<Counter, Long> counts = new EnumMap<>(status.counters());
        counts.remove(Counter.FLOW_CACHE_MISSES);
        return counts;
    }

    /**
     * Waits until the service has dealt with everything, and judges what is true in every case: the books are these and balance,
     * each copy left with the mark of its own way, each arrived once, whole, and with the right link-layer address.
     */
    void settle(Books expected) {
        await(() -> hasDealtWith(expected));
        assertEquals(expected.counts(), counted(), "the service's books");
        departures = departures();
        departures.forEach(this::assertMark);
        taps.forEach(this::awaitArrivals);
        sendSentinels(expected);
        taps.forEach((host, tap) -> at(host).forEach(arrival -> assertWhole(host, arrival)));
    }

    private boolean hasDealtWith(Books expected) {
        final ServiceStatus status = status();
        return status.isBalanced() && expected.counts().equals(counted());
    }

    /** Gives up silently: what is wrong is told by the assertion that follows. */
    private static void await(BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() < deadlineNs) {
            Thread.onSpinWait();
        }
    }

    private Map<Counter, Long> counted() {
        final Map<Counter, Long> counted = counts(status());
        before.forEach((counter, count) -> counted.merge(counter, -count, Long::sum));
        counted.values().removeIf(count -> count == 0);
        return counted;
    }

    private ServiceStatus status() {
        try {
            return scene.service().status();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<Departure, Long> departures() {
        final Map<Departure, Long> sent = scene.gateway().sent();
        sent.keySet().removeIf(Observation::isOfTheKernel);
        return sent;
    }

    private static boolean isOfTheKernel(Departure departure) {
        final boolean isToOne = !departure.destination().endsWith(".255") && !isMulticast(departure.destination());
        return departure.device().equals(Scene.LAN_INTERFACE)
                && (isToOne || departure.destination().equals(MEMBERSHIP_REPORTS));
    }

    private static boolean isMulticast(String address) {
        final int first = Integer.parseInt(address.substring(0, address.indexOf('.')));
        return first >= 224 && first < 240;
    }

    private void assertMark(Departure departure, long count) {
        final int mark = scene.emulation().clients().stream()
                .filter(client -> client.tunnel().equals(departure.device()))
                .findFirst()
                .map(client -> client.markOut().value())
                .orElse(0);
        assertEquals(mark, departure.mark(), () -> "mark of " + departure);
    }

    private void awaitArrivals(Host host, Tap tap) {
        final int left = (int) departures.entrySet().stream()
                .filter(departure -> departure.getKey().device().equals(deviceTo(host)))
                .mapToLong(Map.Entry::getValue)
                .sum();
        tap.awaitPackets(left, SOON);
    }

    private static String deviceTo(Host host) {
        return host instanceof Client client ? client.tunnel() : Scene.LAN_INTERFACE;
    }

    /**
     * One from the LAN and one from a tunnel: the service deals with the packets of each in their order, so that whatever it
     * would still have to say about an earlier one is said by then.
     */
    private void sendSentinels(Books expected) {
        final List<Host> senders =
                List.of(scene.alice(), scene.emulation().clients().get(0));
        for (final Host sender : senders) {
            sender.send(Ipv4Packet.udp(sender.address(), 9, SENTINEL_GROUP, 9, SENTINEL_PAYLOAD)
                    .build());
        }
        await(() -> status().isBalanced() && captured() == expected.captured() + senders.size());
        assertEquals(expected.captured() + senders.size(), captured(), "packets captured, sentinels included");
        final Map<Departure, Long> now = departures();
        now.keySet().removeIf(departure -> departure.destination().equals(SENTINEL_GROUP));
        assertEquals(departures, now, "nothing left but sentinels");
    }

    private long captured() {
        return counted().getOrDefault(Counter.CAPTURED, 0L);
    }

    private static void assertWhole(Host host, Arrival arrival) {
        final Ipv4Packet packet = arrival.packet();
        assertEquals(packet.totalLength(), arrival.bytes().length, () -> "bytes behind the packet: " + arrival);
        assertTrue(packet.isHeaderChecksumValid(), () -> "IP header checksum of " + arrival);
        assertFalse(arrival.isChecksumUnfinished(), arrival::toString);
        if (!(host instanceof Client)) { // a tunnel has no link layer to speak of
            assertEquals(linkAddress(packet.destination()), arrival.destinationMac(), arrival::toString);
        }
    }

    /** RFC 1112, section 6.4. */
    private static long linkAddress(String destination) {
        if (!isMulticast(destination)) {
            return BROADCAST_MAC;
        }
        long address = 0;
        for (final String octet : destination.split("\\.")) {
            address = address << 8 | Integer.parseInt(octet);
        }
        return MULTICAST_MAC | address & 0x7f_ffff;
    }

    /** What arrived at a host, sentinels left out. */
    private List<Arrival> at(Host host) {
        return taps.get(host).packets().stream()
                .filter(arrival -> !arrival.packet().destination().equals(SENTINEL_GROUP))
                .toList();
    }

    /** What arrived at alice. */
    List<Ipv4Packet> atAlice() {
        return at(scene.alice()).stream().map(Arrival::packet).toList();
    }

    /** What arrived at a client. */
    List<Ipv4Packet> at(String client) {
        return at(scene.client(client)).stream().map(Arrival::packet).toList();
    }

    /** What the gateway received from a host. */
    List<Arrival> from(Host sender) {
        return origins.get(sender).packets().stream()
                .filter(arrival -> !arrival.packet().destination().equals(SENTINEL_GROUP))
                .toList();
    }

    /** How many packets left, by interface, mark and destination; valid when settled. */
    Map<Departure, Long> departed() {
        return Map.copyOf(departures);
    }

    /** How many copies left by any interface; valid when settled. */
    long sum() {
        return departures.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public void close() {
        taps.values().forEach(Tap::close);
        origins.values().forEach(Tap::close);
    }
}
