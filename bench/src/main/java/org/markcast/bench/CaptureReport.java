// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.List;
import java.util.Locale;

/** What the capture benchmark has found, as Markdown and as JSON. */
record CaptureReport(CaptureSettings settings, List<CaptureResult> captures, List<ServiceLatency.Result> service) {

    private static final Gson GSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .create();

    /** One line. */
    String json() {
        return GSON.toJson(this);
    }

    String markdown() {
        return captureTable() + '\n' + serviceTable();
    }

    private String captureTable() {
        final MarkdownTable table = new MarkdownTable(
                "capture",
                "while empty",
                "backlog: ns a packet",
                "flood: ns CPU a packet",
                "taken/s",
                "dropped/s",
                "at " + settings.pace() + "/s: p50 us",
                "p99 us",
                "max us",
                "CPU %",
                "idle CPU %");
        for (final CaptureResult row : captures) {
            final String mark = row.isUsed() ? "**" : "";
            table.row(
                    mark + row.capture() + mark,
                    mark + row.waiting() + mark,
                    format("%,d", row.readNsPerPacket()),
                    format("%,.0f", row.floodCpuNsPerPacket()),
                    format("%,d", row.floodTakenPerSecond()),
                    format("%,d", row.floodDroppedPerSecond()),
                    format("%,.1f", row.p50Us()),
                    format("%,.1f", row.p99Us()),
                    format("%,.0f", row.maxUs()),
                    format("%.1f", row.cpuPercent()),
                    format("%.2f", row.idleCpuPercent()));
        }
        return table.text();
    }

    private String serviceTable() {
        final MarkdownTable table =
                new MarkdownTable("the service", "packets", "LAN in to first copy out: p50 us", "p99 us", "CPU %");
        for (final ServiceLatency.Result row : service) {
            if (row.pace() == 0) {
                table.row("idle", "0", "-", "-", format("%.2f", row.cpuPercent()));
            } else {
                table.row(
                        "at " + row.pace() + "/s",
                        format("%,d", row.samples()),
                        format("%.1f", row.p50Us()),
                        format("%.1f", row.p99Us()),
                        format("%.2f", row.cpuPercent()));
            }
        }
        return table.text();
    }

    private static String format(String pattern, Object value) {
        return String.format(Locale.ROOT, pattern, value);
    }
}
