// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RawSocket;

/** Measures what reading alone costs: lets packets pile up, then takes them all, so that nobody ever waits or is woken. */
final class Backlog implements AutoCloseable {

    private static final int BATCH = 64;
    private static final int PACKETS = 16 * BATCH; // half of what the rings hold
    private static final int WARM_UP_ROUNDS = 20;
    private static final int ROUNDS = 21;
    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(5);

    private final RawSocket socket;
    private final MessageBatch batch;
    private final CaptureReader reader;

    Backlog(NetworkNamespace sender, UdpPacket packet, CaptureReader reader) {
        this.reader = reader;
        socket = sender.call(RawSocket::new);
        batch = MessageBatch.marked(BATCH, socket.takesProtocol());
        for (int i = 0; i < BATCH; i++) {
            batch.packet(i, packet.address(), packet.length());
            batch.mark(i, packet.destination(), 0, Ipv4Flyweight.PROTOCOL_UDP);
        }
    }

    /** Nanoseconds a packet, the median of some rounds. */
    long readNs(CaptureReader.Handler handler) {
        for (int i = 0; i < WARM_UP_ROUNDS; i++) {
            round(handler);
        }
        final long[] roundsNs = new long[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            roundsNs[i] = round(handler);
        }
        Arrays.sort(roundsNs);
        return roundsNs[ROUNDS / 2];
    }

    /** Time of the polls that brought something. What a ring of blocks has no room for is not waited for. */
    private long round(CaptureReader.Handler handler) {
        final long dropsBefore = reader.drops();
        for (int sent = 0; sent < PACKETS; ) {
            sent += Math.max(0, socket.send(batch, 0, BATCH));
        }
        final long startNs = System.nanoTime();
        long spentNs = 0;
        long taken = 0;
        while (taken + reader.drops() - dropsBefore < PACKETS) {
            final long beforeNs = System.nanoTime();
            final int polled = reader.poll(handler, BATCH);
            final long afterNs = System.nanoTime();
            spentNs += polled > 0 ? afterNs - beforeNs : 0;
            taken += polled;
            if (afterNs - startNs > TIMEOUT_NS) {
                throw new IllegalStateException("of " + PACKETS + " packets only " + taken + " arrived at the reader");
            }
        }
        return spentNs / Math.max(1, taken);
    }

    @Override
    public void close() {
        socket.close();
    }
}
