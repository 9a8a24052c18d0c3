// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import org.markcast.linux.NetworkNamespace;

/** A LAN host that sends one packet again and again, flat out or at a pace. Has a thread of its own. */
final class Flood implements AutoCloseable {

    private final PacketSender sender;
    private FutureTask<Void> run;
    private volatile Pace pace;
    private volatile boolean isRunning = true;
    private volatile long offered;

    private Flood(PacketSender sender, Pace pace) {
        this.sender = sender;
        this.pace = pace;
    }

    /** Starts one that spreads its packets evenly. */
    static Flood even(NetworkNamespace host, UdpPacket packet, double perSecond) {
        return start(host, packet, new Pace(perSecond, Pace.EVEN_NS, System.nanoTime()));
    }

    /** Starts one that sends as fast as it can. */
    static Flood flatOut(NetworkNamespace host, UdpPacket packet) {
        return start(host, packet, new Pace(Pace.FLAT_OUT, 0, 0));
    }

    private static Flood start(NetworkNamespace host, UdpPacket packet, Pace pace) {
        final Flood flood = new Flood(new PacketSender(host, packet), pace);
        flood.run = Threads.start("flood", flood::send);
        return flood;
    }

    /** Changes to a pace that keeps queues full with little effort, {@link Pace#FLAT_OUT} included. */
    void pace(double perSecond) {
        pace = new Pace(perSecond, Pace.COARSE_NS, System.nanoTime());
    }

    /** Packets that have left the host. */
    long offered() {
        return offered;
    }

    private Void send() {
        long total = 0;
        while (isRunning) {
            final Pace now = pace;
            final int due = now.take(System.nanoTime(), PacketSender.BATCH);
            if (due > 0) {
                total += sender.send(due);
                offered = total;
            } else {
                LockSupport.parkNanos(now.sleepNs(System.nanoTime()));
            }
        }
        return null;
    }

    /** Sends nothing any more once this returns. */
    @Override
    public void close() {
        isRunning = false;
        Threads.await(run);
        sender.close();
    }
}
