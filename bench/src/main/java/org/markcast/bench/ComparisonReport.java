// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.markcast.bench.Text.format;
import static org.markcast.bench.Text.number;

import java.util.List;

/**
 * What the comparison has found, as it stands in JSON, with underscores. A ratio "of one" or "of first" divides by the first row;
 * a pair lowest and highest is that of single rounds.
 *
 * @param service {@code null} if it was not measured
 * @param failures what was wrong, a sentence each
 */
record ComparisonReport(
        Machine machine,
        List<Copies> copies,
        List<Few> few,
        List<Forwarders> forwarders,
        Service service,
        List<String> failures) {

    /** All SAs match, one forwarder. */
    record Copies(
            int sas,
            int len,
            long packetsPerSecond,
            long copiesPerSecond,
            long ceilingCopiesPerSecond,
            double ratio,
            double lowestRatio,
            double highestRatio,
            double cpuSecondsPerSecond,
            long loopCopiesPerSecond,
            double loopRatio,
            int turns,
            int starvedTurns) {

        static Copies of(int sas, int length, Score engine, Score ceiling, Score loop) {
            return new Copies(
                    sas,
                    length,
                    Math.round(engine.packetsPerSecond()),
                    Math.round(engine.copiesPerSecond()),
                    Math.round(ceiling.copiesPerSecond()),
                    Json.rounded(engine.ratioTo(ceiling), 3),
                    Json.rounded(engine.lowestRatioTo(ceiling), 3),
                    Json.rounded(engine.highestRatioTo(ceiling), 3),
                    Json.rounded(engine.cores(), 2),
                    Math.round(loop.copiesPerSecond()),
                    Json.rounded(loop.ratioTo(ceiling), 3),
                    engine.turns(),
                    engine.starvedTurns());
        }
    }

    /** A few of many SAs match, one forwarder. */
    record Few(
            int match,
            int sas,
            long packetsPerSecond,
            double ofFirst,
            double lowestOfFirst,
            double highestOfFirst,
            long loopPacketsPerSecond,
            double loopOfFirst,
            int turns,
            int starvedTurns) {

        static Few of(int match, int sas, Score engine, Score firstEngine, Score loop, Score firstLoop) {
            return new Few(
                    match,
                    sas,
                    Math.round(engine.packetsPerSecond()),
                    Json.rounded(engine.ratioTo(firstEngine), 3),
                    Json.rounded(engine.lowestRatioTo(firstEngine), 3),
                    Json.rounded(engine.highestRatioTo(firstEngine), 3),
                    Math.round(loop.packetsPerSecond()),
                    Json.rounded(loop.ratioTo(firstLoop), 3),
                    engine.turns(),
                    engine.starvedTurns());
        }
    }

    /** One hot flow, several forwarders. */
    record Forwarders(
            int sas,
            int forwarders,
            long copiesPerSecond,
            double ofOne,
            double lowestOfOne,
            double highestOfOne,
            long ceilingCopiesPerSecond,
            double ceilingOfOne,
            double ratio,
            double cpuSecondsPerSecond,
            int turns,
            int starvedTurns) {

        static Forwarders of(int sas, int forwarders, Score engine, Score one, Score ceiling, Score ceilingOfOne) {
            return new Forwarders(
                    sas,
                    forwarders,
                    Math.round(engine.copiesPerSecond()),
                    Json.rounded(engine.ratioTo(one), 3),
                    Json.rounded(engine.lowestRatioTo(one), 3),
                    Json.rounded(engine.highestRatioTo(one), 3),
                    Math.round(ceiling.copiesPerSecond()),
                    Json.rounded(ceiling.ratioTo(ceilingOfOne), 3),
                    Json.rounded(engine.ratioTo(ceiling), 3),
                    Json.rounded(engine.cores(), 2),
                    engine.turns(),
                    engine.starvedTurns());
        }
    }

    /** One service, all of its SAs match. */
    record Service(
            int sas,
            double idleCpuShare,
            Delivery sustained,
            Delivery bursts,
            int latencySamples,
            double latencyP50Us,
            double latencyP99Us) {

        static Service of(int sas, double idle, Delivery sustained, Delivery bursts, LatencyProbe.Latency latency) {
            return new Service(
                    sas,
                    Json.rounded(idle, 4),
                    sustained,
                    bursts,
                    latency.samples(),
                    Json.rounded(latency.p50Us(), 1),
                    Json.rounded(latency.p99Us(), 1));
        }
    }

    /** One line. */
    String json() {
        return Json.line(this);
    }

    /**
     * All tables.
     *
     * @param loadAfter load averages at the end
     */
    String markdown(String loadAfter) {
        final StringBuilder text = new StringBuilder();
        text.append(format(
                "`%s`, %s: %s, %d CPUs, %s, %s. Load average before %s, after %s.%n",
                machine.command(),
                machine.date(),
                machine.cpu(),
                machine.cpus(),
                machine.kernel(),
                machine.jvm(),
                machine.load(),
                loadAfter));
        appendCopies(text);
        appendFew(text);
        appendForwarders(text);
        appendService(text);
        return text.toString();
    }

    private void appendCopies(StringBuilder text) {
        if (copies.isEmpty()) {
            return;
        }
        final MarkdownTable table = new MarkdownTable(
                "all match, SAs",
                "bytes",
                "packets/s",
                "copies/s",
                "ceiling",
                "ratio",
                "by round",
                "cores",
                "loop",
                "its ratio");
        for (final Copies row : copies) {
            table.row(
                    number(row.sas()),
                    number(row.len()),
                    number(row.packetsPerSecond()),
                    number(row.copiesPerSecond()),
                    number(row.ceilingCopiesPerSecond()),
                    ratio(row.ratio()),
                    range(row.lowestRatio(), row.highestRatio()),
                    format("%.2f", row.cpuSecondsPerSecond()),
                    number(row.loopCopiesPerSecond()),
                    ratio(row.loopRatio()));
        }
        append(text, table);
        for (final Copies row : copies) {
            appendStarved(text, row.sas() + " SAs, " + row.len() + " bytes", row.starvedTurns(), row.turns());
        }
    }

    private void appendFew(StringBuilder text) {
        if (few.isEmpty()) {
            return;
        }
        final MarkdownTable table = new MarkdownTable(
                "few match", "packets/s", "of the first", "by round", "loop's packets/s", "of its first");
        for (final Few row : few) {
            table.row(
                    row.match() + " of " + number(row.sas()),
                    number(row.packetsPerSecond()),
                    ratio(row.ofFirst()),
                    range(row.lowestOfFirst(), row.highestOfFirst()),
                    number(row.loopPacketsPerSecond()),
                    ratio(row.loopOfFirst()));
        }
        append(text, table);
        for (final Few row : few) {
            appendStarved(text, row.match() + " of " + row.sas(), row.starvedTurns(), row.turns());
        }
    }

    private void appendForwarders(StringBuilder text) {
        if (forwarders.isEmpty()) {
            return;
        }
        final MarkdownTable table = new MarkdownTable(
                "forwarders, " + forwarders.get(0).sas() + " SAs",
                "copies/s",
                "of one",
                "by round",
                "ceiling",
                "of one",
                "ratio",
                "cores");
        for (final Forwarders row : forwarders) {
            table.row(
                    row.forwarders(),
                    number(row.copiesPerSecond()),
                    format("%.2f", row.ofOne()),
                    format("%.2f to %.2f", row.lowestOfOne(), row.highestOfOne()),
                    number(row.ceilingCopiesPerSecond()),
                    format("%.2f", row.ceilingOfOne()),
                    ratio(row.ratio()),
                    format("%.2f", row.cpuSecondsPerSecond()));
        }
        append(text, table);
        for (final Forwarders row : forwarders) {
            appendStarved(text, "forwarders: " + row.forwarders(), row.starvedTurns(), row.turns());
        }
    }

    private void appendService(StringBuilder text) {
        if (service == null) {
            return;
        }
        final MarkdownTable deliveries = new MarkdownTable(
                service.sas() + " SAs",
                "packets/s",
                "packets",
                "captured",
                "kernel drops",
                "most behind",
                "copies",
                "missing",
                "");
        appendDelivery(
                deliveries, format("90 %% for %.0f s", service.sustained().seconds()), service.sustained());
        appendDelivery(
                deliveries, DeliveryTrial.BURSTS + " bursts of " + number(DeliveryTrial.BURST), service.bursts());
        append(text, deliveries);
        append(
                text,
                new MarkdownTable("otherwise idle, " + service.sas() + " SAs", "")
                        .row("CPU of the idle service", format("%.1f %% of a core", 100 * service.idleCpuShare()))
                        .row("LAN in to first copy out, p50", format("%.1f us", service.latencyP50Us()))
                        .row(
                                "p99 of " + number(service.latencySamples()) + " packets at 1,000 a second",
                                format("%.1f us", service.latencyP99Us())));
    }

    private static void appendDelivery(MarkdownTable table, String name, Delivery delivery) {
        table.row(
                name,
                number(delivery.offeredPerSecond()),
                number(delivery.offered()),
                number(delivery.captured()),
                number(delivery.kernelDrops()),
                number(delivery.mostBehind()),
                number(delivery.copies()),
                number(delivery.copiesMissing()),
                delivery.verdict());
    }

    private static void append(StringBuilder text, MarkdownTable table) {
        text.append('\n').append(table.text());
    }

    private static void appendStarved(StringBuilder text, String row, int starved, int turns) {
        if (starved > 0) {
            text.append(format(
                    "%n%s: packets were too few in %d of %d turns, the sender was the limit.%n", row, starved, turns));
        }
    }

    private static String ratio(double value) {
        return format("%.3f", value);
    }

    private static String range(double lowest, double highest) {
        return format("%.3f to %.3f", lowest, highest);
    }
}
