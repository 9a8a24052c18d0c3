// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernel takes the files that rendered rules are compared with, those that install whole tables. */
@NetworkNamespaceTest
class GoldenRulesTest {

    private static final Path FILES = Path.of("..", "netfilter", "src", "test", "resources", "org/markcast/netfilter");

    private RulesNetwork network;

    @BeforeEach
    void open() {
        network = new RulesNetwork();
    }

    @AfterEach
    void close() {
        network.close();
    }

    static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(FILES)) {
            return files.filter(GoldenRulesTest::isInstallation).sorted().toList();
        }
    }

    private static boolean isInstallation(Path file) {
        try {
            return file.toString().endsWith(".nft")
                    && Files.readString(file).lines().anyMatch(line -> line.startsWith("table "));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void shouldBeTaken(Path file) {
        network.program("", "nft", "-c", "-f", file.toString());
        network.program("", "nft", "-f", file.toString());
        assertTrue(network.program("", "nft", "list", "tables").contains(" markcast"));
    }
}
