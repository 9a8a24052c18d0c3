// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.counter;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.agrona.BitUtil.CACHE_LINE_LENGTH;
import static org.agrona.BufferUtil.allocateDirectAligned;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;
import org.agrona.concurrent.status.CountersManager;
import org.agrona.concurrent.status.CountersReader;
import org.markcast.config.Mark;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaTable;

/**
 * All counters of the service, in two buffers that another process may map and read ({@link CountersReader} describes their
 * layout). Allocating and freeing belong to the control thread; totals may be read from anywhere.
 */
public final class Counters {

    /** Type of a forwarder's {@link Counter}. Its key: the forwarder's index and the counter's ordinal, two ints. */
    public static final int TYPE_FORWARDER = 1;
    /** Type of {@link SaCounters#packetIn}. Its key: the SA's name in UTF-8, as far as it fits. */
    public static final int TYPE_SA_PACKETS_IN = 2;
    /** Type of {@link SaCounters#copy}. Its key: the SA's name in UTF-8, as far as it fits. */
    public static final int TYPE_SA_COPIES = 3;
    /** Type of a {@link #named} counter. No key. */
    public static final int TYPE_NAMED = 4;

    /** A forwarder may write to a freed counter until it sees the new table: after the fan-out that it is busy with. */
    private static final long REUSE_TIMEOUT_MS = 1_000;

    /** Counters that SAs leave to interfaces that appear later. */
    private static final int RESERVE = 64;

    private static final int COUNTERS_OF_AN_SA = 2;

    private final CountersManager manager;
    private final Map<SaKey, Pair> pairs = new HashMap<>();
    private final Map<String, AtomicCounter> named = new HashMap<>();
    private SaTable counted = SaTable.of(List.of(), Set.of(), 1); // the last one
    private SaCounters saCounters = SaCounters.none(0); // its
    private volatile ForwarderCounters[] forwarders = {};

    public Counters(AtomicBuffer metadata, AtomicBuffer values) {
        this(metadata, values, SystemEpochClock.INSTANCE);
    }

    Counters(AtomicBuffer metadata, AtomicBuffer values, EpochClock clock) {
        manager = new CountersManager(metadata, values, UTF_8, clock, REUSE_TIMEOUT_MS);
    }

    /** Counters in memory of this process alone, with room for {@code capacity} of them. */
    public static Counters inMemory(int capacity) {
        return inMemory(capacity, SystemEpochClock.INSTANCE);
    }

    static Counters inMemory(int capacity, EpochClock clock) {
        return new Counters(
                new UnsafeBuffer(allocateDirectAligned(capacity * CountersManager.METADATA_LENGTH, CACHE_LINE_LENGTH)),
                new UnsafeBuffer(allocateDirectAligned(capacity * CountersManager.COUNTER_LENGTH, CACHE_LINE_LENGTH)),
                clock);
    }

    /** The counters of one forwarder, allocated when first asked for. Indexes count from 0 without gaps. */
    public ForwarderCounters forwarder(int index) {
        if (index == forwarders.length) {
            final ForwarderCounters[] more = Arrays.copyOf(forwarders, index + 1);
            more[index] = new ForwarderCounters(allocateForwarder(index));
            forwarders = more;
        }
        return forwarders[index];
    }

    private AtomicCounter[] allocateForwarder(int index) {
        final Counter[] all = Counter.values();
        final AtomicCounter[] counters = new AtomicCounter[all.length];
        for (final Counter counter : all) {
            counters[counter.ordinal()] =
                    manager.newCounter("forwarder " + index + ": " + counter.label(), TYPE_FORWARDER, key -> {
                        key.putInt(0, index);
                        key.putInt(Integer.BYTES, counter.ordinal());
                    });
        }
        return counters;
    }

