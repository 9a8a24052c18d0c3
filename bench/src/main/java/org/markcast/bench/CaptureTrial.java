// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.AgentRunner;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RouteNetlink;
import org.markcast.linux.SocketFilter;

/**
 * One way to capture with one way to wait: a reader at the gateway's LAN interface with a backlog, then in a thread of its own flooded, at a
 * moderate pace, and left alone.
 */
final class CaptureTrial implements AutoCloseable {

    private static final long WARM_UP_MS = 300;
    private static final long LINGER_MS = 50;
    private static final int DESTINATION = SocketFilter.NETWORK_HEADER + 16;
    private static final int FIRST_MULTICAST = 0xe000_0000;
    private static final int BEHIND_MULTICAST = 0xf000_0000;

    private final CaptureKind kind;
    private final Waiting waiting;
    private final CaptureSettings settings;
    private final NetworkNamespace sender;
    private final UdpPacket packet;
    private final CaptureReader reader;
    private final ArrivalAgent agent;
    private final long readNs;
    private final AgentRunner runner;
    private final Thread thread;

    CaptureTrial(
            CaptureKind kind, Waiting waiting, CaptureSettings settings, EmulatedNetwork network, UdpPacket packet) {
        this.kind = kind;
        this.waiting = waiting;
        this.settings = settings;
        this.packet = packet;
        sender = network.host(CaptureBench.SENDER).namespace();
        reader = network.gateway().namespace().call(() -> open(kind));
        agent = new ArrivalAgent(reader, settings.packets());
        readNs = readNs();
        runner = new AgentRunner(waiting.strategy(reader.fd()), CaptureTrial::onError, null, agent);
        thread = AgentRunner.startOnThread(runner);
    }

    private long readNs() {
        try (Backlog backlog = new Backlog(sender, packet, reader)) {
            return backlog.readNs(agent);
        } catch (RuntimeException e) {
            reader.close();
            throw e;
        }
    }

    private static CaptureReader open(CaptureKind kind) {
        final CaptureReader reader = kind.reader();
        try (RouteNetlink netlink = new RouteNetlink()) {
            final int index = netlink.links().stream()
                    .filter(link -> link.name().equals(CaptureBench.LAN))
                    .findFirst()
                    .orElseThrow()
                    .index();
            reader.open(filter(index), index);
            return reader;
        } catch (RuntimeException e) {
            reader.close();
            throw e;
        }
    }

    /** What the service's filter asks of a multicast packet, in the same order. */
    private static SocketFilter filter(int interfaceIndex) {
        return new SocketFilter()
                .loadInterfaceIndex()
                .jumpIfEqual(interfaceIndex, 1, 0)
                .reject()
                .loadMark()
                .jumpIfEqual(0, 1, 0)
                .reject()
                .loadPacketType()
                .jumpIfEqual(SocketFilter.OTHER_HOST, 0, 1)
                .reject()
                .loadWord(DESTINATION)
                .jumpIfAtLeast(FIRST_MULTICAST, 0, 1)
                .jumpIfAtLeast(BEHIND_MULTICAST, 0, 1)
                .reject()
                .accept();
    }

    private static void onError(Throwable failure) {
        throw new IllegalStateException("the reader failed: " + failure.getMessage(), failure);
    }

    CaptureResult run() {
        final Span flooded = flooded();
        final Span paced;
        final long[] sentNs;
        try (StampedFlow flow = new StampedFlow(sender, packet)) {
            final Reading before = read();
            sentNs = flow.send(settings.packets(), settings.pace());
            paced = before.to(read());
        }
        Threads.sleepMs(LINGER_MS);
        final Reading before = read();
        Threads.sleepMs(settings.idleMs());
        final Span idle = before.to(read());
        runner.close();
        return result(flooded, paced, idle, latenciesNs(sentNs, agent.arrivedNs()));
    }

    private Span flooded() {
        final Flood flood = Flood.flatOut(sender, packet);
        try {
            Threads.sleepMs(WARM_UP_MS);
            final Reading before = read();
            Threads.sleepMs(settings.floodMs());
            return before.to(read());
        } finally {
            flood.close();
        }
    }

    /** What the reader has done up to now. */
    private record Reading(long timeNs, long cpuNs, long taken, long drops) {

        Span to(Reading later) {
            return new Span(later.timeNs - timeNs, later.cpuNs - cpuNs, later.taken - taken, later.drops - drops);
        }
    }

    /** What it did between two readings. */
    private record Span(long elapsedNs, long cpuNs, long taken, long drops) {

        double cpuPercent() {
            return 100.0 * cpuNs / elapsedNs;
        }
    }

    private Reading read() {
        final long cpuNs = ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.getId());
        if (cpuNs < 0) {
            throw new IllegalStateException("the reader has ended early");
        }
        return new Reading(System.nanoTime(), cpuNs, agent.taken(), reader.drops());
    }

    /** Of the packets that arrived, smallest first. */
    private static long[] latenciesNs(long[] sentNs, long[] arrivedNs) {
        final long[] latenciesNs = new long[sentNs.length];
        int count = 0;
        for (int number = 1; number < sentNs.length; number++) {
            if (arrivedNs[number] != 0) {
                latenciesNs[count++] = arrivedNs[number] - sentNs[number];
            }
        }
        if (count == 0) {
            throw new IllegalStateException("no packet arrived at the reader");
        }
        final long[] sortedNs = Arrays.copyOf(latenciesNs, count);
        Arrays.sort(sortedNs);
        return sortedNs;
    }

    private CaptureResult result(Span flooded, Span paced, Span idle, long... sortedNs) {
        return new CaptureResult(
                kind.title(),
                waiting.title(),
                kind == CaptureKind.V2_RING && waiting == Waiting.SPIN_THEN_POLL,
                readNs,
                (double) flooded.cpuNs() / Math.max(1, flooded.taken()),
                flooded.taken() * TimeUnit.SECONDS.toNanos(1) / flooded.elapsedNs(),
                flooded.drops() * TimeUnit.SECONDS.toNanos(1) / flooded.elapsedNs(),
                settings.packets() - sortedNs.length,
                us(sortedNs, 0.50),
                us(sortedNs, 0.99),
                us(sortedNs, 1),
                paced.cpuPercent(),
                idle.cpuPercent());
    }

    private static double us(long[] sortedNs, double quantile) {
        return sortedNs[Math.min(sortedNs.length - 1, (int) (sortedNs.length * quantile))] / 1e3;
    }

    @Override
    public void close() {
        runner.close();
        reader.close();
    }
}
