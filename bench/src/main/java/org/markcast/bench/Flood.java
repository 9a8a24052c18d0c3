// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.concurrent.FutureTask;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RawSocket;

/** A LAN host that sends one packet again and again, as fast as sendmmsg(2) takes it. Has a thread of its own. */
final class Flood implements AutoCloseable {

    private static final int BATCH = 64;

    private final UdpPacket packet;
    private final RawSocket socket;
    private FutureTask<Void> run;
    private volatile boolean isRunning = true;
    private volatile long offered;

    private Flood(UdpPacket packet, RawSocket socket) {
        this.packet = packet;
        this.socket = socket;
    }

    static Flood start(NetworkNamespace host, UdpPacket packet) {
        final Flood flood = new Flood(packet, host.call(RawSocket::new));
        flood.run = Threads.start("flood", flood::send);
        return flood;
    }

    /** Packets that have left the host. */
    long offered() {
        return offered;
    }

    private Void send() {
        final MessageBatch batch = MessageBatch.marked(BATCH, socket.takesProtocol());
        for (int i = 0; i < BATCH; i++) {
            batch.packet(i, packet.address(), packet.length());
            batch.mark(i, packet.destination(), 0, Ipv4Flyweight.PROTOCOL_UDP);
        }
        long total = 0;
        while (isRunning) {
            total += Math.max(0, socket.send(batch, 0, BATCH));
            offered = total;
        }
        return null;
    }

    @Override
    public void close() {
        isRunning = false;
        Threads.await(run);
        socket.close();
    }
}
