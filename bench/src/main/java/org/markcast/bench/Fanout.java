// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.packet.Ipv4Address;

/**
 * The fan-out benchmark: the real service, as a process of its own, in a network of its own.
 *
 * <pre>
 *   sender 10.1.0.10 ---- eth1 gateway: service ---- ifb0, a sink that counts
 * </pre>
 *
 * <ol>
 *   <li>The sender offers packets as fast as the kernel takes them, all the time. They have their checksums, so the service does
 *       not complete any. Static SAs without IPsec; every marked copy is routed to the sink.
 *   <li>Warm-up of service and bare loop, so that both are compiled.
 *   <li>Rounds of half a second each for the bare loop ({@link BareLoop}, the ceiling), with the service stopped by SIGSTOP, and for
 *       the service. The sender loads the machine in both, whatever else runs on it disturbs both, and there is a turn of
 *       the loop before and after each of the service's.
 *   <li>The sender stops, the service drains its ring; then every copy that it ever queued must have reached the sink.
 *   <li>Latency, at a moderate pace ({@link LatencyProbe}).
 * </ol>
 *
 * <p>Copies are counted by the kernel at the sink, packets in the service's counter file, which is mapped; only what the ring
 * lost is asked from the service, before and after each turn.
 */
final class Fanout implements AutoCloseable {

    private static final String SENDER = "sender";
    private static final String LAN = "eth1";
    private static final String GROUP = "239.255.255.250";
    private static final String OTHER_GROUP = "239.255.0.1";
    private static final int FIRST_CLIENT = 0x0a020001; // 10.2.0.1

    /** Packets. By default an ifb has room for 32, too few for two that send at the same time. */
    private static final int SINK_QUEUE = 10_000;

    private static final long WARM_UP_MS = 4_000;
    private static final long CEILING_WARM_UP_NS = TimeUnit.MILLISECONDS.toNanos(1_500);
    /** Short, so that what else runs on the machine disturbs both sides alike. */
    private static final long TURN_MS = 500;

    private static final long SETTLE_MS = 50;
    private static final long DRAIN_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(20);
    /** A ring full of packets, at 20 us a copy. */
    private static final long DRAIN_TIMEOUT_PER_MATCH_NS = 2048 * 20_000;

    private static final long QUIET_NS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final int MAX_PACE = 1_000;
    /** Share of what the service can take at which latency is measured. */
    private static final double MODERATE = 0.2;

    private static final int LATENCY_SECONDS = 4;

    private final FanoutSettings settings;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final EmulatedNetwork network;
    private final MeasuredService service;
    private final BareLoop bareLoop;

    private Rate packets = Rate.NONE;
    private Rate copies = Rate.NONE;
    private Rate ceiling = Rate.NONE;
    private Rate offered = Rate.NONE;
    private long lost;
    private long cpuNs;
    private long ceilingCpuNs;
    private double lowestRatio = Double.MAX_VALUE;
    private double highestRatio;
    private long bareCopies;

