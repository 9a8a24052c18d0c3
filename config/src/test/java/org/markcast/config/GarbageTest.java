// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the file holds: a configuration, or a ConfigException, and soon. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GarbageTest {

    private static final String[] WORDS = {
        "markcast",
        "forecast",
        "charon",
        "plugins",
        "static",
        "vici",
        "{",
        "{",
        "}",
        "}",
        "=",
        "=",
        ":",
        "::",
        ",",
        "#",
        "\"",
        "\\",
        "\n",
        "\n",
        " ",
        " ",
        "\t",
        "\r",
        "\0",
        "ü",
        "include",
        "*",
        "?",
        "[",
        "test.conf",
        "garbage.conf",
        "interface",
        "groups",
        "224.0.0.1",
        "reinject",
        "sources",
        "linger",
        "socket",
        "unix:///",
        "mark",
        "mark_in",
        "local_ts",
        "10.0.0.0/8",
        "[udp/",
        "]",
        "-",
        "::1",
        "0x",
        "99999999999999999999",
        "/0",
        "yes",
        "auto",
        "a.b"
    };

    @TempDir
    Path directory;

    private final Random random = new Random(42);
    private int valid;
    private int refused;

    @Test
    void shouldSurviveRandomWords() throws IOException {
        for (int i = 0; i < 3_000; i++) {
            final StringBuilder text = new StringBuilder(random.nextBoolean() ? "markcast {" : "markcast { }\n");
            for (int words = random.nextInt(1 + random.nextInt(60)); words > 0; words--) {
                text.append(WORDS[random.nextInt(WORDS.length)]).append(random.nextInt(3) == 0 ? " " : "");
            }
            read(text.toString());
        }
        assertTrue(refused > 1_000 && valid > 100, valid + " valid, " + refused + " refused");
    }

    @Test
    void shouldSurviveRandomBytes() throws IOException {
        for (int i = 0; i < 1_000; i++) {
            final byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            read(bytes);
        }
        assertEquals(1_000, valid + refused);
    }

    @Test
    void shouldSurviveEveryTruncationAndDamageOfAValidFile() throws IOException {
        final byte[] reference = Files.readAllBytes(Path.of("reference.conf"));
        for (int i = 0; i < 1_000; i++) {
            final byte[] damaged = Arrays.copyOf(reference, 1 + random.nextInt(reference.length));
            for (int changes = random.nextInt(20); changes > 0; changes--) {
                damaged[random.nextInt(damaged.length)] = (byte) "{}=\"#\n: ax\0".charAt(random.nextInt(11));
            }
            read(damaged);
        }
        assertTrue(refused > 250, valid + " valid, " + refused + " refused");
    }

    private void read(String text) throws IOException {
        read(text.getBytes(UTF_8));
    }

    private void read(byte[] text) throws IOException {
        final Path file = Files.write(directory.resolve("test.conf"), text);
        try {
            final Config config = ConfigReader.read(file);
            valid++;
            final Path printed = Files.writeString(directory.resolve("printed.conf"), config.render());
            assertEquals(config, ConfigReader.read(printed));
            Files.delete(printed);
        } catch (ConfigException e) {
            refused++;
            assertFalse(e.problems().isEmpty());
            e.problems().forEach(problem -> assertEquals(1, problem.lines().count(), problem));
            e.problems().forEach(problem -> assertTrue(problem.startsWith(directory + "/test.conf:"), problem));
        }
    }
}