    /**
     * The counters of a table's SAs: an SA that has the name and the marks of one before goes on with its counters, those of
     * SAs that are gone are freed. When the room is used up, further SAs have no counters of their own until a later table
     * finds room again. Looks only at what has changed since the last table.
     */
    public SaCounters forSas(SaTable table) {
        final int[] changed = table.changedSince(counted);
        final boolean hadAllCounters = pairs.size() == counted.size();
        final Map<SaKey, Pair> gone = pairsOfLast(changed);
        final SaCounters latest = saCounters.resized(table.slots());
        for (final int slot : changed) {
            if (slot < table.slots()) {
                latest.set(slot, keptPair(table.sa(slot), gone));
            }
        }
        final IntStream candidates = hadAllCounters ? IntStream.of(changed) : IntStream.range(0, table.slots());
        candidates
                .filter(slot -> table.sa(slot) != null && !latest.isCounted(slot))
                .limit(Math.max(0, manager.available() - RESERVE) / COUNTERS_OF_AN_SA)
                .forEach(slot -> latest.set(slot, newPair(table.sa(slot))));
        gone.forEach(this::free);
        counted = table;
        saCounters = latest;
        return latest;
    }

    private Map<SaKey, Pair> pairsOfLast(int[] slots) {
        final Map<SaKey, Pair> pairsOfSlots = new HashMap<>();
        for (final int slot : slots) {
            if (counted.sa(slot) != null && saCounters.isCounted(slot)) {
                final SaKey key = SaKey.of(counted.sa(slot));
                pairsOfSlots.put(key, pairs.get(key));
            }
        }
        return pairsOfSlots;
    }

    /** The counters that there are for an SA; they are not gone then. */
    private Pair keptPair(Sa sa, Map<SaKey, Pair> gone) {
        if (sa == null) {
            return null;
        }
        final SaKey key = SaKey.of(sa);
        gone.remove(key);
        return pairs.get(key);
    }

    private Pair newPair(Sa sa) {
        final Pair pair = allocatePair(sa.name());
        pairs.put(SaKey.of(sa), pair);
        return pair;
    }

    private void free(SaKey key, Pair pair) {
        pairs.remove(key);
        pair.packetsIn().close();
        pair.copies().close();
    }

    private Pair allocatePair(String name) {
        return new Pair(
                allocateForSa(name, "packets in", TYPE_SA_PACKETS_IN), allocateForSa(name, "copies", TYPE_SA_COPIES));
    }

    private AtomicCounter allocateForSa(String name, String what, int typeId) {
        final byte[] bytes = name.getBytes(UTF_8);
        return manager.newCounter(
                "sa " + name + ": " + what,
                typeId,
                key -> key.putBytes(0, bytes, 0, Math.min(bytes.length, CountersReader.MAX_KEY_LENGTH)));
    }

    /**
     * A counter for anything else, allocated when first asked for: what the kernel dropped on an interface, for example. Has
     * one writing thread, which the caller sees to.
     */
    public AtomicCounter named(String label) {
        return named.computeIfAbsent(label, name -> manager.newCounter(name, TYPE_NAMED));
    }

    /** Frees a {@link #named} counter; nothing happens if there is none. */
    public void freeNamed(String label) {
        final AtomicCounter counter = named.remove(label);
        if (counter != null) {
            counter.close();
        }
    }

    /** Sum over all forwarders. */
    public long total(Counter counter) {
        long total = 0;
        for (final ForwarderCounters forwarder : forwarders) {
            total += forwarder.get(counter);
        }
        return total;
    }

    /** Packets captured and neither forwarded nor dropped: zero at every quiet moment. */
    public long unaccountedPackets() {
        long remainder = 0;
        for (final ForwarderCounters forwarder : forwarders) {
            remainder += forwarder.unaccountedPackets();
        }
        return remainder;
    }

    /** Copies queued whose fate is open: zero at every quiet moment. */
    public long unaccountedCopies() {
        long remainder = 0;
        for (final ForwarderCounters forwarder : forwarders) {
            remainder += forwarder.unaccountedCopies();
        }
        return remainder;
    }

    /** All counters by label, type and key. */
    public CountersReader reader() {
        return manager;
    }

    /** What an SA's counters follow it by. */
    private record SaKey(String name, Mark markIn, Mark markOut) {
        static SaKey of(Sa sa) {
            return new SaKey(sa.name(), sa.markIn(), sa.markOut());
        }
    }

    /** The counters of one SA. */
    record Pair(AtomicCounter packetsIn, AtomicCounter copies) {}
}
