// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class ControlServerTest {

    private static final Duration LONG = Duration.ofSeconds(20);
    private static final String MUCH = "äöü\n".repeat(1_000_000);
    private static final Duration SHORT = Duration.ofMillis(50);

    @TempDir
    Path directory;

    private Path socket;
    private ControlServer server;

    @BeforeEach
    void nameTheSocket() {
        socket = directory.resolve("control.sock");
    }

    @AfterEach
    void stop() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    private void start(Duration deadline) throws IOException {
        server = ControlServer.start(socket, ControlServerTest::answer, deadline);
    }

    private static Stream<String> answer(String request) {
        return switch (request) {
            case "fail" -> throw new IllegalStateException("told to");
            case "fail late" -> Stream.iterate(100_000, n -> n - 1).map(n -> "another " + 1_000_000 / n);
            case "nothing" -> Stream.of();
            case "much" -> Stream.of(MUCH);
            case "many" -> Stream.generate(() -> "äöü\n").limit(1_000_000);
            case "without end" -> Stream.generate(() -> "and on\n");
            default -> Stream.of("you said ", request, "\n");
        };
    }

    private String ask(String request) throws IOException {
        return new ControlClient(socket, LONG).ask(request);
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    private static void send(SocketChannel client, String text) throws IOException {
        client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private static void assertCutOff(SocketChannel client) {
        try {
            assertEquals(-1, client.read(ByteBuffer.allocate(1)));
        } catch (IOException e) {
            assertEquals("Connection reset", e.getMessage()); // bytes of ours lay unread when it was closed
        }
    }

    @Test
    void shouldAnswerOneLineAndClose() throws IOException {
        start(LONG);
        assertEquals("you said status json\n", ask("status json"));
        assertEquals("you said status\n", ask("status"));
    }

    @Test
    void shouldAnswerALineThatComesInPieces() throws IOException {
        start(LONG);
        try (SocketChannel client = connect()) {
            send(client, "sta");
            assertEquals("you said status\n", ask("status")); // served in between: the first piece has arrived
            send(client, "tus\n");
            final ByteBuffer answer = ByteBuffer.allocate(100);
            while (client.read(answer) >= 0) {
                // until the server closes
            }
            assertEquals("you said status\n", new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void shouldDeliverLongAnswersWhole() throws IOException {
        start(LONG);
        assertEquals(MUCH, ask("much"));
        assertEquals(MUCH, ask("many"));
    }

    @Test
    void shouldMakeNoMoreOfAnAnswerThanIsTaken() throws IOException {
        start(LONG);
        try (SocketChannel client = connect()) {
            send(client, "without end\n");
            final ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
            while (buffer.hasRemaining()) {
                client.read(buffer);
            }
            assertEquals("you said status\n", ask("status")); // the client reads no more, and the thread is free
        }
        assertEquals("you said status\n", ask("status"));
    }

    @Test
    void shouldCutOffOversizedRequests() throws IOException {
        start(LONG);
        try (SocketChannel client = connect()) {
            send(client, "x".repeat(ControlConnection.MAX_REQUEST_BYTES));
            assertCutOff(client);
        }
        assertEquals("you said status\n", ask("status"));
    }

    @Test
    void shouldCutOffHalfRequests() throws IOException {
        start(SHORT);
        try (SocketChannel client = connect()) {
            send(client, "status");
            assertCutOff(client);
        }
    }

    @Test
    void shouldCutOffClientsThatDoNotReadTheirAnswer() throws IOException {
        start(Duration.ofMillis(500));
        try (SocketChannel client = connect()) {
            send(client, "much\n");
            try (SocketChannel silent = connect()) {
                assertCutOff(silent); // connected later, so the first one's time is up too
            }
            long received = 0;
            final ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
            for (int n = client.read(buffer); n >= 0; n = client.read(buffer.clear())) {
                received += n;
            }
            assertTrue(received < MUCH.getBytes(StandardCharsets.UTF_8).length, "received " + received);
        }
    }

    @Test
    void shouldSurviveClientsThatVanish() throws IOException {
        start(LONG);
        for (int i = 0; i < 100; i++) {
            try (SocketChannel client = connect()) {
                send(client, i % 2 == 0 ? "sta" : "much\n");
            }
        }
        assertEquals("you said status\n", ask("status"));
    }

    @Test
    void shouldServeWhileManyOthersAreSilent() throws IOException {
        start(LONG);
        final List<SocketChannel> silent = new ArrayList<>();
        for (int i = 0; i < ControlServer.MAX_CONNECTIONS - 1; i++) {
            silent.add(connect());
        }
        assertEquals("you said status\n", ask("status"));
        for (final SocketChannel client : silent) {
            client.close();
        }
    }

    @Test
    void shouldTurnAwayMoreClientsThanItBears() throws IOException {
        start(LONG);
        final List<SocketChannel> silent = new ArrayList<>();
        for (int i = 0; i < ControlServer.MAX_CONNECTIONS; i++) {
            silent.add(connect());
        }
        try (SocketChannel oneTooMany = connect()) {
            assertCutOff(oneTooMany);
        }
        for (final SocketChannel client : silent) {
            client.close();
        }
    }

    @Test
    void shouldSurviveAnAnswerThatFails() throws IOException {
        start(LONG);
        assertThrows(IOException.class, () -> ask("fail"));
        assertThrows(IOException.class, () -> ask("nothing"));
        assertTrue(ask("fail late").startsWith("another 10another 10"));
        assertEquals("you said status\n", ask("status"));
    }

    @Test
    void shouldAdmitOwnerAndGroupOnly() throws IOException {
        start(LONG);
        assertEquals("rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
    }

    @Test
    void shouldReplaceAStaleSocket() throws IOException {
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(socket))
                .close();
        assertTrue(Files.exists(socket));
        start(LONG);
        assertEquals("you said status\n", ask("status"));
    }

    @Test
    void shouldRemoveItsSocketOnClose() throws IOException {
        start(LONG);
        server.close();
        server.close();
        assertFalse(Files.exists(socket));
    }

    @Test
    void shouldFailWhereItCannotListen() {
        socket = directory.resolve("missing/control.sock");
        assertThrows(IOException.class, () -> start(LONG));
    }
}
