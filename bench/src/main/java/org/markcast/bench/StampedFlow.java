// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RawSocket;

/**
 * A LAN host that sends packets numbered from 1 at a pace, and notes when it sends each: one in each interval, at a random moment of
 * it, or else a kernel timer of the same period would meet all of them at the same distance.
 */
final class StampedFlow implements AutoCloseable {

    private final UdpPacket packet;
    private final RawSocket socket;
    private final MessageBatch message;

    StampedFlow(NetworkNamespace host, UdpPacket packet) {
        this.packet = packet;
        socket = host.call(RawSocket::new);
        message = MessageBatch.marked(1, socket.takesProtocol());
        message.packet(0, packet.address(), packet.length());
        message.mark(0, packet.destination(), 0, Ipv4Flyweight.PROTOCOL_UDP);
    }

    /** Sends from the calling thread; returns System.nanoTime() right before each send, by number. */
    long[] send(int packets, int perSecond) {
        final long[] sentNs = new long[packets + 1];
        final long intervalNs = TimeUnit.SECONDS.toNanos(1) / perSecond;
        final Random random = new Random(packets);
        final long startNs = System.nanoTime();
        for (int number = 1; number <= packets; number++) {
            awaitTime(startNs + (long) ((number + random.nextDouble()) * intervalNs));
            packet.number(number);
            sentNs[number] = System.nanoTime();
            if (socket.send(message, 0, 1) != 1) {
                throw new IllegalStateException("packet " + number + " could not be sent");
            }
        }
        return sentNs;
    }

    private static void awaitTime(long dueNs) {
        long aheadNs = dueNs - System.nanoTime();
        while (aheadNs > 0) {
            LockSupport.parkNanos(aheadNs);
            aheadNs = dueNs - System.nanoTime();
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
