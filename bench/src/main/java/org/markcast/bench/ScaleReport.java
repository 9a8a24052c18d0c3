// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.markcast.daemon.TextTable;

/**
 * What the benchmark of the control plane has found; named in JSON as here, with underscores.
 *
 * @param sas number of SAs that are there all the time
 * @param startOfFew with {@link #FEW} SAs
 * @param startWithRules with all SAs, and their elements in the kernel's tables
 */
record ScaleReport(
        int sas,
        StartTimes startOfFew,
        StartTimes start,
        StartTimes startWithRules,
        Memory memory,
        Control control,
        Control controlWithRules) {

    /** SAs of a small installation. */
    static final int FEW = 10;

    private static final double START_OF_FEW_TARGET_MS = 1_000;
    private static final double START_TARGET_MS = 2_000;
    private static final double MEMORY_TARGET_MIB = 150;
    private static final double CHANGE_TARGET_MS = 5;
    private static final long PAUSE_TARGET_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final Gson GSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .create();

    /** From the start of the process to the first copy at the sink. */
    record StartTimes(int sas, boolean rules, int starts, double medianMs, double maxMs) {

        static StartTimes of(int sas, boolean hasRules, Durations times) {
            return new StartTimes(sas, hasRules, times.count(), ms(times.quantileNs(0.5)), ms(times.maxNs()));
        }
    }

    /**
     * Resident memory.
     *
     * @param startedMib when the service has come to rest after its start
     * @param copies that it sent then
     * @param forwardedMib after that
     * @param askedMib after some questions for its status
     * @param peakMib the most at any time until then
     */
    record Memory(int sas, double startedMib, long copies, double forwardedMib, double askedMib, double peakMib) {

        static Memory of(int sas, ResidentMemory started, long copies, ResidentMemory forwarded, ResidentMemory asked) {
            return new Memory(
                    sas,
                    tenths(started.nowMib()),
                    copies,
                    tenths(forwarded.nowMib()),
                    tenths(asked.nowMib()),
                    tenths(asked.peakMib()));
        }
    }

    /**
     * Adding and removing one SA over VICI.
     *
     * @param flow of packets to another SA while SAs come and go
     * @param flowWithoutChanges the same flow at rest, for comparison
     * @param residentMib memory of the service at the end
     */
    record Control(
            boolean rules, ChangeTimes changes, FlowTimes flow, FlowTimes flowWithoutChanges, double residentMib) {

        static Control of(
                boolean hasRules, ChangeTimes changes, SteadyTrial.Comparison flows, ResidentMemory resident) {
            return new Control(hasRules, changes, flows.changing(), flows.control(), tenths(resident.nowMib()));
        }
    }

    /**
     * From the event to what it leads to.
     *
     * @param addMedianMs until the first copy
     * @param removeMedianMs until the last copy
     * @param fullReads how often the service asked for all SAs meanwhile
     */
    record ChangeTimes(
            int changes,
            double addMedianMs,
            double addP90Ms,
            double addMaxMs,
            double removeMedianMs,
            double removeMaxMs,
            int fullReads) {

        static ChangeTimes of(Durations added, Durations removed, int fullReads) {
            return new ChangeTimes(
                    added.count(),
                    ms(added.quantileNs(0.5)),
                    ms(added.quantileNs(0.9)),
                    ms(added.maxNs()),
                    ms(removed.quantileNs(0.5)),
                    ms(removed.maxNs()),
                    fullReads);
        }
    }

    /**
     * From LAN to sink.
     *
     * @param missing packets that were not seen at both
     * @param overOneMs packets that took longer than 1 ms
     */
    record FlowTimes(
            int packets,
            int missing,
            double p50Us,
            double p99Us,
            double maxUs,
            int overOneMs,
            int gcPauses,
            double longestGcPauseMs) {

        static FlowTimes of(Durations durations, int missing, MeasuredService.Pauses pauses) {
            return new FlowTimes(
                    durations.count() + missing,
                    missing,
                    us(durations.quantileNs(0.5)),
                    us(durations.quantileNs(0.99)),
                    us(durations.maxNs()),
                    durations.above(PAUSE_TARGET_NS),
                    pauses.count(),
                    pauses.longestMs());
        }
    }

    /** One line. */
    String json() {
        return GSON.toJson(this);
    }

    String table() {
        final TextTable table = new TextTable("measured", "result", "target", "");
        start(table, startOfFew, START_OF_FEW_TARGET_MS);
        start(table, start, START_TARGET_MS);
        start(table, startWithRules, START_TARGET_MS);
        memory(table, "after the start", memory.startedMib(), format("%,d static SAs, rules", memory.sas()));
        memory(table, "after copies", memory.forwardedMib(), format("%,d copies", memory.copies()));
        memory(table, "after status", memory.askedMib(), format("at most %.1f MiB until then", memory.peakMib()));
        control(table, control);
        control(table, controlWithRules);
        return table.text(0);
    }

    private static void start(TextTable table, StartTimes times, double targetMs) {
        table.row(
                format("start, %,d SAs, %s", times.sas(), rules(times.rules())),
                format("%,.0f ms", times.medianMs()),
                format("%,.0f ms", targetMs),
                verdict(times.medianMs(), targetMs)
                        + format("; median of %d, at most %,.0f ms", times.starts(), times.maxMs()));
    }

    private static void memory(TextTable table, String when, double mib, String detail) {
        table.row(
                "resident " + when,
                format("%.1f MiB", mib),
                format("%.0f MiB", MEMORY_TARGET_MIB),
                verdict(mib, MEMORY_TARGET_MIB) + "; " + detail);
    }

    private static void control(TextTable table, Control control) {
        final String rules = ", " + rules(control.rules());
        final ChangeTimes changes = control.changes();
        change(table, "SA added, median" + rules, changes.addMedianMs(), "; " + changes.changes() + " changes");
        change(table, "SA added, p90" + rules, changes.addP90Ms(), "; " + changes.fullReads() + " full reads");
        change(table, "SA added, max" + rules, changes.addMaxMs(), "");
        table.row(
                "SA removed, median" + rules,
                format("%.2f ms", changes.removeMedianMs()),
                null,
                format("until its last copy; at most %.2f ms", changes.removeMaxMs()));
        flow(table, "flow while SAs change" + rules, control.flow(), "as without");
        flow(table, "flow without changes" + rules, control.flowWithoutChanges(), null);
        table.row(
                "resident, SAs of VICI" + rules, format("%.1f MiB", control.residentMib()), null, "after all changes");
    }

    private static void change(TextTable table, String what, double ms, String detail) {
        table.row(
                what,
                format("%.2f ms", ms),
                format("%.0f ms", CHANGE_TARGET_MS),
                verdict(ms, CHANGE_TARGET_MS) + detail);
    }

    private static void flow(TextTable table, String what, FlowTimes times, String target) {
        table.row(
                what,
                times.overOneMs() + " > 1 ms",
                target,
                format(
                        "of %,d, %d missing; p50 %.1f p99 %.1f max %,.1f us; %d GC pauses, longest %.1f ms",
                        times.packets(),
                        times.missing(),
                        times.p50Us(),
                        times.p99Us(),
                        times.maxUs(),
                        times.gcPauses(),
                        times.longestGcPauseMs()));
    }

    private static String verdict(double value, double target) {
        return value <= target ? "met" : format("missed by a factor of %.2f", value / target);
    }

    private static String rules(boolean hasRules) {
        return hasRules ? "rules" : "no rules";
    }

    private static double ms(long ns) {
        return Math.round(ns / 1e4) / 1e2;
    }

    private static double us(long ns) {
        return tenths(ns / 1e3);
    }

    private static double tenths(double value) {
        return Math.round(10 * value) / 10.0;
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
