// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.config.ConfigReader;
import org.markcast.engine.port.SaSource;
import org.markcast.engine.sa.SaSet;

/** When it is known which SAs there are. */
class TunnelsTest {

    @TempDir
    private Path directory;

    private SaSource.Listener charon;

    private final Tunnels tunnels = new Tunnels(Runnable::run, wanted -> new SaSource() {
        @Override
        public void start(Listener listener) {
            charon = listener;
        }

        @Override
        public void close() {
            charon = null;
        }
    });

    @AfterEach
    void close() {
        tunnels.close();
    }

    private Config config(String text) throws IOException, ConfigException {
        return ConfigReader.read(Files.writeString(directory.resolve("test.conf"), "markcast {\n" + text + "\n}\n"));
    }

    @Test
    void shouldBeAtOnceWithoutCharon() throws IOException, ConfigException {
        tunnels.follow(config("sources = static"));
        assertTrue(tunnels.areComplete());
    }

    @Test
    void shouldBeWithItsFirstAnswerAlsoIfItHasNone() throws IOException, ConfigException {
        tunnels.follow(config("sources = static, vici\nvici {\nlinger = 0\n}"));
        tunnels.refresh();
        assertFalse(tunnels.areComplete());

        charon.onSas(SaSet.EMPTY);
        assertTrue(tunnels.areComplete());
        assertTrue(tunnels.refresh(), "nobody is told");
        assertFalse(tunnels.refresh());
    }

    @Test
    void shouldBeWhenItIsNoLongerAsked() throws IOException, ConfigException {
        tunnels.follow(config(""));
        tunnels.refresh();
        tunnels.follow(config("sources = static"));
        assertTrue(tunnels.areComplete());
        assertTrue(tunnels.refresh(), "nobody is told");
    }
}
