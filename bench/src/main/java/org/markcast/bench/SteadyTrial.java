// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.markcast.bench.ScaleReport.FlowTimes;

/**
 * Whether the forwarders pause when SAs change: how long each packet of a steady flow to another SA takes from the LAN to the
 * sink, while SAs come and go, and while they do not. Half of the time without changes comes before, half after.
 */
final class SteadyTrial {

    private static final int PACKETS_PER_SECOND = 1_000;
    private static final long PACE_NS = TimeUnit.SECONDS.toNanos(1) / PACKETS_PER_SECOND;
    private static final long CHANGE_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long NEVER = Long.MAX_VALUE;
    private static final long LOOK_INTERVAL_MS = 2;
    private static final long LINGER_NS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long SETTLE_MS = 1_000;

    private final ScaleNetwork network;
    private final ChangingService changing;

    /** Both ways of the same flow. */
    record Comparison(FlowTimes changing, FlowTimes control) {}

    SteadyTrial(ScaleNetwork network, ChangingService changing) {
        this.network = network;
        this.changing = changing;
    }

    Comparison run(int seconds) throws IOException {
        final int packets = seconds * PACKETS_PER_SECOND;
        watch(PACKETS_PER_SECOND, NEVER); // warm-up
        final Watched before = watch(packets / 2, NEVER);
        final Watched during = watch(packets, CHANGE_INTERVAL_NS);
        Threads.sleepMs(SETTLE_MS);
        final Watched after = watch(packets - packets / 2, NEVER);
        return new Comparison(during.times(), before.plus(after).times());
    }

    /** Packets that were sent at a stretch, or at two. */
    private record Watched(Durations durations, int missing, MeasuredService.Pauses pauses) {

        Watched plus(Watched more) {
            return new Watched(
                    durations.plus(more.durations),
                    missing + more.missing,
                    new MeasuredService.Pauses(
                            pauses.count() + more.pauses.count(),
                            Math.max(pauses.longestMs(), more.pauses.longestMs())));
        }

        FlowTimes times() {
            return FlowTimes.of(durations, missing, pauses);
        }
    }

    private Watched watch(int packets, long changeIntervalNs) throws IOException {
        final MeasuredService service = changing.service();
        final long[] arrivedNs = new long[packets];
        final long[] leftNs = new long[packets];
        final int gcLogStart = service.gcLogLength();
        try (LinkWatch lan = network.watchLan();
                LinkWatch sink = network.watchSink();
                PacedFlow flow = network.flow(ScaleNetwork.ONE, PACE_NS)) {
            long changeNs = System.nanoTime();
            while (flow.sent() < packets) {
                look(lan, arrivedNs, sink, leftNs);
                if (System.nanoTime() - changeNs >= changeIntervalNs) {
                    changing.change();
                    changeNs += changeIntervalNs;
                }
            }
            final long endNs = System.nanoTime() + LINGER_NS;
            while (System.nanoTime() < endNs) {
                look(lan, arrivedNs, sink, leftNs);
            }
        }
        final MeasuredService.Pauses pauses = service.pauses(gcLogStart, service.gcLogLength());
        return watched(arrivedNs, leftNs, pauses);
    }

    private static Watched watched(long[] arrivedNs, long[] leftNs, MeasuredService.Pauses pauses) {
        final long[] durationsNs = IntStream.range(0, arrivedNs.length)
                .filter(i -> arrivedNs[i] != 0 && leftNs[i] != 0)
                .mapToLong(i -> leftNs[i] - arrivedNs[i])
                .toArray();
        if (durationsNs.length == 0) {
            throw new IllegalStateException("no packet was seen at both the LAN interface and the sink");
        }
        return new Watched(Durations.of(durationsNs), arrivedNs.length - durationsNs.length, pauses);
    }

    private static void look(LinkWatch lan, long[] arrivedNs, LinkWatch sink, long[] leftNs) {
        Threads.sleepMs(LOOK_INTERVAL_MS);
        lan.look(ScaleNetwork.ONE.address(), arrivedNs);
        sink.look(ScaleNetwork.ONE.address(), leftNs);
    }
}