    Fanout(FanoutSettings settings) throws IOException {
        this.settings = settings;
        try {
            network = open(
                    EmulatedNetwork.builder().lan(SENDER).sink().withoutProbe().build());
            service = open(MeasuredService.start(network.gateway(), config()));
            bareLoop = open(new BareLoop(network.gateway().namespace(), packet(), marks(), settings.forwarders()));
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.push(resource);
        return resource;
    }

    private String config() {
        final ServiceConfig config = network.serviceConfig().set("forwarders", String.valueOf(settings.forwarders()));
        for (int i = 0; i < settings.sas(); i++) {
            final String address = Ipv4Address.text(FIRST_CLIENT + i);
            final Mark mark = new Mark(i + 1, Mark.FULL_MASK);
            config.with(network.tunnel("client" + i, mark, mark, address)
                    .withRemoteTs(address, i < settings.match() ? "224.0.0.0/4" : OTHER_GROUP));
        }
        return config.text();
    }

    private UdpPacket packet() throws IOException {
        return new UdpPacket(settings.length(), address(network.host(SENDER).address()), address(GROUP));
    }

    private static int address(String text) throws IOException {
        return Ipv4Address.of(InetAddress.getByName(text));
    }

    private int[] marks() {
        return IntStream.rangeClosed(1, settings.match()).toArray();
    }

    /** Does all that the class comment says. */
    FanoutReport run() throws IOException {
        final MeasuredService.Pauses pauses;
        try (Flood flood = Flood.start(network.host(SENDER).namespace(), packet())) {
            Threads.sleepMs(WARM_UP_MS);
            service.pause();
            bareCopies += bareLoop.run(CEILING_WARM_UP_NS).count();
            pauses = measureRounds(flood);
        }
        drain();
        final LatencyProbe.Latency latency = measureLatency();
        drain();
        return report(pauses, latency);
    }

    private MeasuredService.Pauses measureRounds(Flood flood) throws IOException {
        final int gcLogStart = service.gcLogLength();
        final long rounds = TimeUnit.SECONDS.toMillis(settings.seconds()) / TURN_MS;
        Rate before = ceilingTurn();
        for (int round = 0; round < rounds; round++) {
            final double copiesPerSecond = serviceTurn(flood);
            final Rate after = ceilingTurn();
            final double ratio = copiesPerSecond / before.plus(after).perSecond();
            lowestRatio = Math.min(lowestRatio, ratio);
            highestRatio = Math.max(highestRatio, ratio);
            before = after;
        }
        service.resume();
        return service.pauses(gcLogStart, service.gcLogLength());
    }

    /** The service is stopped before and after. */
    private Rate ceilingTurn() {
        final long cpuBeforeNs = bareLoop.cpuNs();
        final Rate rate = bareLoop.run(TimeUnit.MILLISECONDS.toNanos(TURN_MS));
        ceilingCpuNs += bareLoop.cpuNs() - cpuBeforeNs;
        ceiling = ceiling.plus(rate);
        bareCopies += rate.count();
        return rate;
    }

    /** The service is stopped before and after; returns its copies a second. */
    private double serviceTurn(Flood flood) throws IOException {
        service.resume();
        Threads.sleepMs(SETTLE_MS);
        final long lostBefore = service.kernelDrops();
        final Reading before = read(flood);
        Threads.sleepMs(TURN_MS);
        final Reading after = read(flood);
        lost += service.kernelDrops() - lostBefore;
        service.pause();

        final long elapsedNs = after.timeNs() - before.timeNs();
        final Rate turn = new Rate(after.copies() - before.copies(), elapsedNs);
        copies = copies.plus(turn);
        packets = packets.plus(new Rate(after.packets() - before.packets(), elapsedNs));
        offered = offered.plus(new Rate(after.offered() - before.offered(), elapsedNs));
        cpuNs += after.cpuNs() - before.cpuNs();
        return turn.perSecond();
    }

    /** All counts at one moment. */
    private record Reading(long timeNs, long copies, long packets, long offered, long cpuNs) {}

    private Reading read(Flood flood) {
        final long sink = sinkPackets();
        return new Reading(System.nanoTime(), sink, service.count(Counter.FORWARDED), flood.offered(), service.cpuNs());
    }

    /** What the kernel has counted at the sink: an ifb counts as received what is sent to it. */
    private long sinkPackets() {
        return network.gateway().namespace().call(() -> {
            for (final String line : Files.readAllLines(Path.of("/proc/thread-self/net/dev"))) {
                if (line.strip().startsWith(Gateway.SINK + ":")) {
                    return Long.parseLong(
                            line.substring(line.indexOf(':') + 1).strip().split(" +")[1]);
                }
            }
            throw new IllegalStateException("no interface " + Gateway.SINK);
        });
    }

    /** Waits until the service has nothing left to do: it was idle and sent nothing for a while. */
    private void drain() {
        final long startNs = System.nanoTime();
        final long timeoutNs = DRAIN_TIMEOUT_NS + settings.match() * DRAIN_TIMEOUT_PER_MATCH_NS;
        long sent = -1;
        long sinceNs = startNs;
        while (System.nanoTime() - sinceNs < QUIET_NS) {
            final long now = service.count(Counter.COPIES_SENT);
            if (now != sent || !service.isIdle()) {
                sent = now;
                sinceNs = System.nanoTime();
            }
            if (System.nanoTime() - startNs > timeoutNs) {
                throw new IllegalStateException("the service does not come to rest after the sender has stopped");
            }
            Threads.sleepMs(10);
        }
    }

    private LatencyProbe.Latency measureLatency() throws IOException {
        try (LatencyProbe probe = new LatencyProbe(
                network.host(SENDER).namespace(), network.gateway().namespace(), LAN, Gateway.SINK, packet())) {
            return probe.run(pace() * LATENCY_SECONDS, pace());
        }
    }

    private int pace() {
        return (int) Math.max(1, Math.min(MAX_PACE, MODERATE * packets.perSecond()));
    }

    private FanoutReport report(MeasuredService.Pauses pauses, LatencyProbe.Latency latency) {
        final long queued = service.count(Counter.COPIES_QUEUED);
        final FanoutReport.Result result = new FanoutReport.Result(
                settings.sas(),
                settings.match(),
                settings.length(),
                settings.forwarders(),
                packets.count(),
                Math.round(packets.perSecond()),
                copies.count(),
                Math.round(copies.perSecond()),
                lost,
                Math.round(100.0 * cpuNs / copies.elapsedNs()) / 100.0,
                Math.round(10 * latency.p50Us()) / 10.0,
                Math.round(10 * latency.p99Us()) / 10.0,
                Math.round(ceiling.perSecond()));
        return new FanoutReport(
                result,
                offered.perSecond(),
                new Rate(copies.count(), cpuNs).perSecond(),
                new Rate(ceiling.count(), ceilingCpuNs).perSecond(),
                lowestRatio,
                highestRatio,
                pauses,
                queued - (sinkPackets() - bareCopies),
                queued - service.count(Counter.COPIES_SENT),
                latency.samples(),
                pace());
    }

    /** Ends the service, and with its last descriptor the network. */
    @Override
    public void close() throws IOException {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }
}
