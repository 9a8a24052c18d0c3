// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RawSocket;

/** A LAN host's socket that sends one packet again and again, by sendmmsg(2). Used by one thread. */
final class PacketSender implements AutoCloseable {

    static final int BATCH = 64;

    private final UdpPacket packet; // the messages know only its address
    private final RawSocket socket;
    private final MessageBatch batch;

    PacketSender(NetworkNamespace host, UdpPacket packet) {
        this.packet = packet;
        socket = host.call(RawSocket::new);
        batch = MessageBatch.marked(BATCH, socket.takesProtocol());
        for (int i = 0; i < BATCH; i++) {
            batch.packet(i, packet.address(), packet.length());
            batch.mark(i, packet.destination(), 0, Ipv4Flyweight.PROTOCOL_UDP);
        }
    }

    /** Sends the packet up to 64 times; how often it left. */
    int send(int count) {
        return Math.max(0, socket.send(batch, 0, count));
    }

    /** Sends the packet this many times, back to back. */
    void burst(int count) {
        int left = count;
        while (left > 0) {
            left -= send(Math.min(left, BATCH));
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
