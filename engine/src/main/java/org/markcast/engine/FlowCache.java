// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;
import org.markcast.engine.sa.SaTable;

/**
 * Remembers which SAs the packets of a flow go to. A flow is all packets of the same origin, addresses, protocol and ports.
 * Owned by one forwarder thread; keeps only the SAs of that forwarder. Neither hit nor miss allocates.
 *
 * <p>The flows stand in a table with open addressing, their targets as slices of one arena. Flows with the same targets
 * share a slice as long as it is remembered. When table or arena is full, the cache starts over: a flood of flows costs a match
 * a packet, which is what it would cost without a cache, and a number of table slots.
 */
public final class FlowCache {

    private static final int FLOWS = 1 << 14;
    private static final int SLOTS = 2 * FLOWS;
    private static final int SLICES = 1 << 8;

    private static final int MIN_ARENA = 1 << 16;
    /** Lists of all SAs that fit at the same time. */
    private static final int FULL_LISTS = 8;

    /* A slot is 4 longs, half a cache line. */
    private static final int ADDRESSES = 0;
    private static final int PROTOCOL_AND_PORTS = 1;
    private static final int ORIGIN_AND_EPOCH = 2;
    private static final int RESULT = 3;
    private static final int STRIDE = 4;

    /** Keeps a host on the LAN from choosing flows that fall into one run of slots. */
    private final long seed = ThreadLocalRandom.current().nextLong();

    private final int forwarder;
    private final long[] slots = new long[SLOTS * STRIDE];
    private final int[] sliceStarts = new int[SLICES];
    private final int[] sliceLengths = new int[SLICES];

    private SaTable sas;
    private int[] arena = new int[MIN_ARENA];
    private int[] found = {};
    private int arenaEnd;
    private int flows;
    private int epoch; // entries of another epoch are empty; epoch 0 is that of fresh memory
    private long misses;
    private long result;

    /** @param forwarder the one whose SAs are kept */
    public FlowCache(int forwarder, SaTable sas) {
        this.forwarder = forwarder;
        reset(sas);
    }

    /** Forgets everything and turns to another table. The only method that may allocate. */
    public void reset(SaTable newSas) {
        sas = newSas;
        if (found.length < newSas.size()) {
            found = new int[withRoom(newSas.size())];
            arena = new int[Math.max(MIN_ARENA, FULL_LISTS * found.length)];
        }
        startOver();
    }

    /** For a few SAs more, so that one more SA seldom costs the forwarder an allocation. */
    private static int withRoom(int size) {
        return size + (size >> 2);
    }

    private void startOver() {
        epoch++;
        if (epoch == 0) {
            Arrays.fill(slots, 0);
            epoch = 1;
        }
        flows = 0;
        arenaEnd = 0;
        Arrays.fill(sliceLengths, 0);
    }

    /**
     * Moves to a flow's result: {@link #targets()}, {@link #first()}, {@link #count()} and {@link #isWanted()} tell of it
     * until the next call. Ports as in {@link SaTable#matches}.
     *
     * @param origin index of the SA that is no target, or {@link Decision#ORIGIN_LAN}
     */
    public void find(int origin, int source, int destination, int protocol, int sourcePort, int destinationPort) {
        final long addresses = (long) source << 32 | destination & 0xffff_ffffL;
        final long protocolAndPorts = (long) protocol << 34 | (long) (sourcePort + 1) << 17 | destinationPort + 1;
        final long originAndEpoch = (long) origin << 32 | epoch & 0xffff_ffffL;
        int slot = slotOf(addresses, protocolAndPorts, origin);
        while ((int) slots[slot + ORIGIN_AND_EPOCH] == epoch) {
            if (slots[slot + ADDRESSES] == addresses
                    && slots[slot + PROTOCOL_AND_PORTS] == protocolAndPorts
                    && slots[slot + ORIGIN_AND_EPOCH] == originAndEpoch) {
                result = slots[slot + RESULT];
                return;
            }
            slot = slot + STRIDE & slots.length - 1;
        }
        misses++;
        final int matching = sas.match(source, destination, protocol, sourcePort, destinationPort, found);
        if (remember(origin, matching)) {
            slot = slotOf(addresses, protocolAndPorts, origin); // started over: the table is empty
        }
        slots[slot + ADDRESSES] = addresses;
        slots[slot + PROTOCOL_AND_PORTS] = protocolAndPorts;
        slots[slot + ORIGIN_AND_EPOCH] = (long) origin << 32 | epoch & 0xffff_ffffL;
        slots[slot + RESULT] = result;
        flows++;
    }

    /** Turns the SAs found into a result; returns whether the cache started over to make room for it. */
    private boolean remember(int origin, int matching) {
        int count = 0;
        int others = matching;
        long digest = 1;
        for (int i = 0; i < matching; i++) {
            final int target = found[i];
            if (target == origin) {
                others--;
            } else if (sas.forwarderOf(target) == forwarder) {
                found[count++] = target;
                digest = digest * 31 + target;
            }
        }
        final boolean isStartingOver = flows == FLOWS || count > arena.length - arenaEnd;
        if (isStartingOver) {
            startOver();
        }
        final int first = sliceWith(count, (int) mix(digest) & SLICES - 1);
        result = (long) first << 32 | (long) count << 1 | (others > 0 ? 1 : 0);
        return isStartingOver;
    }

    /** Where in the arena the first {@code count} SAs found stand, now or already. */
    private int sliceWith(int count, int slice) {
        final int known = sliceStarts[slice];
        if (sliceLengths[slice] == count && Arrays.equals(arena, known, known + count, found, 0, count)) {
            return known;
        }
        final int first = arenaEnd;
        System.arraycopy(found, 0, arena, first, count);
        arenaEnd += count;
        sliceStarts[slice] = first;
        sliceLengths[slice] = count;
        return first;
    }

    private int slotOf(long addresses, long protocolAndPorts, int origin) {
        return ((int) mix(addresses * 0x9e3779b97f4a7c15L + mix(protocolAndPorts + origin + seed)) & SLOTS - 1)
                * STRIDE;
    }

    /** The finalizer of SplitMix64. */
    private static long mix(long value) {
        final long once = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        final long twice = (once ^ once >>> 27) * 0x94d049bb133111ebL;
        return twice ^ twice >>> 31;
    }

    /** Holds the targets of the flow found, from {@link #first()} on. */
    public int[] targets() {
        return arena;
    }

    public int first() {
        return (int) (result >>> 32);
    }

    /** Number of targets that belong to this forwarder. */
    public int count() {
        return (int) result >>> 1;
    }

    /** Whether the flow has a target at all, with this or another forwarder. */
    public boolean isWanted() {
        return (result & 1) != 0;
    }

    /** Flows that had to be matched, since the start. */
    public long misses() {
        return misses;
    }
}
