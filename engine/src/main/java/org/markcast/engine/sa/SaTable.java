// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.markcast.engine.packet.Ipv4Address;

/**
 * The SAs of one moment, each in a slot whose index is its number, with indexes to find them by mark, by source and by
 * matching packet. Immutable: built by the control thread, read by all forwarders. Lookups allocate nothing.
 *
 * <p>An SA keeps its slot as long as it exists; a later SA takes a slot that has become empty. So a successor shares with its
 * table what has not changed, and one SA more among ten thousand costs microseconds.
 *
 * <p>Each SA belongs to one forwarder, which alone sends its copies; a successor of a table leaves every SA that stays with
 * its forwarder. Otherwise two forwarders that see the new table at different moments could both send a packet, or neither.
 */
public final class SaTable {

    /** In place of an index: no SA. */
    public static final int NONE = -1;

    /** Different rows of local selectors that are remembered to be shared. Commonly all SAs have the same. */
    private static final int COMMON_LOCALS = 8;

    private final List<Sa> sas;
    private final Set<String> reinject;
    private final Slot[] slots;
    private final int[] empty; // slots
    private final int[] loads; // SAs of each forwarder
    private final int[][] commonLocals;
    private final MaskIndex marks;
    private final MaskIndex remotePrefixes;

    private final WeakReference<SaTable> predecessor; // weak: or no table would ever go
    private final int[] changed; // slots that differ from the predecessor's

    /** A table without SAs. */
    private SaTable(Set<String> reinject, int forwarders) {
        sas = List.of();
        this.reinject = Set.copyOf(reinject);
        slots = new Slot[0];
        empty = new int[0];
        loads = new int[forwarders];
        commonLocals = new int[COMMON_LOCALS][0];
        marks = MaskIndex.EMPTY;
        remotePrefixes = MaskIndex.EMPTY;
        predecessor = new WeakReference<>(null);
        changed = new int[0];
    }

    private SaTable(SaTable before, List<Sa> latest, Set<String> reinject) {
        final Succession made =
                new Succession(before.slots, before.empty, before.loads, before.commonLocals, latest.size());
        made.follow(SaChange.between(before.sas, latest), before::indexOf);
        sas = List.copyOf(latest);
        this.reinject = Set.copyOf(reinject);
        slots = made.slots();
        empty = made.empty();
        loads = made.loads();
        commonLocals = made.commonLocals();
        marks = before.marks.with(made.marks());
        remotePrefixes = before.remotePrefixes.with(made.remotePrefixes());
        predecessor = new WeakReference<>(before);
        changed = made.changed();
    }

    /**
     * A first table.
     *
     * @param sas no two of the same name
     * @param reinject names of the children whose clients' packets go to the other SAs too
     * @param forwarders number of forwarders that share the SAs evenly, 1 or more
     */
    public static SaTable of(List<Sa> sas, Set<String> reinject, int forwarders) {
        if (forwarders < 1) {
            throw new IllegalArgumentException("forwarders=" + forwarders + ": at least one is needed");
        }
        return new SaTable(new SaTable(reinject, forwarders), sas, reinject);
    }

    /**
     * The table that follows this one: SAs that this one has by the same name stay in their slots and with their forwarders.
     *
     * @param latest all SAs, no two of the same name
     */
    public SaTable successor(List<Sa> latest, Set<String> latestReinject) {
        if (latest.isEmpty()) {
            return new SaTable(latestReinject, forwarders()); // so that many empty slots do not stay for ever
        }
        return new SaTable(this, latest, latestReinject);
    }

    /** Number of SAs. */
    public int size() {
        return sas.size();
    }

    /** The SAs, in the order in which they were given. */
    public List<Sa> sas() {
        return sas;
    }

    /** Number of slots, some of which may be empty: every index is less. */
    public int slots() {
        return slots.length;
    }

    /** The SA at an index; null if that slot is empty, or beyond the end. */
    public Sa sa(int index) {
        return slotOrEmpty(index).sa();
    }

    /** The index of the SA that has this one's name and inbound mark, or {@link #NONE}. */
    public int indexOf(Sa sa) {
        final SlotSet candidates = marks.find(sa.markIn().mask(), sa.markIn().value());
        for (int word = 0; word < candidates.words(); word++) {
            for (int bits = candidates.bits(word); bits != 0; bits &= bits - 1) {
                final int index = candidates.base(word) + Integer.numberOfTrailingZeros(bits);
                if (slots[index].sa().name().equals(sa.name())) {
                    return index;
                }
            }
        }
        return NONE;
    }

