// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.markcast.bench.ScaleReport.ChangeTimes;
import org.markcast.bench.ScaleReport.Control;
import org.markcast.bench.ScaleReport.FlowTimes;
import org.markcast.bench.ScaleReport.Memory;
import org.markcast.bench.ScaleReport.StartTimes;

class ScaleReportTest {

    private final ScaleReport report = new ScaleReport(
            10_000,
            start(10, false, 665_290_000L),
            start(10_000, false, 1_506_770_000L),
            start(10_000, true, 2_400_000_000L),
            Memory.of(
                    10_000,
                    new ResidentMemory(120.04, 130),
                    10_000_000,
                    new ResidentMemory(149.96, 151),
                    new ResidentMemory(180, 181.55)),
            control(false),
            control(true));

    private static StartTimes start(int sas, boolean hasRules, long medianNs) {
        return StartTimes.of(sas, hasRules, Durations.of(medianNs, medianNs - 1_000_000, medianNs + 10_000_000));
    }

    private static Control control(boolean hasRules) {
        final FlowTimes flow =
                FlowTimes.of(Durations.of(20_000, 30_000, 1_000_000, 1_000_001), 2, new MeasuredService.Pauses(1, 6.7));
        return Control.of(
                hasRules,
                ChangeTimes.of(Durations.of(4_000_000, 5_000_000, 9_000_000), Durations.of(0, 1_000_000), 7),
                new SteadyTrial.Comparison(flow, flow),
                new ResidentMemory(99.9, 100));
    }

    @Test
    void shouldPrintOneLineWithAllFigures() {
        final String line = report.json();
        final JsonObject json = JsonParser.parseString(line).getAsJsonObject();

        assertEquals(1, line.lines().count());
        assertEquals(
                Set.of("sas", "start_of_few", "start", "start_with_rules", "memory", "control", "control_with_rules"),
                json.keySet());
        assertEquals(
                "{\"sas\":10000,\"started_mib\":120.0,\"copies\":10000000,\"forwarded_mib\":150.0,\"asked_mib\":180.0,"
                        + "\"peak_mib\":181.6}",
                json.get("memory").toString());
        assertEquals(
                "{\"sas\":10000,\"rules\":true,\"starts\":3,\"median_ms\":2400.0,\"max_ms\":2410.0}",
                json.get("start_with_rules").toString());
    }

    @Test
    void shouldTellTheTimesOfChanges() {
        final JsonObject control =
                JsonParser.parseString(report.json()).getAsJsonObject().getAsJsonObject("control_with_rules");

        assertEquals(
                "{\"changes\":3,\"add_median_ms\":5.0,\"add_p90_ms\":9.0,\"add_max_ms\":9.0,\"remove_median_ms\":0.0,"
                        + "\"remove_max_ms\":1.0,\"full_reads\":7}",
                control.get("changes").toString());
        assertEquals(
                "{\"packets\":6,\"missing\":2,\"p50_us\":30.0,\"p99_us\":1000.0,\"max_us\":1000.0,\"over_one_ms\":1,"
                        + "\"gc_pauses\":1,\"longest_gc_pause_ms\":6.7}",
                control.get("flow").toString());
    }

    @Test
    void shouldSetEachFigureBesideItsTarget() {
        final String table = report.table();

        shouldHaveLine(table, "start, 10 SAs, no rules +665 ms +1,000 ms +met; median of 3, at most 675 ms");
        shouldHaveLine(table, "start, 10,000 SAs, rules +2,400 ms +2,000 ms +missed by a factor of 1.20; .*");
        shouldHaveLine(table, "resident after copies +150.0 MiB +150 MiB +met; 10,000,000 copies");
        shouldHaveLine(table, "SA added, median, rules +5.00 ms +5 ms +met; 3 changes");
        shouldHaveLine(table, "SA added, max, rules +9.00 ms +5 ms +missed by a factor of 1.80");
        shouldHaveLine(table, "flow while SAs change, rules +1 > 1 ms +as without +of 6, 2 missing; .*");
    }

    private static void shouldHaveLine(String table, String pattern) {
        assertTrue(table.lines().anyMatch(line -> line.matches(pattern)), () -> pattern + "\n" + table);
    }

    @Test
    void shouldTellAFailureInOneLine() {
        assertEquals(
                "it ended with status 1: no interface eth7",
                ScaleCommand.oneLine("it ended with status 1:\nstarting\nno interface eth7\n"));
        assertEquals("no copy", ScaleCommand.oneLine("no copy"));
        assertEquals("it ended", ScaleCommand.oneLine("it ended:\n"));
    }
}
