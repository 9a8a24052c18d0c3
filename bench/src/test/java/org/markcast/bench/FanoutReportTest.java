// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.markcast.bench.FanoutSettings.Mode;
import org.markcast.bench.FanoutSettings.Timing;

class FanoutReportTest {

    private final FanoutReport report = report(Scores.ofCopies(700, 900));

    private static FanoutSettings settings(Mode mode) {
        return new FanoutSettings(mode, 100, 10, 300, 2, 1, 5, Timing.USUAL);
    }

    private static FanoutReport report(Score engine) {
        return new FanoutReport.Builder(settings(Mode.ENGINE))
                .idle(0.0042)
                .scores(engine, Scores.ofCopies(1_000, 1_000))
                .pauses(new MeasuredService.Pauses(2, 1.5))
                .sustained(new Delivery(5, 72, 360, 360, 0, 7, 3_600, 0))
                .bursts(new Delivery(0.1, 100_000, 10_000, 9_000, 1_000, 3_050, 90_000, 10_000))
                .latency(new LatencyProbe.Latency(4_000, 20.46, 88.1), 16)
                .missing(3, 3)
                .build();
    }

    @Test
    void shouldPrintOneLineWithTheAgreedKeys() {
        assertEquals(
                "{\"mode\":\"engine\",\"sas\":100,\"match\":10,\"len\":300,\"forwarders\":1,\"packets_in\":160,"
                        + "\"packets_per_second\":80,\"copies\":1600,\"copies_per_second\":800,\"lost\":160,"
                        + "\"cpu_seconds_per_second\":1.0,\"latency_p50_us\":20.5,\"latency_p99_us\":88.1,"
                        + "\"ceiling_copies_per_second\":1000,\"turns\":2,\"starved_turns\":0,"
                        + "\"idle_cpu_share\":0.0042,\"sustained\":{\"seconds\":5.0,\"offered_per_second\":72,"
                        + "\"offered\":360,\"captured\":360,\"kernel_drops\":0,\"most_behind\":7,\"copies\":3600,\"copies_missing\":0},"
                        + "\"bursts\":{\"seconds\":0.1,\"offered_per_second\":100000,\"offered\":10000,"
                        + "\"captured\":9000,\"kernel_drops\":1000,\"most_behind\":3050,\"copies\":90000,\"copies_missing\":10000}}",
                report.json());
    }

    @Test
    void shouldHaveTheSameKeysWithoutAService() {
        final FanoutReport ceiling = ceilingAlone();

        assertTrue(ceiling.json().contains("\"mode\":\"ceiling\""), ceiling.json());
        assertTrue(ceiling.json().contains("\"lost\":0,"), ceiling.json());
        assertTrue(ceiling.json().contains("\"latency_p50_us\":null"), ceiling.json());
        assertTrue(ceiling.json().endsWith("\"idle_cpu_share\":null,\"sustained\":null,\"bursts\":null}"));
        assertFalse(ceiling.table().contains("packets in"), ceiling.table());
    }

    private static FanoutReport ceilingAlone() {
        final Score alone = Scores.ofCopies(1_000, 1_000);
        return new FanoutReport.Builder(settings(Mode.CEILING))
                .scores(alone, alone)
                .missing(0, 0)
                .build();
    }

    @Test
    void shouldSetCopiesBesideTheCeiling() {
        assertTrue(report.table().contains("0.800"), report.table());
        assertTrue(report.table().contains("0.700 to 0.900 by round"), report.table());
    }

    @Test
    void shouldSayWhatWasLost() {
        assertTrue(report.table().contains("no loss"), report.table());
        assertTrue(report.table().contains("10.000 % lost"), report.table());
        assertTrue(report.table().contains("kernel drops 1,000, copies missing 10,000"), report.table());
    }

    @Test
    void shouldSayWhenTheSenderWasTooSlow() {
        assertTrue(report(Scores.starved()).table().contains("too few in 1 of 2 turns, the sender is the limit"));
        assertFalse(report.table().contains("the sender is the limit"));
    }
}
