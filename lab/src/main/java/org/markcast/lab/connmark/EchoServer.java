// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.markcast.lab.uml.Station;

/** A TCP service at the gateway: every line comes back with the number of its connection before it. */
final class EchoServer implements AutoCloseable {

    private static final int BACKLOG = 16;

    private final AtomicInteger last = new AtomicInteger();
    private final ServerSocket socket;

    EchoServer(Station station, int port) {
        socket = station.namespace()
                .call(() -> new ServerSocket(port, BACKLOG, InetAddress.getByName(station.address())));
        start("TCP service", this::accept);
    }

    private static void start(String name, Runnable work) {
        final Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                final Socket connection = socket.accept();
                connection.setTcpNoDelay(true);
                start("TCP connection", () -> serve(connection, last.incrementAndGet()));
            }
        } catch (IOException e) {
            // closed: the end
        }
    }

    private static void serve(Socket connection, int number) {
        try (connection) {
            final BufferedReader lines =
                    new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.US_ASCII));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                connection.getOutputStream().write((number + " " + line + "\n").getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            // the client's side sees it too, and is the one that judges
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
