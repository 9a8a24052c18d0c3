// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.counter;

import java.util.Arrays;
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

    private SaCounters(AtomicCounter[] packetsIn, AtomicCounter[] copies) {
        this.packetsIn = packetsIn;
        this.copies = copies;
    }

    /** For SAs that nobody counts for: {@code replay}, benchmarks. */
    public static SaCounters none(int slots) {
        return new SaCounters(new AtomicCounter[slots], new AtomicCounter[slots]);
    }

    /** The same for a table with so many slots, to be changed before anybody else sees it. */
    SaCounters resized(int slots) {
        return new SaCounters(Arrays.copyOf(packetsIn, slots), Arrays.copyOf(copies, slots));
    }

    void set(int index, Pair pair) {
        packetsIn[index] = pair == null ? null : pair.packetsIn();
        copies[index] = pair == null ? null : pair.copies();
    }

    boolean isCounted(int index) {
        return copies[index] != null;
    }

    /** Number of slots of the table. */
    public int slots() {
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
