// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.counter;

import org.agrona.concurrent.status.AtomicCounter;
import org.markcast.engine.counter.Counters.Pair;

/**
 * The counters of the SAs of one table, by the table's indexes, so that counting a copy needs no map. An SA may have none.
 * Packets in are written by forwarder 0, copies by the forwarder that the SA belongs to; readable from anywhere.
 */
public final class SaCounters {

    /** What is read of an SA without counters. */
    public static final long UNKNOWN = -1;

    private final AtomicCounter[] packetsIn;
    private final AtomicCounter[] copies;

    SaCounters(Pair[] pairs) {
        packetsIn = new AtomicCounter[pairs.length];
        copies = new AtomicCounter[pairs.length];
        for (int i = 0; i < pairs.length; i++) {
            if (pairs[i] != null) {
                packetsIn[i] = pairs[i].packetsIn();
                copies[i] = pairs[i].copies();
            }
        }
    }

    /** For SAs that nobody counts for: {@code replay}, benchmarks. */
    public static SaCounters none(int size) {
        return new SaCounters(new Pair[size]);
    }

    public int size() {
        return copies.length;
    }

    /** Counts a packet that came from the SA. */
    public void packetIn(int index) {
        increment(packetsIn[index]);
    }

    /** Counts a copy that was queued for the SA. */
    public void copy(int index) {
        increment(copies[index]);
    }

    /** Packets that came from the SA, or {@link #UNKNOWN}. */
    public long packetsIn(int index) {
        return read(packetsIn[index]);
    }

    /** Copies that were queued for the SA, or {@link #UNKNOWN}. */
    public long copies(int index) {
        return read(copies[index]);
    }

    private static void increment(AtomicCounter counter) {
        if (counter != null) {
            counter.incrementRelease();
        }
    }

    private static long read(AtomicCounter counter) {
        return counter == null ? UNKNOWN : counter.getAcquire();
    }
}
