// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RawSocket;

/** A LAN host that sends packets at an even pace, numbered from 1, until it is closed. Has a thread of its own. */
final class PacedFlow implements AutoCloseable {

    private final UdpPacket packet;
    private final long intervalNs;
    private final RawSocket socket;
    private FutureTask<Void> run;
    private volatile boolean isRunning = true;
    private volatile int sent;

    private PacedFlow(UdpPacket packet, long intervalNs, RawSocket socket) {
        this.packet = packet;
        this.intervalNs = intervalNs;
        this.socket = socket;
    }

    /** @param packet belongs to the flow from now on */
    static PacedFlow start(NetworkNamespace host, UdpPacket packet, long intervalNs) {
        final PacedFlow flow = new PacedFlow(packet, intervalNs, host.call(RawSocket::new));
        flow.run = Threads.start("paced", flow::send);
        return flow;
    }

    /** The number of the last packet that has left. */
    int sent() {
        return sent;
    }

    private Void send() {
        final MessageBatch message = MessageBatch.marked(1, socket.takesProtocol());
        message.packet(0, packet.address(), packet.length());
        message.mark(0, packet.destination(), 0, Ipv4Flyweight.PROTOCOL_UDP);
        final long startNs = System.nanoTime();
        for (int number = 1; isRunning; number++) {
            awaitTime(startNs + number * intervalNs);
            packet.number(number);
            socket.send(message, 0, 1);
            sent = number;
        }
        return null;
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
        isRunning = false;
        Threads.await(run);
        socket.close();
    }
}
