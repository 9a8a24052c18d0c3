// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.util.Arrays;
import org.agrona.collections.Hashing;

/**
 * Sets of slots by key. Immutable, and made to be changed often all the same: a hash table whose entries stand in small
 * chunks, of which a successor shares all but those that differ. What it copies is 4 bytes for each chunk.
 */
final class SlotMap {

    static final SlotMap EMPTY = new SlotMap(new Chunk[] {Chunk.EMPTY}, 0);

    private static final int MAX_AVERAGE_CHUNK = 8; // keys: one cache line

    private final Chunk[] chunks; // a power of two
    private final int size;

    private record Chunk(long[] keys, SlotSet[] sets) {

        static final Chunk EMPTY = new Chunk(new long[0], new SlotSet[0]);

        int positionOf(long key) {
            for (int position = 0; position < keys.length; position++) {
                if (keys[position] == key) {
                    return position;
                }
            }
            return -1;
        }

        Chunk with(int position, SlotSet set) {
            final SlotSet[] newSets = sets.clone();
            newSets[position] = set;
            return new Chunk(keys, newSets);
        }

        Chunk withMore(long key, SlotSet set) {
            final long[] newKeys = Arrays.copyOf(keys, keys.length + 1);
            final SlotSet[] newSets = Arrays.copyOf(sets, sets.length + 1);
            newKeys[keys.length] = key;
            newSets[sets.length] = set;
            return new Chunk(newKeys, newSets);
        }

        Chunk without(int position) {
            final int last = keys.length - 1;
            final long[] newKeys = Arrays.copyOf(keys, last);
            final SlotSet[] newSets = Arrays.copyOf(sets, last);
            if (position < last) {
                newKeys[position] = keys[last];
                newSets[position] = sets[last];
            }
            return new Chunk(newKeys, newSets);
        }
    }

    private SlotMap(Chunk[] chunks, int size) {
        this.chunks = chunks;
        this.size = size;
    }

    /** The set of a key; empty if the map does not have it. */
    SlotSet get(long key) {
        final Chunk chunk = chunks[Hashing.hash(key) & chunks.length - 1];
        final int position = chunk.positionOf(key);
        return position < 0 ? SlotSet.EMPTY : chunk.sets[position];
    }

    /**
     * Begins a successor.
     *
     * @param newKeys how many keys it may get at most
     */
    Editor edit(int newKeys) {
        return new Editor(newKeys);
    }

    /** A successor in the making. */
    final class Editor {

        private Chunk[] newChunks = chunks.clone();
        private int newSize = size;

        private Editor(int newKeys) {
            final int wanted = (size + newKeys) / MAX_AVERAGE_CHUNK;
            if (wanted > chunks.length) {
                spread(Integer.highestOneBit(wanted) << 1);
            }
        }

        private void spread(int chunkCount) {
            newChunks = new Chunk[chunkCount];
            Arrays.fill(newChunks, Chunk.EMPTY);
            newSize = 0;
            for (final Chunk chunk : chunks) {
                for (int position = 0; position < chunk.keys.length; position++) {
                    put(chunk.keys[position], chunk.sets[position]);
                }
            }
        }

        /** Gives a key another set; an empty one takes the key out. */
        void put(long key, SlotSet set) {
            final int at = Hashing.hash(key) & newChunks.length - 1;
            final Chunk chunk = newChunks[at];
            final int position = chunk.positionOf(key);
            if (position < 0) {
                if (!set.isEmpty()) {
                    newChunks[at] = chunk.withMore(key, set);
                    newSize++;
                }
            } else if (set.isEmpty()) {
                newChunks[at] = chunk.without(position);
                newSize--;
            } else {
                newChunks[at] = chunk.with(position, set);
            }
        }

        SlotMap done() {
            return new SlotMap(newChunks, newSize);
        }
    }
}
