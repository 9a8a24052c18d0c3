// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonReportTest {

    private static final Machine MACHINE =
            new Machine("a CPU", 2, "Linux 6.1", "a JVM", "2026-01-02", "bin/markcast bench compare", "0.10 0.20 0.30");

    private static ComparisonReport report(Score engine) {
        final Score ceiling = Scores.ofCopies(1_000, 1_000);
        final Score loop = Scores.ofCopies(500, 500);
        return new ComparisonReport(
                MACHINE,
                List.of(ComparisonReport.Copies.of(10, 328, engine, ceiling, loop)),
                List.of(
                        ComparisonReport.Few.of(10, 10, ceiling, ceiling, loop, loop),
                        ComparisonReport.Few.of(10, 1_000, engine, ceiling, loop, loop)),
                List.of(ComparisonReport.Forwarders.of(100, 2, ceiling, loop, ceiling, loop)),
                ComparisonReport.Service.of(
                        10,
                        0.004,
                        new Delivery(60, 9, 540, 540, 0, 7, 5_400, 0),
                        new Delivery(0.1, 100_000, 10_000, 9_990, 10, 2_060, 99_900, 100),
                        new LatencyProbe.Latency(4_000, 20.04, 70)),
                List.of());
    }

    private final ComparisonReport report = report(Scores.ofCopies(900, 940));

    @Test
    void shouldSayWhereAndHowItWasMeasured() {
        assertTrue(report.markdown("0.90 0.80 0.70")
                .startsWith("`bin/markcast bench compare`, 2026-01-02: a CPU, 2 CPUs, Linux 6.1, a JVM. Load"
                        + " average before 0.10 0.20 0.30, after 0.90 0.80 0.70.\n"));
    }

    @Test
    void shouldPrintATableForEachPart() {
        final List<String> lines = report.markdown("").lines().toList();

        assertContains(lines, "10", "328", "92", "920", "1,000", "0.920", "0.900 to 0.940", "1.00", "500", "0.500");
        assertContains(lines, "10 of 1,000", "92", "0.920", "0.900 to 0.940", "50", "1.000");
        assertContains(lines, "2", "1,000", "2.00", "2.00 to 2.00", "1,000", "2.00", "1.000", "1.00");
        assertContains(lines, "90 % for 60 s", "9", "540", "540", "0", "7", "5,400", "0", "no loss");
        assertContains(
                lines,
                "10 bursts of 1,000",
                "100,000",
                "10,000",
                "9,990",
                "10",
                "2,060",
                "99,900",
                "100",
                "0.100 % lost");
        assertContains(lines, "CPU of the idle service", "0.4 % of a core");
    }

    private static void assertContains(List<String> lines, String... cells) {
        final String row = "|" + String.join("|", cells) + "|";
        assertTrue(
                lines.stream().anyMatch(line -> line.replaceAll(" *\\| *", "|").equals(row)),
                () -> row + " is not in\n" + String.join("\n", lines));
    }

    @Test
    void shouldSayWhereTheSenderWasTooSlow() {
        assertTrue(report(Scores.starved())
                .markdown("")
                .contains("10 SAs, 328 bytes: packets were too few in 1 of 2 turns, the sender was the limit."));
        assertFalse(report.markdown("").contains("too few"));
    }

    @Test
    void shouldPrintOneLineOfJson() {
        assertEquals(1, report.json().lines().count());
        assertTrue(report.json().contains("\"copies\":[{\"sas\":10,\"len\":328,\"packets_per_second\":92,"));
        assertTrue(report.json().contains("\"latency_p50_us\":20.0,"));
        assertTrue(report.json().contains("\"failures\":[]"));
    }

    @Test
    void shouldLeaveOutWhatWasNotMeasured() {
        final ComparisonReport nothing =
                new ComparisonReport(MACHINE, List.of(), List.of(), List.of(), null, List.of());

        assertEquals(1, nothing.markdown("").lines().count());
        assertTrue(nothing.json().contains("\"service\":null"));
    }
}
