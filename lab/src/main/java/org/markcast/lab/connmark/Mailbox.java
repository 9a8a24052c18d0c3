// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/** A UDP socket of a program on a host; a thread of its own keeps what arrives. */
final class Mailbox implements AutoCloseable {

    private static final int MAX_LENGTH = 2048;

    private final List<Letter> letters = new CopyOnWriteArrayList<>();
    private final DatagramSocket socket;
    private final boolean isEcho;

    /** What arrived, and from where as this host saw it. */
    record Letter(InetSocketAddress from, String text) {}

    private Mailbox(Station station, int port, boolean isEcho) {
        this.isEcho = isEcho;
        socket = station.namespace().call(() -> new DatagramSocket(new InetSocketAddress(station.address(), port)));
        final Thread thread = new Thread(this::receive, "mailbox of " + station);
        thread.setDaemon(true);
        thread.start();
    }

    static Mailbox open(Station station, int port) {
        return new Mailbox(station, port, false);
    }

    /** One that sends everything back as well. */
    static Mailbox echo(Station station, int port) {
        return new Mailbox(station, port, true);
    }

    private void receive() {
        final byte[] bytes = new byte[MAX_LENGTH];
        while (!socket.isClosed()) {
            final DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
            try {
                socket.receive(packet);
                final String text = new String(bytes, 0, packet.getLength(), StandardCharsets.UTF_8);
                final InetSocketAddress from = (InetSocketAddress) packet.getSocketAddress();
                letters.add(new Letter(from, text));
                if (isEcho) {
                    send(from, text);
                }
            } catch (SocketException e) {
                if (!socket.isClosed()) {
                    continue; // an ICMP error that answers an earlier datagram
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Sends; what the kernel refuses counts as lost. */
    void send(InetSocketAddress to, String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try {
            socket.send(new DatagramPacket(bytes, bytes.length, to));
        } catch (IOException e) {
            if (socket.isClosed()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    int port() {
        return socket.getLocalPort();
    }

    List<String> texts() {
        return letters.stream().map(Letter::text).toList();
    }

    /** The latest letter with a text, once there is one or the time is over. */
    Optional<Letter> await(String text, Duration timeout) {
        Waiting.until(timeout, () -> find(text).isPresent());
        return find(text);
    }

    private Optional<Letter> find(String text) {
        return letters.stream().filter(letter -> letter.text().equals(text)).reduce((first, second) -> second);
    }

    @Override
    public void close() {
        socket.close();
    }
}
