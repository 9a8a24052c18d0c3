// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.ArrayList;
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
 * the generations of one SA cost, however many SAs there are. An SA that has not changed is the same object from list to list,
 * so that who compares two lists sees it at once. Belongs to the event loop's thread.
 *
 * <p>A full read goes over what is known: each SA that is told is confirmed, and what was not confirmed is gone. Charon repeats
 * itself, so what such a read leaves behind is garbage that dies young, with thousands of SAs too.
 */
final class SaBook {

    /** Nothing known: before the first full read. */
    static final SaBook BLANK = new SaBook();

    private final Map<Long, ChildSa> children = new HashMap<>();

    /** Short lists: nearly every IKE_SA has one or two. */
    private final Map<Long, List<Long>> childrenOfIke = new HashMap<>();

    private final Map<GenerationKey, Generations> handled = new HashMap<>();

    /** The handled ones by the number of their newest CHILD_SA. */
    private final TreeMap<Long, Generations> byAge = new TreeMap<>();

    private final TreeMap<Long, Unhandled> unhandled = new TreeMap<>();

    private final Map<String, GenerationKey> owners = new HashMap<>();

    private final Map<GenerationKey, String> names = new HashMap<>();

    /** Null: something has changed since it was made. */
    private SaSet sas;

    /** Numbers of the CHILD_SAs of which a full read that is under way has not told yet. */
    private Set<Long> unconfirmed = Set.of();

    private int leaving;

    /** IKE_SAs that went down and still have children: lately, and longer ago. */
    private Set<Long> ended = new HashSet<>();

    private Set<Long> endedLongAgo = new HashSet<>();

    private boolean isIncomplete;

    /** Begins a full read; it may begin anew before it is complete. */
    void startRead() {
        unconfirmed = new HashSet<>(children.keySet());
        ended.clear();
        endedLongAgo.clear();
        isIncomplete = false;
    }

    /** Ends a full read: what it has not told is gone. */
    void complete() {
        final Set<Long> gone = unconfirmed;
        unconfirmed = Set.of();
        gone.forEach(this::remove);
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
        if (child == null) {
            remove(reported.id());
        } else {
            if (!unconfirmed.isEmpty()) {
                unconfirmed.remove(child.id());
            }
            enter(child);
        }
    }

    private ChildSa complete(ChildSa reported) {
        final ChildSa known = children.get(reported.id());
        if (known == null || reported.phase() == Phase.COMING) {
            isIncomplete |= reported.phase() == Phase.INSTALLED || reported.phase() == Phase.REKEYING;
            return null;
        }
        return known.below(reported.ikeId()).in(reported.phase());
    }

    /** Adds an SA or replaces it. An SA that is replaced by its like keeps its name and whatever has not changed. */
    private void enter(ChildSa child) {
        final ChildSa known = children.get(child.id());
        if (child.equals(known)) {
            return;
        }
        children.put(child.id(), child);
        sas = null;
        final GenerationKey key = child.isHandled() ? GenerationKey.of(child) : null;
        if (known == null) {
            adopt(child);
        } else {
            if (known.ikeId() != child.ikeId()) {
                disown(known);
                adopt(child);
            }
            leaving -= known.phase() == Phase.LEAVING ? 1 : 0;
            unhandled.remove(known.id());
            if (known.isHandled() && !GenerationKey.of(known).equals(key)) {
                removeGeneration(known);
            }
        }
        leaving += child.phase() == Phase.LEAVING ? 1 : 0;
        if (key == null) {
            unhandled.put(child.id(), new Unhandled(child.label(), child.problem()));
        } else {
            putGeneration(key, child);
        }
    }

    /** Forgets an SA; nothing if it is not known. */
    void remove(long id) {
        final ChildSa child = children.remove(id);
        if (child == null) {
            return;
        }
        sas = null;
        disown(child);
        leaving -= child.phase() == Phase.LEAVING ? 1 : 0;
        unhandled.remove(id);
        if (child.isHandled()) {
            removeGeneration(child);
        }
    }

    private void adopt(ChildSa child) {
        childrenOfIke.computeIfAbsent(child.ikeId(), ike -> new ArrayList<>(1)).add(child.id());
    }

    private void disown(ChildSa child) {
        final List<Long> siblings = childrenOfIke.get(child.ikeId());
        siblings.remove((Long) child.id());
        if (siblings.isEmpty()) {
            childrenOfIke.remove(child.ikeId());
            ended.remove(child.ikeId());
            endedLongAgo.remove(child.ikeId());
        }
    }

    private void putGeneration(GenerationKey key, ChildSa child) {
        final Generations generations = handled.computeIfAbsent(key, unused -> new Generations(nameOf(key)));
        if (!generations.isEmpty()) {
            byAge.remove(generations.newest());
        }
        generations.put(child);
        byAge.put(generations.newest(), generations);
    }

    private void removeGeneration(ChildSa child) {
        final GenerationKey key = GenerationKey.of(child);
        final Generations generations = handled.get(key);
        byAge.remove(generations.newest());
        generations.remove(child.id());
        if (!generations.isEmpty()) {
            byAge.put(generations.newest(), generations);
            return;
        }
        handled.remove(key);
        owners.remove(names.remove(key));
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
        return List.copyOf(childrenOfIke.getOrDefault(ikeId, List.of()));
    }

    private void change(List<Long> ids, UnaryOperator<ChildSa> change) {
        for (final Long id : ids) {
            enter(change.apply(children.get(id)));
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
        if (sas == null) {
            final List<Sa> inUse = new ArrayList<>(byAge.size());
            final List<Unhandled> others = new ArrayList<>(unhandled.values());
            for (final Generations generations : byAge.values()) {
                if (generations.sa() != null) {
                    inUse.add(generations.sa());
                }
                if (!generations.duplicates().isEmpty()) {
                    others.addAll(generations.duplicates());
                }
            }
            sas = new SaSet(inUse, others);
        }
        return sas;
    }
}
