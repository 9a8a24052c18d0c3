// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;

/** A steady flow from the LAN to all clients, at a pace that leaves most of the machine idle: nothing of it may be lost. */
final class Stream {

    private static final int MAX_COPIES_PER_SECOND = 20_000;
    private static final int MAX_PACKETS_PER_SECOND = 1000;
    private static final int TICKS_PER_SECOND = 100;
    private static final long TICK_NS = 1_000_000_000L / TICKS_PER_SECOND;
    private static final int PAYLOAD_BYTES = 300;
    private static final long ARRIVAL_TIMEOUT_NS = 5_000_000_000L;

    private final EmulatedNetwork network;
    private final PrintStream out;
    private final int clients;
    private final int packetsPerTick;
    private final long delivered;
    private long packets;

    Stream(EmulatedNetwork network, PrintStream out) {
        this.network = network;
        this.out = out;
        clients = network.clients().size();
        packetsPerTick =
                Math.max(1, Math.min(MAX_PACKETS_PER_SECOND, MAX_COPIES_PER_SECOND / clients) / TICKS_PER_SECOND);
        delivered = network.gateway().tunnelPackets();
    }

    /** Sends for this long; how many copies were lost. */
    long run(Host sender, Duration duration) {
        final Ipv4Packet packet = Ipv4Packet.udp(
                        sender.address(), 5353, SamplePacket.MDNS_GROUP, 5353, new byte[PAYLOAD_BYTES])
                .timeToLive(255)
                .build();
        final long ticks = duration.toNanos() / TICK_NS;
        final long startNs = System.nanoTime();
        long before = 0;
        for (long tick = 1; tick <= ticks; tick++) {
            for (int i = 0; i < packetsPerTick; i++) {
                sender.send(packet);
                packets++;
            }
            sleepUntil(startNs + tick * TICK_NS);
            if (tick % TICKS_PER_SECOND == 0) {
                final long now = deliveredSoFar();
                out.printf(
                        Locale.ROOT,
                        "  second %-4d %,8d packets/s in %,10d copies/s out%n",
                        tick / TICKS_PER_SECOND,
                        packetsPerTick * TICKS_PER_SECOND,
                        now - before);
                before = now;
            }
        }
        return settle();
    }

    private static void sleepUntil(long deadlineNs) {
        long left = deadlineNs - System.nanoTime();
        while (left > 0) {
            LockSupport.parkNanos(left);
            left = deadlineNs - System.nanoTime();
        }
    }

    private long deliveredSoFar() {
        return network.gateway().tunnelPackets() - delivered;
    }

    private long settle() {
        final long expected = packets * clients;
        final long deadlineNs = System.nanoTime() + ARRIVAL_TIMEOUT_NS;
        long arrived = deliveredSoFar();
        while (arrived < expected && System.nanoTime() < deadlineNs) {
            arrived = deliveredSoFar();
        }
        out.printf(
                Locale.ROOT,
                "  in all      %,8d packets in   %,10d copies out     %,d lost%n",
                packets,
                arrived,
                expected - arrived);
        return expected - arrived;
    }
}
