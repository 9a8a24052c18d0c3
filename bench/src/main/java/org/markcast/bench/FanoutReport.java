// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.Locale;
import org.markcast.daemon.TextTable;

/**
 * What the fan-out benchmark has found.
 *
 * @param result what {@code --json} prints
 * @param offeredPerSecond packets that the sender offered meanwhile
 * @param copiesPerCpuSecond copies for each second of the service's CPU time: what else runs on the machine hardly matters
 * @param ceilingPerCpuSecond the same for the bare loop
 * @param lowestRatio of copies a second to the ceiling right before and after, in the worst round
 * @param highestRatio the same in the best round
 * @param pauses of the service's garbage collector during the rounds
 * @param missing copies that the service queued and the sink never saw
 * @param refused copies that the service queued and knows to be refused by the kernel: as many, or something is wrong
 * @param latencySamples packets whose latency was measured
 * @param latencyPace packets a second while latency was measured
 */
record FanoutReport(
        Result result,
        double offeredPerSecond,
        double copiesPerCpuSecond,
        double ceilingPerCpuSecond,
        double lowestRatio,
        double highestRatio,
        MeasuredService.Pauses pauses,
        long missing,
        long refused,
        int latencySamples,
        int latencyPace) {

    private static final Gson GSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .create();

    /**
     * The figures, named in JSON as here, with underscores.
     *
     * @param packetsIn packets that the service forwarded in the measured time
     * @param copies copies that the sink saw in the measured time
     * @param lost packets that the kernel dropped at the ring in the measured time: offered, but more than the service took
     */
    record Result(
            int sas,
            int match,
            int len,
            int forwarders,
            long packetsIn,
            long packetsPerSecond,
            long copies,
            long copiesPerSecond,
            long lost,
            double cpuSecondsPerSecond,
            double latencyP50Us,
            double latencyP99Us,
            long ceilingCopiesPerSecond) {}

    /** One line. */
    String json() {
        return GSON.toJson(result);
    }

    String table() {
        final double ratio = (double) result.copiesPerSecond() / result.ceilingCopiesPerSecond();
        return new TextTable("measured", "", "")
                .row("packets in", number(result.packetsIn()), number(result.packetsPerSecond()) + " a second")
                .row("copies at the sink", number(result.copies()), number(result.copiesPerSecond()) + " a second")
                .row("ceiling", "", number(result.ceilingCopiesPerSecond()) + " copies a second, bare sendmmsg loop")
                .row(
                        "copies / ceiling",
                        format("%.3f", ratio),
                        format("%.3f to %.3f by round", lowestRatio, highestRatio))
                .row(
                        "a CPU second",
                        format("%.3f", copiesPerCpuSecond / ceilingPerCpuSecond),
                        number(Math.round(copiesPerCpuSecond)) + " copies, bare loop "
                                + number(Math.round(ceilingPerCpuSecond)))
                .row("lost at the ring", number(result.lost()), offered())
                .row(
                        "copies missing",
                        number(missing),
                        "queued, not seen at the sink; " + number(refused) + " known to be refused")
                .row("service CPU", format("%.2f", result.cpuSecondsPerSecond()), "seconds a second")
                .row("garbage collections", pauses.count(), format("longest pause %.1f ms", pauses.longestMs()))
                .row("latency p50", format("%.1f", result.latencyP50Us()), "us, LAN in to first copy out")
                .row(
                        "latency p99",
                        format("%.1f", result.latencyP99Us()),
                        "us, " + latencySamples + " packets at " + latencyPace + " a second")
                .text(0);
    }

    private String offered() {
        final String perSecond = number(Math.round(offeredPerSecond)) + " offered a second";
        return result.lost() == 0 ? perSecond + ": too few, the sender is the limit" : perSecond;
    }

    private static String number(long value) {
        return format("%,d", value);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
