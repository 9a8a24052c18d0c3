// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.util.Arrays;
import org.agrona.collections.Long2LongHashMap;

/**
 * Finds the SAs that have a selector whose prefix holds an address: one hash lookup for each prefix length in use, at most 33.
 * The SAs of one prefix are a <i>bucket</i>: ascending, each once. Immutable.
 */
final class PrefixIndex {

    private static final int NO_BUCKET = -1;

    /** Prefix lengths in use, the longest first. */
    private final int[] lengths;

    private final Long2LongHashMap bucketOfPrefix;
    private final int[] starts;
    private final int[] members;

    private PrefixIndex(int[] lengths, Long2LongHashMap bucketOfPrefix, int[] starts, int[] members) {
        this.lengths = lengths;
        this.bucketOfPrefix = bucketOfPrefix;
        this.starts = starts;
        this.members = members;
    }

    static PrefixIndex of(Selectors selectors) {
        final Long2LongHashMap bucketOfPrefix = new Long2LongHashMap(NO_BUCKET);
        final boolean[] isLengthUsed = new boolean[33];
        for (int sa = 0; sa < selectors.size(); sa++) {
            for (int at = selectors.start(sa); at < selectors.end(sa); at = selectors.next(at)) {
                bucketOfPrefix.putIfAbsent(keyOf(selectors, at), bucketOfPrefix.size());
                isLengthUsed[selectors.length(at)] = true;
            }
        }
        final int[] starts = new int[bucketOfPrefix.size() + 1];
        visitMembers(selectors, bucketOfPrefix, (bucket, sa) -> starts[bucket + 1]++);
        Arrays.parallelPrefix(starts, Integer::sum);
        final int[] members = new int[starts[bucketOfPrefix.size()]];
        final int[] ends = starts.clone();
        visitMembers(selectors, bucketOfPrefix, (bucket, sa) -> members[ends[bucket]++] = sa);
        return new PrefixIndex(longestFirst(isLengthUsed), bucketOfPrefix, starts, members);
    }

    @FunctionalInterface
    private interface MemberVisitor {
        void onMember(int bucket, int sa);
    }

    /** Visits each SA of each bucket once: SAs that repeat a prefix with other protocols or ports are one member. */
    private static void visitMembers(Selectors selectors, Long2LongHashMap bucketOfPrefix, MemberVisitor visitor) {
        final int[] lastMember = new int[bucketOfPrefix.size()];
        Arrays.fill(lastMember, -1);
        for (int sa = 0; sa < selectors.size(); sa++) {
            for (int at = selectors.start(sa); at < selectors.end(sa); at = selectors.next(at)) {
                final int bucket = (int) bucketOfPrefix.get(keyOf(selectors, at));
                if (lastMember[bucket] != sa) {
                    lastMember[bucket] = sa;
                    visitor.onMember(bucket, sa);
                }
            }
        }
    }

    private static int[] longestFirst(boolean[] isLengthUsed) {
        final int[] lengths = new int[isLengthUsed.length];
        int count = 0;
        for (int length = isLengthUsed.length - 1; length >= 0; length--) {
            if (isLengthUsed[length]) {
                lengths[count++] = length;
            }
        }
        return Arrays.copyOf(lengths, count);
    }

    private static long keyOf(Selectors selectors, int at) {
        return keyOf(selectors.length(at), selectors.network(at));
    }

    private static long keyOf(int length, int network) {
        return (long) length << 32 | network & 0xffff_ffffL;
    }

    /** Number of prefix lengths in use. */
    int lengthCount() {
        return lengths.length;
    }

    /** The prefix length at a position; the longest comes first. */
    int length(int position) {
        return lengths[position];
    }

    /** The bucket of the prefix of this length that holds the address, or -1. */
    int bucket(int length, int address) {
        return (int) bucketOfPrefix.get(keyOf(length, address & Selectors.maskOf(length)));
    }

    int start(int bucket) {
        return starts[bucket];
    }

    int end(int bucket) {
        return starts[bucket + 1];
    }

    /** The SA at a place between start and end of a bucket. */
    int member(int at) {
        return members[at];
    }
}
