// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.Tap;

/**
 * Some hosts that send at a steady pace, each its packets 0, 1, 2 and so on, in a thread of their own; nobody else may send from
 * these hosts meanwhile.
 */
final class Flow implements AutoCloseable {

    /** Where the packets come from and go to. */
    static final int PORT = 40_001;

    private static final long INTERVAL_NS = 1_000_000_000L / 1_000;

    private final List<Host> senders;
    private final String destination;
    private final Thread thread = new Thread(this::run, "flow");

    private volatile int sent;
    private volatile boolean isStopped;
    private volatile RuntimeException failure;

    Flow(String destination, Host... senders) {
        this.destination = destination;
        this.senders = List.of(senders);
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        long nextNs = System.nanoTime();
        try {
            while (!isStopped) {
                for (final Host sender : senders) {
                    sender.send(packet(sender, sent));
                }
                sent++; // written by this thread alone
                nextNs += INTERVAL_NS;
                LockSupport.parkNanos(nextNs - System.nanoTime());
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    private Ipv4Packet packet(Host sender, int number) {
        final byte[] payload = ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
        return Ipv4Packet.udp(sender.address(), PORT, destination, PORT, payload)
                .build();
    }

    /** How many packets each host has sent. */
    int sent() {
        return sent;
    }

    /** Waits until each host has sent so many more packets. */
    void awaitMore(int packets) {
        final int goal = sent + packets;
        final long deadlineNs = System.nanoTime() + Watch.SOON.toNanos();
        while (sent < goal && failure == null) {
            assertTrue(System.nanoTime() < deadlineNs, "the flow does not flow");
            LockSupport.parkNanos(INTERVAL_NS);
        }
    }

    /** Ends the flow; how many packets each host has sent. */
    int stop() {
        isStopped = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
        if (failure != null) {
            throw failure;
        }
        return sent;
    }

    /** Watches what arrives of such flows. */
    static Tap tap(Host host) {
        return host.tap(Flow::isOfAFlow);
    }

    private static boolean isOfAFlow(Arrival arrival) {
        return arrival.packet().isUdp() && arrival.packet().destinationPort() == PORT;
    }

    /** The numbers of one sender's packets that a tap has seen, in their order. */
    static List<Integer> numbers(Tap tap, Host sender) {
        final List<Integer> numbers = new ArrayList<>();
        for (final Arrival arrival : tap.packets()) {
            if (arrival.packet().source().equals(sender.address())) {
                numbers.add(ByteBuffer.wrap(arrival.packet().udpPayload()).getInt());
            }
        }
        return numbers;
    }

    @Override
    public void close() {
        stop();
    }
}
