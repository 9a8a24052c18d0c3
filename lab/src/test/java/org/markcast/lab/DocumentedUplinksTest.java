// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.ConfigException;
import org.markcast.config.ConfigReader;
import org.markcast.config.Uplink;

/** The page about uplinks holds what is valid. */
class DocumentedUplinksTest {

    private static final Path PAGE = Path.of("..", "docs", "uplinks.md");
    private static final Pattern CONFIGURATION = Pattern.compile("(?s)```\n(markcast \\{.*?)```");

    @Test
    void shouldHoldAValidConfiguration(@TempDir Path directory) throws IOException, ConfigException {
        final Matcher configuration = CONFIGURATION.matcher(Files.readString(PAGE));
        assertTrue(configuration.find());
        final Path file = Files.writeString(directory.resolve("markcast.conf"), configuration.group(1));
        assertEquals(
                List.of("dsl", "cable"),
                ConfigReader.read(file).uplinks().all().stream()
                        .map(Uplink::name)
                        .toList());
    }
}
