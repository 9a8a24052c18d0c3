// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.markcast.bench.Text.format;
import static org.markcast.bench.Text.number;

import org.markcast.bench.FanoutSettings.Mode;
import org.markcast.daemon.TextTable;

/**
 * What the fan-out benchmark has found.
 *
 * @param result what {@code --json} prints
 * @param measured turns of what was measured
 * @param ceiling turns of the ceiling beside it
 * @param pauses of the service's garbage collector while it was measured; {@code null} without service
 * @param missing copies that were queued and the sinks never saw
 * @param refused copies that were queued and are known to be refused by the kernel: as many, or something is wrong
 * @param latency {@code null} if nothing takes packets
 * @param latencyPace packets a second while latency was measured
 */
record FanoutReport(
        Result result,
        Score measured,
        Score ceiling,
        MeasuredService.Pauses pauses,
        long missing,
        long refused,
        LatencyProbe.Latency latency,
        int latencyPace) {

    /**
     * The figures, named in JSON as here, with underscores; {@code null} for what does not apply.
     *
     * @param packetsIn packets that were taken in the measured time
     * @param copies copies that the sinks saw in the measured time
     * @param lost packets that were offered in the measured time and not taken
     * @param starvedTurns turns in which packets were too few
     * @param idleCpuShare share of a core that the service takes while nothing happens
     * @param sustained 90 % of the maximum, evenly
     * @param bursts each of 1,000 packets back to back
     */
    record Result(
            String mode,
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
            Double latencyP50Us,
            Double latencyP99Us,
            long ceilingCopiesPerSecond,
            int turns,
            int starvedTurns,
            Double idleCpuShare,
            Delivery sustained,
            Delivery bursts) {}

    /** One line. */
    String json() {
        return Json.line(result);
    }

    String table() {
        final TextTable table = new TextTable("measured", "", "");
        addIdle(table);
        addRates(table);
        addBooks(table);
        addDeliveries(table);
        addLatency(table);
        return table.text(0);
    }

    private void addIdle(TextTable table) {
        if (result.idleCpuShare() != null) {
            table.row("idle", format("%.1f %%", 100 * result.idleCpuShare()), "of a core while nothing happens");
        }
    }

    private void addRates(TextTable table) {
        if (!result.mode().equals(nameOf(Mode.CEILING))) {
            table.row("packets in", number(result.packetsIn()), number(result.packetsPerSecond()) + " a second");
        }
        table.row("copies at the sink", number(result.copies()), number(result.copiesPerSecond()) + " a second");
        if (measured != ceiling) {
            table.row(
                            "ceiling",
                            "",
                            number(result.ceilingCopiesPerSecond()) + " copies a second, bare sendmmsg loop, "
                                    + number(Math.round(ceiling.slowestTurn())) + " to "
                                    + number(Math.round(ceiling.fastestTurn())) + " by round")
                    .row(
                            "copies / ceiling",
                            format("%.3f", measured.ratioTo(ceiling)),
                            format(
                                    "%.3f to %.3f by round",
                                    measured.lowestRatioTo(ceiling), measured.highestRatioTo(ceiling)))
                    .row(
                            "a CPU second",
                            format("%.3f", measured.copiesPerCpuSecond() / ceiling.copiesPerCpuSecond()),
                            number(Math.round(measured.copiesPerCpuSecond())) + " copies, bare loop "
                                    + number(Math.round(ceiling.copiesPerCpuSecond())));
        }
        table.row("CPU", format("%.2f", result.cpuSecondsPerSecond()), "seconds a second");
    }

    private void addBooks(TextTable table) {
        if (measured != ceiling) {
            table.row("lost at the ring", number(result.lost()), offered());
        }
        table.row(
                "copies missing",
                number(missing),
                "queued, not seen at the sink; " + number(refused) + " known to be refused");
        if (pauses != null) {
            table.row("garbage collections", pauses.count(), format("longest pause %.1f ms", pauses.longestMs()));
        }
    }

    private String offered() {
        final String perSecond = number(Math.round(measured.offeredPerSecond())) + " offered a second";
        return result.starvedTurns() == 0
                ? perSecond
                : perSecond + ": too few in " + result.starvedTurns() + " of " + result.turns()
                        + " turns, the sender is the limit";
    }

    private void addDeliveries(TextTable table) {
        if (result.sustained() != null) {
            table.row(
                    "sustained",
                    result.sustained().verdict(),
                    number(result.sustained().offered()) + " packets in "
                            + format("%.1f", result.sustained().seconds()) + " s, "
                            + number(result.sustained().offeredPerSecond()) + " a second"
                            + losses(result.sustained()));
        }
        if (result.bursts() != null) {
            table.row(
                    "bursts",
                    result.bursts().verdict(),
                    DeliveryTrial.BURSTS + " of " + number(DeliveryTrial.BURST) + " packets, at "
                            + number(result.bursts().offeredPerSecond()) + " a second" + losses(result.bursts()));
        }
    }

    private static String losses(Delivery delivery) {
        return delivery.isComplete()
                ? ", at most " + number(delivery.mostBehind()) + " waiting"
                : "; kernel drops " + number(delivery.kernelDrops()) + ", copies missing "
                        + number(delivery.copiesMissing());
    }

    private void addLatency(TextTable table) {
        if (latency != null) {
            table.row("latency p50", format("%.1f", result.latencyP50Us()), "us, LAN in to first copy out")
                    .row(
                            "latency p99",
                            format("%.1f", result.latencyP99Us()),
                            "us, " + number(latency.samples()) + " packets at " + number(latencyPace) + " a second");
        }
    }

    static String nameOf(Mode mode) {
        return Text.lowerCase(mode);
    }

    /** Collects what is found, step by step. */
    static final class Builder {

        private final FanoutSettings settings;
        private Score measured;
        private Score ceiling;
        private Double idle;
        private MeasuredService.Pauses pauses;
        private Delivery sustained;
        private Delivery bursts;
        private LatencyProbe.Latency latency;
        private int latencyPace;
        private long missing;
        private long refused;

        Builder(FanoutSettings settings) {
            this.settings = settings;
        }

        Builder scores(Score measuredOne, Score ceilingBeside) {
            measured = measuredOne;
            ceiling = ceilingBeside;
            return this;
        }

        double packetsPerSecond() {
            return measured.packetsPerSecond();
        }

        Builder idle(double share) {
            idle = share;
            return this;
        }

        Builder pauses(MeasuredService.Pauses value) {
            pauses = value;
            return this;
        }

        Builder sustained(Delivery delivery) {
            sustained = delivery;
            return this;
        }

        Builder bursts(Delivery delivery) {
            bursts = delivery;
            return this;
        }

        Builder latency(LatencyProbe.Latency value, int packetsPerSecond) {
            latency = value;
            latencyPace = packetsPerSecond;
            return this;
        }

        Builder missing(long copies, long copiesRefused) {
            missing = copies;
            refused = copiesRefused;
            return this;
        }

        FanoutReport build() {
            final Result result = new Result(
                    nameOf(settings.mode()),
                    settings.sas(),
                    settings.match(),
                    settings.length(),
                    settings.forwarders(),
                    measured.packets(),
                    Math.round(measured.packetsPerSecond()),
                    measured.copies(),
                    Math.round(measured.copiesPerSecond()),
                    settings.mode() == Mode.CEILING ? 0 : measured.lost(),
                    Json.rounded(measured.cores(), 2),
                    latency == null ? null : Json.rounded(latency.p50Us(), 1),
                    latency == null ? null : Json.rounded(latency.p99Us(), 1),
                    Math.round(ceiling.copiesPerSecond()),
                    measured.turns(),
                    measured.starvedTurns(),
                    idle == null ? null : Json.rounded(idle, 4),
                    sustained,
                    bursts);
            return new FanoutReport(result, measured, ceiling, pauses, missing, refused, latency, latencyPace);
        }
    }
}
