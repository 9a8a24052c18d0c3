// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Asks the service behind a control socket, and does not wait forever. Plain JDK: a question needs no event loop. */
final class ControlClient {

    private static final int BUFFER_BYTES = 64 * 1024;

    private final Path socket;
    private final Duration timeout;

    ControlClient(Path socket, Duration timeout) {
        this.socket = socket;
        this.timeout = timeout;
    }

    /**
     * Sends one request line and returns the whole answer.
     *
     * @throws IOException whose message tells the user what is wrong and what to do
     */
    String ask(String request) throws IOException {
        if (!Files.exists(socket)) {
            throw notRunning(null);
        }
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                Selector selector = Selector.open()) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.write(ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.US_ASCII)));
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ);
            return readToEnd(channel, selector);
        } catch (ConnectException e) {
            throw notRunning(e);
        } catch (SocketException e) {
            throw new IOException("cannot ask the service at " + socket + ": " + e.getMessage(), e);
        }
    }

    private String readToEnd(SocketChannel channel, Selector selector) throws IOException {
        final long deadlineNs = System.nanoTime() + timeout.toNanos();
        final ByteArrayOutputStream answer = new ByteArrayOutputStream();
        final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        while (channel.read(buffer) >= 0) {
            answer.write(buffer.array(), 0, buffer.position());
            final boolean isEmpty = buffer.position() == 0;
            buffer.clear();
            if (isEmpty) {
                awaitBytes(selector, deadlineNs - System.nanoTime());
            }
        }
        if (answer.size() == 0) {
            throw new IOException("the service at " + socket + " gave no answer; its log may say why");
        }
        return answer.toString(StandardCharsets.UTF_8);
    }

    private void awaitBytes(Selector selector, long remainingNs) throws IOException {
        selector.selectedKeys().clear();
        // select(0) would wait for ever, so the last fraction of a millisecond counts as none.
        final long remainingMs = TimeUnit.NANOSECONDS.toMillis(remainingNs);
        if (remainingMs <= 0 || selector.select(remainingMs) == 0) {
            throw new IOException("the service at " + socket + " did not answer within " + timeout.toMillis()
                    + " ms; it may be stuck");
        }
    }

    private IOException notRunning(IOException cause) {
        return new IOException(
                "no service is running at " + socket.getParent()
                        + "; start one with `markcast run`, or name its directory with --run-dir",
                cause);
    }
}
