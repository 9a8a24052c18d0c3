// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.markcast.bench.LinkWatch.Passed;
import org.markcast.bench.ScaleReport.ChangeTimes;

/**
 * How long it takes until an SA that was added gets its first copy, and one that was removed its last. Packets to its group
 * flow all the time, so the pace is the resolution.
 */
final class ChangeTrial {

    private static final long PACE_NS = TimeUnit.MICROSECONDS.toNanos(150);
    private static final long LOOK_INTERVAL_MS = 1;
    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(20);

    /** Between a change and the next one. */
    private static final long REST_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ScaleNetwork network;
    private final ChangingService changing;

    ChangeTrial(ScaleNetwork network, ChangingService changing) {
        this.network = network;
        this.changing = changing;
    }

    ChangeTimes run(int changes) throws IOException {
        final long[] addedNs = new long[changes];
        final long[] removedNs = new long[changes];
        final int readsBefore = changing.fullReads();
        try (LinkWatch sink = network.watchSink();
                PacedFlow flow = network.flow(ScaleNetwork.NEWCOMER, PACE_NS)) {
            for (int i = 0; i < changes; i++) {
                final long upNs = changing.add();
                addedNs[i] = awaitFirst(sink, i + 1, flow) - upNs;
                look(sink, REST_NS);
                final long downNs = changing.remove();
                removedNs[i] = Math.max(0, awaitLast(sink) - downNs);
            }
        }
        return ChangeTimes.of(Durations.of(addedNs), Durations.of(removedNs), changing.fullReads() - readsBefore);
    }

    private static long awaitFirst(LinkWatch sink, int change, PacedFlow flow) {
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        final int sentBefore = flow.sent();
        while (System.nanoTime() < deadlineNs) {
            final Passed passed = sink.look(ScaleNetwork.NEWCOMER.address());
            if (passed.count() > 0) {
                return passed.firstNs();
            }
            Threads.sleepMs(LOOK_INTERVAL_MS);
        }
        throw new IllegalStateException("the SA that was added as change " + change + " got none of "
                + (flow.sent() - sentBefore) + " packets within " + TimeUnit.NANOSECONDS.toSeconds(TIMEOUT_NS) + " s");
    }

    /** When the last copy passed before none came for a while; 0 if there was none. */
    private static long awaitLast(LinkWatch sink) {
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        long lastNs = 0;
        Passed passed = look(sink, REST_NS);
        while (passed.count() > 0) {
            if (System.nanoTime() > deadlineNs) {
                throw new IllegalStateException("an SA that was removed gets copies for "
                        + TimeUnit.NANOSECONDS.toSeconds(TIMEOUT_NS) + " s and more");
            }
            lastNs = passed.lastNs();
            passed = look(sink, REST_NS);
        }
        return lastNs;
    }

    /** All that passes from now on for some time. */
    private static Passed look(LinkWatch sink, long durationNs) {
        final long endNs = System.nanoTime() + durationNs;
        Passed all = Passed.NONE;
        while (System.nanoTime() < endNs) {
            Threads.sleepMs(LOOK_INTERVAL_MS);
            final Passed passed = sink.look(ScaleNetwork.NEWCOMER.address());
            all = all.followedBy(passed);
        }
        return all;
    }
}
