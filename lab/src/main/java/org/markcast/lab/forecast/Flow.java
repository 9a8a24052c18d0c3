// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.Tap;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Token;
import org.markcast.lab.uml.Waiting;

/** Numbered multicasts at a steady pace from one host, sent by a thread of its own; what became of them is asked after the end. */
final class Flow implements AutoCloseable {

    private static final Duration ARRIVAL_TIMEOUT = Duration.ofSeconds(3);
    private static final int PORT = 5353;

    private final Token token = Token.next();
    private final Map<Station, Tap> taps = new LinkedHashMap<>();
    private final AtomicLong sent = new AtomicLong();
    private final Station from;
    private final long intervalNs;
    private final Thread thread;
    private volatile boolean isEnding;
    private volatile RuntimeException failure;

    /** @param hasKernelSender whether the sender is behind a tunnel, so that its kernel must do the encapsulation */
    Flow(Station from, boolean hasKernelSender, int packetsPerSecond, Station... to) {
        this.from = from;
        intervalNs = 1_000_000_000L / packetsPerSecond;
        Arrays.stream(to).forEach(station -> taps.put(station, station.tap(token::isIn)));
        thread = new Thread(hasKernelSender ? this::sendAsProgram : this::sendAsFrames, "flow from " + from);
        thread.setDaemon(true);
        thread.start();
    }

    Token token() {
        return token;
    }

    private void sendAsFrames() {
        pace(number -> from.send(Ipv4Packet.udp(from.address(), PORT, Network.GROUP, PORT, token.payload(number))
                .build()));
    }

    private void sendAsProgram() {
        final InetSocketAddress group = new InetSocketAddress(Network.GROUP, PORT);
        try (DatagramChannel channel = from.open(PORT)) {
            pace(number -> channel.send(ByteBuffer.wrap(token.payload(number)), group));
        } catch (IOException e) {
            failure = new UncheckedIOException(e);
        }
    }

    /** Sends the packet of a number. */
    private interface Sender {
        void send(long number) throws IOException;
    }

    private void pace(Sender sender) {
        try {
            final long startNs = System.nanoTime();
            while (!isEnding) {
                sender.send(sent.get());
                final long leftNs = startNs + sent.incrementAndGet() * intervalNs - System.nanoTime();
                if (leftNs > 0) {
                    LockSupport.parkNanos(leftNs);
                }
            }
        } catch (IOException e) {
            failure = new UncheckedIOException(e);
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /** Goes on until this many more have been sent. */
    void more(long packets) {
        final long enough = sent.get() + packets;
        Waiting.await("packets to be sent", Duration.ofSeconds(30), () -> sent.get() >= enough || failure != null);
    }

    /** Stops sending. */
    void end() {
        isEnding = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a flow ends", e);
        }
        if (failure != null) {
            throw new IllegalStateException("the flow from " + from + " broke: " + failure.getMessage(), failure);
        }
    }

    /** Stops sending and tells what every receiver is lacking or has twice: {@code nothing lost} is what one hopes for. */
    String losses() {
        end();
        final StringBuilder losses = new StringBuilder();
        taps.forEach((station, tap) -> appendLosses(losses, station, tap));
        return losses.isEmpty() ? "nothing lost" : losses.toString();
    }

    private void appendLosses(StringBuilder losses, Station station, Tap tap) {
        Waiting.until(ARRIVAL_TIMEOUT, () -> tap.packets().size() >= sent.get());
        final List<Arrival> arrivals = tap.packets();
        final Set<Long> numbers = new HashSet<>();
        arrivals.forEach(arrival -> numbers.add(token.number(arrival)));
        if (numbers.size() != sent.get() || arrivals.size() != numbers.size()) {
            losses.append(losses.isEmpty() ? "" : ", ");
            losses.append(station).append(" lost ").append(sent.get() - numbers.size());
            losses.append(" and got ").append(arrivals.size() - numbers.size()).append(" twice, of ");
            losses.append(sent.get());
        }
    }

    @Override
    public void close() {
        isEnding = true;
        taps.values().forEach(Tap::close);
    }
}
