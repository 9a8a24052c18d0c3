// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code bin/markcast bench scale} as people start it. What it finds is not judged: the machine may be busy. */
@NetworkNamespaceTest
class BenchScaleTest {

    private static final String MARKCAST = Path.of(System.getProperty("basedir", ""), "..", "bin", "markcast")
            .toAbsolutePath()
            .normalize()
            .toString();
    private static final int SAS = 200;
    private static final int PACKETS_TO_ALL = 1_000;

    /** It starts the service a dozen times, and a busy machine takes its time for each. */
    private static final Duration TIMEOUT = Duration.ofMinutes(4);

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void shouldMeasureTheControlPlane() {
        final Program bench = Program.run(
                List.of(MARKCAST, "bench", "scale", "--sas", "" + SAS, "--changes", "3", "--seconds", "1", "--json"));

        assertEquals(0, bench.exitStatus(), bench::toString);
        final List<String> lines = bench.out().lines().toList();
        final JsonObject json =
                JsonParser.parseString(lines.get(lines.size() - 1)).getAsJsonObject();
        assertEquals(SAS, json.get("sas").getAsInt());
        final long copies = json.getAsJsonObject("memory").get("copies").getAsLong();
        assertTrue(copies >= SAS * PACKETS_TO_ALL, bench::toString);
        for (final String control : List.of("control", "control_with_rules")) {
            final JsonObject changes = json.getAsJsonObject(control).getAsJsonObject("changes");
            assertEquals(3, changes.get("changes").getAsInt());
            assertTrue(changes.get("add_median_ms").getAsDouble() > 0, bench::toString);
        }
    }
}
