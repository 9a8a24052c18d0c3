// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
@SuppressWarnings("try") // held open, not used
class ControlClientTest {

    @TempDir
    Path directory;

    private Path socket;

    @BeforeEach
    void nameTheSocket() {
        socket = directory.resolve("control.sock");
    }

    private String failure(Duration timeout) {
        return assertThrows(IOException.class, () -> new ControlClient(socket, timeout).ask("status"))
                .getMessage();
    }

    private ServerSocketChannel listen() throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
    }

    @Test
    void shouldSayThatNothingRunsWhereThereIsNoSocket() {
        assertTrue(failure(Duration.ofSeconds(1)).startsWith("no service is running at " + directory + "; start one"));
    }

    @Test
    void shouldSayThatNothingRunsWhereTheSocketIsStale() throws IOException {
        listen().close();
        assertTrue(failure(Duration.ofSeconds(1)).startsWith("no service is running at " + directory + "; start one"));
    }

    @Test
    void shouldNotWaitForEver() throws IOException {
        try (ServerSocketChannel ignored = listen()) {
            assertEquals(
                    "the service at " + socket + " did not answer within 20 ms; it may be stuck",
                    failure(Duration.ofMillis(20)));
        }
    }
}
