// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.EnumSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.bench.ComparisonSettings.Part;
import org.markcast.bench.FanoutSettings.Mode;
import org.markcast.bench.FanoutSettings.Timing;

/** The benchmarks on a real network, in short: what they count, never how fast. */
class FanoutTest {

    private static final int SAS = 6;
    private static final int MATCH = 3;
    private static final Progress SILENT = Progress.onTerminal(new PrintWriter(new StringWriter()));

    @BeforeAll
    static void needNetworkNamespaces() {
        NetworkNamespaces.assume();
    }

    private static FanoutReport run(Mode mode, int forwarders, int sustainSeconds) throws IOException {
        final FanoutSettings settings =
                new FanoutSettings(mode, SAS, MATCH, 100, 1, forwarders, sustainSeconds, new Timing(100, 100, 1));
        try (Fanout fanout = new Fanout(settings, SILENT)) {
            return fanout.run();
        }
    }

    private static void assertEveryCopyIsAccountedFor(FanoutReport report) {
        assertTrue(report.result().copies() > 0, report::json);
        assertEquals(2, report.result().turns(), report::json);
        assertEquals(report.refused(), report.missing(), report::json);
    }

    @Test
    void shouldMeasureTheService() throws IOException {
        final FanoutReport report = run(Mode.ENGINE, 2, 1);

        assertEveryCopyIsAccountedFor(report);
        assertTrue(report.result().packetsIn() > 0, report::json);
        assertNotNull(report.result().idleCpuShare());
        assertNotNull(report.latency());
        assertEquals(
                DeliveryTrial.BURSTS * DeliveryTrial.BURST,
                report.result().bursts().offered());
        assertBalanced(report.result().sustained());
        assertBalanced(report.result().bursts());
    }

    private static void assertBalanced(Delivery delivery) {
        assertEquals(delivery.offered() * MATCH, delivery.copies() + delivery.copiesMissing(), delivery::toString);
        assertTrue(delivery.captured() <= delivery.offered(), delivery::toString);
        assertTrue(delivery.copies() <= delivery.offered() * MATCH, delivery::toString);
    }

    @Test
    void shouldMeasureThePluginsWay() throws IOException {
        final FanoutReport report = run(Mode.LOOP, 1, 0);

        assertEveryCopyIsAccountedFor(report);
        assertTrue(report.result().packetsIn() > 0, report::json);
        assertNull(report.result().idleCpuShare());
        assertNull(report.result().sustained());
    }

    @Test
    void shouldMeasureTheCeilingAlone() throws IOException {
        final FanoutReport report = run(Mode.CEILING, 2, 0);

        assertEveryCopyIsAccountedFor(report);
        assertEquals(report.result().copiesPerSecond(), report.result().ceilingCopiesPerSecond());
    }

    @Test
    void shouldCompare() throws IOException {
        final ComparisonSettings settings =
                new ComparisonSettings(EnumSet.of(Part.FORWARDERS), new int[] {328}, 1, 100, 1);

        final ComparisonReport report = new Comparison(settings, SILENT).run(Machine.describe("a test"));

        assertEquals(2, report.forwarders().size(), report::json);
        assertTrue(report.forwarders().stream().allMatch(row -> row.copiesPerSecond() > 0), report::json);
        assertTrue(report.failures().isEmpty(), report::json);
    }
}
