// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.concurrent.TimeUnit;

/**
 * Spreads packets evenly over time, in small bursts between which the sender sleeps. A sender that could not keep up for a while
 * does not make up for all of it: that would be a flood. Owned by the sending thread.
 */
final class Pace {

    /** As fast as the sender can. */
    static final double FLAT_OUT = Double.POSITIVE_INFINITY;

    /** Evenly: the kernel's timers are not much finer. */
    static final long EVEN_NS = TimeUnit.MICROSECONDS.toNanos(500);

    /** For a sender that only has to keep queues full: sleeping and waking up costs more than some packets. */
    static final long COARSE_NS = TimeUnit.MILLISECONDS.toNanos(4);

    /** What was due earlier than so long ago is given up. */
    static final long MAX_ARREARS_NS = TimeUnit.MILLISECONDS.toNanos(10);

    private final double perSecond;
    private final long sleepNs;
    private final long startNs;
    private long settled; // packets that were handed out or given up

    /** @param sleepNs the least time to sleep */
    Pace(double perSecond, long sleepNs, long startNs) {
        this.perSecond = perSecond;
        this.sleepNs = sleepNs;
        this.startNs = startNs;
    }

    /** How many packets to send now, at most this many. */
    int take(long nowNs, int limit) {
        if (perSecond == FLAT_OUT) {
            return limit;
        }
        final long due = (long) (perSecond * (nowNs - startNs) / 1e9);
        final long maxArrears = Math.max(1, (long) (perSecond * MAX_ARREARS_NS / 1e9));
        settled = Math.max(settled, due - maxArrears);
        final int taken = (int) Math.min(limit, due - settled);
        settled += taken;
        return taken;
    }

    /** How long to sleep when nothing is due. */
    long sleepNs(long nowNs) {
        final long nextNs = startNs + (long) ((settled + 1) * 1e9 / perSecond);
        return Math.max(sleepNs, nextNs - nowNs);
    }
}
