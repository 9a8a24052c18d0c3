// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** {@code bin/markcast bench capture}: a short run measures every row. What it measured is nobody's business here. */
@NetworkNamespaceTest
class BenchCaptureTest {

    private static final String MARKCAST = Path.of(System.getProperty("basedir", ""), "..", "bin", "markcast")
            .toAbsolutePath()
            .normalize()
            .toString();
    private static final int ROWS = 15;

    @Test
    void shouldMeasureEveryWayToCaptureAndTheService() {
        final Program bench =
                Program.run(List.of(MARKCAST, "bench", "capture", "--seconds", "0.1", "--pace", "500", "--json"));

        assertEquals(0, bench.exitStatus(), bench::toString);
        final List<String> lines = bench.out().lines().toList();
        assertEquals(
                ROWS + 3,
                lines.stream().filter(line -> line.matches("\\| .*[0-9] \\|")).count(),
                bench::toString);
        assertEquals(1, lines.stream().filter(line -> line.startsWith("| **")).count(), bench::toString);
        shouldHaveMeasured(JsonParser.parseString(lines.get(lines.size() - 1)).getAsJsonObject());
    }

    private static void shouldHaveMeasured(JsonObject report) {
        final Set<String> ways = new HashSet<>();
        long taken = 0;
        for (final JsonElement element : report.getAsJsonArray("captures")) {
            final JsonObject row = element.getAsJsonObject();
            ways.add(
                    row.get("capture").getAsString() + ", " + row.get("waiting").getAsString());
            for (final String figure : List.of("read_ns_per_packet", "p50_us", "p99_us", "max_us")) {
                assertTrue(row.get(figure).getAsDouble() > 0, () -> figure + " of " + row);
            }
            taken += row.get("flood_taken_per_second").getAsLong();
        }
        assertTrue(taken > 0, "no flood");
        assertEquals(ROWS, ways.size(), ways::toString);
        final JsonArray service = report.getAsJsonArray("service");
        assertEquals(3, service.size());
        assertTrue(service.get(0).getAsJsonObject().get("samples").getAsInt() > 0, service::toString);
        assertTrue(service.get(1).getAsJsonObject().get("samples").getAsInt() > 0, service::toString);
    }
}
