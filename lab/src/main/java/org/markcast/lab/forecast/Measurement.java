// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.linux.FrameSocket;
import org.markcast.linux.MessageBatch;

/** How many copies two tunnels get when the LAN sends as fast as it can, and what processor time the engine spends on them. */
final class Measurement extends Scenario {

    private static final int PACKET_LENGTH = 328;
    private static final int BATCH = 16;
    private static final long WARM_UP_NS = 2_000_000_000L;
    private static final long DURATION_NS = 4_000_000_000L;
    private static final long MULTICAST_MAC = 0x0100_5e00_00fbL;
    private static final double TICKS_PER_SECOND = 100; // USER_HZ, time(7)

    Measurement(Network network, Engine engine, Report report) {
        super(network, engine, report);
    }

    void measure() {
        final FrameSocket socket = alice.namespace().call(FrameSocket::new);
        try (socket) {
            final MessageBatch batch = batch();
            send(socket, batch, WARM_UP_NS);
            final long copiesBefore = copies();
            final long ticksBefore = ticks();
            final long startNs = System.nanoTime();
            send(socket, batch, DURATION_NS);
            final double seconds = (System.nanoTime() - startNs) / 1e9;
            final long copies = copies() - copiesBefore;
            final double processor = (ticks() - ticksBefore) / TICKS_PER_SECOND;
            report.figure("copies per second", String.format(Locale.ROOT, "%,.0f", copies / seconds));
            report.figure(
                    "processor time per copy",
                    copies == 0 ? "no copies" : String.format(Locale.ROOT, "%.1f us", processor / copies * 1e6));
            report.figure("share of the processor", String.format(Locale.ROOT, "%.0f %%", processor / seconds * 100));
        }
    }

    private MessageBatch batch() {
        final byte[] bytes = Ipv4Packet.udp(alice.address(), 5353, Network.GROUP, 5353, new byte[PACKET_LENGTH - 28])
                .build()
                .bytes();
        packet.putBytes(0, bytes);
        final int index = alice.interfaceIndex();
        final MessageBatch batch = MessageBatch.frames(BATCH);
        for (int i = 0; i < BATCH; i++) {
            batch.packet(i, packet.addressOffset(), bytes.length);
            batch.frame(i, index, MULTICAST_MAC);
        }
        return batch;
    }

    private final UnsafeBuffer packet = new UnsafeBuffer(ByteBuffer.allocateDirect(PACKET_LENGTH));

    private static void send(FrameSocket socket, MessageBatch batch, long durationNs) {
        final long endNs = System.nanoTime() + durationNs;
        while (System.nanoTime() < endNs) {
            socket.send(batch, 0, BATCH);
        }
    }

    /** ESP packets that have left the gateway. */
    private long copies() {
        return Long.parseLong(network.moon()
                .run("cat", "/sys/class/net/eth0/statistics/tx_packets")
                .strip());
    }

    /** User and system time of the engine's process, proc(5). */
    private long ticks() {
        try {
            final String stat = Files.readString(Path.of("/proc", Long.toString(engine.pid()), "stat"));
            final String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
