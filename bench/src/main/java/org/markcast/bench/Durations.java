// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.Arrays;

/** Measured durations, in nanoseconds, smallest first. */
final class Durations {

    private final long[] sortedNs;

    private Durations(long[] sortedNs) {
        this.sortedNs = sortedNs;
    }

    /** @param durationsNs at least one; they are copied */
    static Durations of(long... durationsNs) {
        if (durationsNs.length == 0) {
            throw new IllegalArgumentException("nothing was measured");
        }
        final long[] sortedNs = durationsNs.clone();
        Arrays.sort(sortedNs);
        return new Durations(sortedNs);
    }

    int count() {
        return sortedNs.length;
    }

    /** The smallest duration that at least this share of all does not exceed. */
    long quantileNs(double share) {
        final int rank = (int) Math.ceil(share * sortedNs.length);
        return sortedNs[Math.max(1, Math.min(sortedNs.length, rank)) - 1];
    }

    long maxNs() {
        return sortedNs[sortedNs.length - 1];
    }

    /** How many are longer. */
    int above(long limitNs) {
        int count = 0;
        while (count < sortedNs.length && sortedNs[sortedNs.length - 1 - count] > limitNs) {
            count++;
        }
        return count;
    }

    /** These and those. */
    Durations plus(Durations more) {
        final long[] all = Arrays.copyOf(sortedNs, sortedNs.length + more.sortedNs.length);
        System.arraycopy(more.sortedNs, 0, all, sortedNs.length, more.sortedNs.length);
        return of(all);
    }
}