    /**
     * The indexes of all slots that differ from another table's, in no particular order, some perhaps twice. Costs nothing if
     * this is the other's successor.
     */
    public int[] changedSince(SaTable other) {
        if (predecessor.get() == other) {
            return changed.clone();
        }
        return IntStream.range(0, Math.max(slots.length, other.slots.length))
                .filter(index -> slotOrEmpty(index) != other.slotOrEmpty(index))
                .toArray();
    }

    private Slot slotOrEmpty(int index) {
        return index < slots.length ? slots[index] : Slot.EMPTY;
    }

    /** Value of the SA's outbound mark. */
    public int markOut(int index) {
        return slots[index].markOut();
    }

    /** Whether packets from this SA's clients go to the other SAs too. */
    public boolean isReinject(int index) {
        return reinject.contains(sa(index).child());
    }

    /** Number of forwarders that share the SAs. */
    public int forwarders() {
        return loads.length;
    }

    /** The forwarder that sends this SA's copies. */
    public int forwarderOf(int index) {
        return slots[index].forwarder();
    }

    /**
     * The SA whose inbound mark a packet carries, or {@link #NONE}. Where masks differ, the one with most bits wins; of several
     * SAs with the same mark the one with the lowest index. An SA with mask 0 has no mark and is never found.
     */
    public int byMark(int packetMark) {
        for (int position = 0; position < marks.masks(); position++) {
            final int mask = marks.mask(position);
            final int first =
                    mask == 0 ? NONE : marks.find(mask, packetMark & mask).first();
            if (first != NONE) {
                return first;
            }
        }
        return NONE;
    }

    /** Whether the source lies in the SA's remote selectors. */
    public boolean mayUse(int index, int source) {
        return Selectors.hold(slots[index].remotes(), source);
    }

    /**
     * The SA with the lowest index in whose remote selectors the source lies, or {@link #NONE}; multicast and 255.255.255.255
     * are no sources. Only for where marks are unknown: kernels before 5.19, capture files.
     */
    public int bySource(int source) {
        if (!Ipv4Address.isHost(source)) {
            return NONE;
        }
        int lowest = NONE;
        for (int position = 0; position < remotePrefixes.masks(); position++) {
            final int mask = remotePrefixes.mask(position);
            final int first = remotePrefixes.find(mask, source & mask).first();
            if (first != NONE) {
                lowest = lowest == NONE ? first : Math.min(lowest, first);
            }
        }
        return lowest;
    }

    /**
     * Whether the kernel has a policy of this SA for the packet: source in a local selector, destination in a remote one,
     * both of which let its protocol and ports pass. Two selectors that agree with the packet's protocol agree with each
     * other too, so either side can be looked at alone.
     *
     * @param sourcePort source port or ICMP type; -1 if there is none, which only selectors for any port let pass
     * @param destinationPort destination port or ICMP code; -1 if there is none
     */
    public boolean matches(int index, int source, int destination, int protocol, int sourcePort, int destinationPort) {
        return Selectors.accept(slots[index].locals(), source, protocol, sourcePort)
                && Selectors.accept(slots[index].remotes(), destination, protocol, destinationPort);
    }

    /**
     * Finds all SAs that {@link #matches match}, each once, in no particular order. Looks only at SAs with a remote selector
     * that holds the destination.
     *
     * @param found takes the indexes; as long as {@link #size()}
     * @return how many were found
     */
    public int match(int source, int destination, int protocol, int sourcePort, int destinationPort, int[] found) {
        int count = 0;
        int[] locals = Slot.EMPTY.locals(); // those that the answer beside it is for
        boolean isAccepted = false;
        for (int position = 0; position < remotePrefixes.masks(); position++) {
            final int mask = remotePrefixes.mask(position);
            final SlotSet candidates = remotePrefixes.find(mask, destination & mask);
            for (int word = 0; word < candidates.words(); word++) {
                for (int bits = candidates.bits(word); bits != 0; bits &= bits - 1) {
                    final int index = candidates.base(word) + Integer.numberOfTrailingZeros(bits);
                    final Slot slot = slots[index];
                    if (slot.locals() != locals) {
                        locals = slot.locals();
                        isAccepted = Selectors.accept(locals, source, protocol, sourcePort);
                    }
                    if (isAccepted
                            && Selectors.acceptWithin(slot.remotes(), mask, destination, protocol, destinationPort)) {
                        found[count++] = index;
                    }
                }
            }
        }
        return count;
    }
}
