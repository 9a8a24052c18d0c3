// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class FanoutReportTest {

    private final FanoutReport report = report(7);

    private static FanoutReport report(long lost) {
        final FanoutReport.Result result =
                new FanoutReport.Result(100, 10, 300, 1, 50, 10, 500, 100, lost, 0.99, 20.5, 88.1, 125);
        return new FanoutReport(
                result, 1234.4, 120, 125, 0.7, 0.9, new MeasuredService.Pauses(2, 1.5), 3, 3, 4000, 1000);
    }

    @Test
    void shouldPrintOneLineWithTheAgreedKeys() {
        assertEquals(
                "{\"sas\":100,\"match\":10,\"len\":300,\"forwarders\":1,\"packets_in\":50,\"packets_per_second\":10,"
                        + "\"copies\":500,\"copies_per_second\":100,\"lost\":7,\"cpu_seconds_per_second\":0.99,"
                        + "\"latency_p50_us\":20.5,\"latency_p99_us\":88.1,\"ceiling_copies_per_second\":125}",
                report.json());
    }

    @Test
    void shouldSetCopiesBesideTheCeiling() {
        assertTrue(report.table().contains("0.800"), report.table());
        assertTrue(report.table().contains("0.700 to 0.900 by round"), report.table());
    }

    @Test
    void shouldSayWhenTheSenderWasTooSlow() {
        assertTrue(report(0).table().contains("the sender is the limit"));
        assertTrue(!report.table().contains("the sender is the limit"));
    }
}
