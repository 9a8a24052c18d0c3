// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaSet;
import org.markcast.engine.sa.SaSet.Unhandled;
import org.markcast.ipsec.vici.ChildSa.Phase;

/**
 * What charon has told about its CHILD_SAs, kept by their unique IDs, and as the SAs that follow from it. A change costs what
 * the generations of one SA cost, however many SAs there are. Belongs to the event loop's thread.
 */
final class SaBook {

    /** Nothing known: before the first full read. */
    static final SaBook BLANK = new SaBook();

    private final Map<Long, ChildSa> children = new HashMap<>();
    private final Map<Long, Set<Long>> childrenOfIke = new HashMap<>();
    private final TreeMap<GenerationKey, Generations> handled = new TreeMap<>();
    private final TreeMap<Long, Unhandled> unhandled = new TreeMap<>();

    /** Of the SAs that exist or, in the book before this one, existed. */
    private final Map<String, GenerationKey> owners = new HashMap<>();

    private final Map<GenerationKey, String> names = new HashMap<>();

    /** What was known before; null once everything has been read. */
    private SaBook predecessor;

    private int leaving;

    /** IKE_SAs that went down and still have children: lately, and longer ago. */
    private Set<Long> ended = new HashSet<>();

    private Set<Long> endedLongAgo = new HashSet<>();

    private boolean isIncomplete;

    private SaBook() {}

    /** A book for a full read that follows another: SAs that stay keep their names. */
    static SaBook after(SaBook predecessor) {
        final SaBook book = new SaBook();
        book.predecessor = predecessor;
        book.owners.putAll(predecessor.owners);
        book.names.putAll(predecessor.names);
        return book;
    }

    /** Ends a full read. */
    void complete() {
        predecessor = null;
        names.keySet().retainAll(handled.keySet());
        owners.values().retainAll(handled.keySet());
    }

    boolean has(long id) {
        return children.containsKey(id);
    }

    boolean hasChildrenOf(long ikeId) {
        return childrenOfIke.containsKey(ikeId);
    }

    /** Whether there are SAs that will vanish without an event. */
    boolean hasLeaving() {
        return leaving > 0;
    }

    /** Whether an SA is in use of which charon told nothing. */
    boolean isIncomplete() {
        return isIncomplete;
    }

    /** Whether an IKE_SA went down whose children's own events have not come yet. */
    boolean hasEnding() {
        return !ended.isEmpty() || !endedLongAgo.isEmpty();
    }

    /** Whether SAs are left of an IKE_SA that went down before the call before this one. */
    boolean hasOrphans() {
        final boolean hasOrphans = !endedLongAgo.isEmpty();
        endedLongAgo = ended;
        ended = new HashSet<>();
        return hasOrphans;
    }

    /** Notes that an IKE_SA went down; its children remain until their own events come. */
    void end(long ikeId) {
        if (hasChildrenOf(ikeId)) {
            ended.add(ikeId);
        }
    }

    /** Number of CHILD_SAs that charon has, handled or not. */
    int size() {
        return children.size();
    }

    /**
     * Adds an SA, or replaces what was known of it. Where charon tells little, as it does while an SA changes, what was known
     * before remains; an SA that is not in the kernel yet is left out.
     */
    void put(ChildSa reported) {
        final ChildSa child = reported.esp() == null && reported.isHandled() ? complete(reported) : reported;
        remove(reported.id());
        if (child != null) {
            insert(child);
        }
    }

    private ChildSa complete(ChildSa reported) {
        final ChildSa known = known(reported.id());
        if (known == null || reported.phase() == Phase.COMING) {
            isIncomplete |= reported.phase() == Phase.INSTALLED || reported.phase() == Phase.REKEYING;
            return null;
        }
        return known.below(reported.ikeId()).in(reported.phase());
    }

    private ChildSa known(long id) {
        final ChildSa known = children.get(id);
        return known != null || predecessor == null ? known : predecessor.children.get(id);
    }

    private void insert(ChildSa child) {
        children.put(child.id(), child);
        childrenOfIke.computeIfAbsent(child.ikeId(), ike -> new HashSet<>()).add(child.id());
        leaving += child.phase() == Phase.LEAVING ? 1 : 0;
        if (!child.isHandled()) {
            unhandled.put(child.id(), new Unhandled(child.label(), child.problem()));
            return;
        }
        final GenerationKey key = GenerationKey.of(child);
        handled.computeIfAbsent(key, unused -> new Generations(nameOf(key))).put(child);
    }

    /** Forgets an SA; nothing if it is not known. */
    void remove(long id) {
        final ChildSa child = children.remove(id);
        if (child == null) {
            return;
        }
        childrenOfIke.get(child.ikeId()).remove(id);
        if (childrenOfIke.get(child.ikeId()).isEmpty()) {
            childrenOfIke.remove(child.ikeId());
            ended.remove(child.ikeId());
            endedLongAgo.remove(child.ikeId());
        }
        leaving -= child.phase() == Phase.LEAVING ? 1 : 0;
        unhandled.remove(id);
        if (child.isHandled()) {
            final GenerationKey key = GenerationKey.of(child);
            final Generations generations = handled.get(key);
            generations.remove(id);
            if (generations.isEmpty()) {
                handled.remove(key);
                if (predecessor == null) {
                    owners.remove(names.remove(key));
                }
            }
        }
    }

    /** Notes that an SA has a successor now. */
    void supersede(long id) {
        change(List.of(id), child -> child.in(Phase.LEAVING));
    }

    /** Moves the children of an IKE_SA that was rekeyed. */
    void inherit(long oldIkeId, long newIkeId) {
        change(idsOf(oldIkeId), child -> child.below(newIkeId));
    }

    /** Gives the children of an IKE_SA new endpoints. */
    void move(long ikeId, Endpoints endpoints) {
        change(idsOf(ikeId), child -> child.between(endpoints));
    }

    private List<Long> idsOf(long ikeId) {
        return List.copyOf(childrenOfIke.getOrDefault(ikeId, Set.of()));
    }

    private void change(List<Long> ids, UnaryOperator<ChildSa> change) {
        for (final Long id : ids) {
            final ChildSa changed = change.apply(children.get(id));
            remove(id);
            insert(changed);
        }
    }

    /** Child name and reqid; the mark too where a configured reqid makes that ambiguous. */
    private String nameOf(GenerationKey key) {
        final String known = names.get(key);
        if (known != null) {
            return known;
        }
        final String plain = key.child() + "." + key.reqid();
        String name = plain;
        for (int i = 0; owners.containsKey(name); i++) {
            name = plain + "/" + key.markIn() + (i == 0 ? "" : "#" + i);
        }
        owners.put(name, key);
        names.put(key, name);
        return name;
    }

    /** The newest last: where a client has come back before its old SA is gone, what is newer must count. */
    SaSet sas() {
        final List<Sa> sas = new ArrayList<>(handled.size());
        final List<Unhandled> others = new ArrayList<>(unhandled.values());
        final List<Generations> byAge = new ArrayList<>(handled.values());
        byAge.sort(Comparator.comparingLong(Generations::newest));
        for (final Generations generations : byAge) {
            if (generations.sa() != null) {
                sas.add(generations.sa());
            }
            others.addAll(generations.duplicates());
        }
        return new SaSet(sas, others);
    }
}
