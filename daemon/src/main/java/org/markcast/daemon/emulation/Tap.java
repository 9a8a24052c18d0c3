// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.markcast.linux.MarkedPacketSocket;
import org.markcast.linux.Poller;

/**
 * Watches what arrives at one interface, from the moment it was made. The kernel keeps the packets until somebody asks, so a
 * tap costs no thread and its packets are in the order of their arrival. Used by one thread.
 *
 * <p>To prove that a packet does not arrive, send a sentinel that must, and look at what came {@link #before} it.
 */
public final class Tap implements AutoCloseable {

    private final String place;
    private final MarkedPacketSocket socket;
    private final Predicate<Arrival> filter;
    private final Poller poller;
    private final List<Arrival> arrivals = new ArrayList<>();

    Tap(String place, MarkedPacketSocket socket, Predicate<Arrival> filter) {
        this.place = place;
        this.socket = socket;
        this.filter = filter;
        poller = new Poller(socket.fd());
    }

    /** What has arrived so far. */
    public List<Arrival> packets() {
        drain();
        return List.copyOf(arrivals);
    }

    /**
     * Waits until at least {@code count} packets have arrived.
     *
     * @return all that have
     * @throws IllegalStateException that tells what arrived instead, when the time is over
     */
    public List<Arrival> awaitPackets(int count, Duration timeout) {
        await(count + " packets", () -> arrivals.size() >= count, timeout);
        return List.copyOf(arrivals);
    }

    /** Waits for a packet and returns what arrived before it. */
    public List<Arrival> before(Predicate<Arrival> sentinel, Duration timeout) {
        await("the sentinel", () -> arrivals.stream().anyMatch(sentinel), timeout);
        return arrivals.stream().takeWhile(sentinel.negate()).collect(Collectors.toList());
    }

    private void await(String what, BooleanSupplier condition, Duration timeout) {
        final long deadlineNs = System.nanoTime() + timeout.toNanos();
        drain();
        while (!condition.getAsBoolean()) {
            final long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
            if (leftMs <= 0) {
                throw new IllegalStateException(place + ": waited " + timeout.toMillis() + " ms for " + what + ", got "
                        + arrivals.size() + " packets: " + arrivals);
            }
            poller.await((int) Math.min(leftMs, Integer.MAX_VALUE));
            drain();
        }
    }

    private void drain() {
        while (socket.receive(1) > 0) {
            while (socket.next()) {
                final byte[] bytes = new byte[socket.capturedLength()];
                socket.packetBuffer().getBytes(socket.packetOffset(), bytes);
                final Arrival arrival =
                        new Arrival(bytes, socket.mark(), socket.destinationMac(), socket.isChecksumUnfinished());
                if (filter.test(arrival)) {
                    arrivals.add(arrival);
                }
            }
        }
        if (socket.drops() > 0) {
            throw new IllegalStateException(place + ": the tap's buffer overflowed, " + socket.drops() + " lost");
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
