// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.config.ConfigReader;
import org.markcast.engine.sa.Sa;

class StaticSasTest {

    @TempDir
    Path directory;

    private Config config(String sources, String... sections) throws IOException, ConfigException {
        final String text =
                "markcast {\n sources = " + sources + "\n static {\n" + String.join("\n", sections) + "\n}\n}\n";
        return ConfigReader.read(Files.writeString(directory.resolve("markcast.conf"), text));
    }

    private static String section(String name, int mark) {
        return name + " {\n mark = " + mark + "\n local_ts = 10.1.0.0/16\n remote_ts = 10.2.0." + mark + "\n}";
    }

    @Test
    void shouldKeepTheObjectsOfSasThatDoNotChange() throws IOException, ConfigException {
        final List<Sa> before = StaticSas.of(config("static", section("a", 1), section("b", 2)), List.of());
        assertEquals(List.of("a", "b"), before.stream().map(Sa::name).toList());

        final List<Sa> after =
                StaticSas.of(config("static", section("c", 3), section("b", 4), section("a", 1)), before);
        assertEquals(List.of("c", "b", "a"), after.stream().map(Sa::name).toList());
        assertSame(before.get(0), after.get(2));
        assertEquals(4, after.get(1).markIn().value());
    }

    @Test
    void shouldHaveNoneWhereTheSourceIsNotWanted() throws IOException, ConfigException {
        final List<Sa> before = StaticSas.of(config("static", section("a", 1)), List.of());
        assertEquals(List.of(), StaticSas.of(config("vici", section("a", 1)), before));
    }
}
