// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.PacketRing;
import org.markcast.linux.RawSocket;
import org.markcast.linux.RouteNetlink;

/**
 * Measures how long a packet takes from the LAN interface to the sink: sends numbered packets at an even pace, and takes the
 * kernel's own timestamps of their arrival at the one and of their first copy at a sink. All rings are looked at every few
 * milliseconds only: the timestamps do not depend on when that is.
 */
final class LatencyProbe implements AutoCloseable {

    private static final int FRAMES = 8192;
    private static final long LOOK_INTERVAL_MS = 2;
    private static final long LINGER_NS = TimeUnit.MILLISECONDS.toNanos(200);

    private final UdpPacket packet;
    private final RawSocket socket;
    private final PacketRing in;
    private final List<PacketRing> out;

    /**
     * @param samples how many packets were seen at both ends
     * @param p50Us median, in microseconds
     * @param p99Us one of a hundred took longer
     */
    record Latency(int samples, double p50Us, double p99Us) {}

    LatencyProbe(NetworkNamespace host, NetworkNamespace gateway, String lan, String sink, UdpPacket packet) {
        this(host, gateway, lan, List.of(sink), packet);
    }

    LatencyProbe(NetworkNamespace host, NetworkNamespace gateway, String lan, List<String> sinks, UdpPacket packet) {
        this.packet = packet;
        socket = host.call(RawSocket::new);
        in = gateway.call(() -> ring(lan));
        out = gateway.call(() -> sinks.stream().map(LatencyProbe::ring).toList());
    }

    private static PacketRing ring(String interfaceName) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            final int index = netlink.links().stream()
                    .filter(link -> link.name().equals(interfaceName))
                    .findFirst()
                    .orElseThrow()
                    .index();
            final PacketRing ring = new PacketRing(FRAMES);
            ring.bindBothWays(index);
            return ring;
        }
    }

    /** Sends this many packets, numbered from 1, and waits for the last one. */
    Latency run(int packets, int perSecond) {
        final long[] arrivedNs = new long[packets];
        final long[] leftNs = new long[packets];
        final FutureTask<Void> sending = Threads.start("paced", () -> send(packets, perSecond));
        while (!sending.isDone()) {
            look(arrivedNs, leftNs);
        }
        Threads.await(sending);
        final long endNs = System.nanoTime() + LINGER_NS;
        while (System.nanoTime() - endNs < 0) {
            look(arrivedNs, leftNs);
        }
        return latency(arrivedNs, leftNs);
    }

    private Void send(int packets, int perSecond) {
        final MessageBatch message = MessageBatch.marked(1, socket.takesProtocol());
        message.packet(0, packet.address(), packet.length());
        message.mark(0, packet.destination(), 0, Ipv4Flyweight.PROTOCOL_UDP);
        final long startNs = System.nanoTime();
        for (int i = 0; i < packets; i++) {
            final long dueNs = startNs + TimeUnit.SECONDS.toNanos(i) / perSecond;
            long aheadNs = dueNs - System.nanoTime();
            while (aheadNs > 0) {
                LockSupport.parkNanos(aheadNs);
                aheadNs = dueNs - System.nanoTime();
            }
            packet.number(i + 1); // 0 is what a flood sends
            socket.send(message, 0, 1);
        }
        return null;
    }

    private void look(long[] arrivedNs, long[] leftNs) {
        Threads.sleepMs(LOOK_INTERVAL_MS);
        takeFirstTimes(in, arrivedNs);
        out.forEach(ring -> takeFirstTimes(ring, leftNs));
    }

    private static void takeFirstTimes(PacketRing ring, long[] timesNs) {
        while (ring.next()) {
            final int number = UdpPacket.numberOf(ring.packetBuffer(), ring.packetOffset(), ring.capturedLength());
            if (number > 0 && number <= timesNs.length) {
                final long before = timesNs[number - 1];
                timesNs[number - 1] = before == 0 ? ring.timestampNs() : Math.min(before, ring.timestampNs());
            }
        }
        ring.release();
    }

    private static Latency latency(long[] arrivedNs, long[] leftNs) {
        final long[] durationsNs = new long[arrivedNs.length];
        int samples = 0;
        for (int i = 0; i < arrivedNs.length; i++) {
            if (arrivedNs[i] != 0 && leftNs[i] != 0) {
                durationsNs[samples++] = leftNs[i] - arrivedNs[i];
            }
        }
        if (samples == 0) {
            throw new IllegalStateException("no packet was seen at both the LAN interface and the sink");
        }
        Arrays.sort(durationsNs, 0, samples);
        return new Latency(samples, quantileUs(durationsNs, samples, 0.50), quantileUs(durationsNs, samples, 0.99));
    }

    private static double quantileUs(long[] sortedNs, int count, double quantile) {
        return sortedNs[Math.min(count - 1, (int) (count * quantile))] / 1e3;
    }

    @Override
    public void close() {
        socket.close();
        in.close();
        out.forEach(PacketRing::close);
    }
}
