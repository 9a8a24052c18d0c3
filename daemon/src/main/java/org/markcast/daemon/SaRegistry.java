// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.markcast.config.Config.Source;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaChange;
import org.markcast.engine.sa.SaSet;
import org.markcast.engine.sa.SaSet.Unhandled;

/**
 * What all sources know together. A mark and a name tell one SA from all others: where two sources claim the same, what the
 * operator has written goes before what an IKE daemon reports. As long as nobody claims what another has, a change costs what
 * changes, and the list of the only source that has SAs is handed on as it is. Control thread only.
 */
final class SaRegistry {

    private static final List<Source> PRECEDENCE = List.of(Source.STATIC, Source.VICI);

    private final Map<Source, SaSet> sets = new EnumMap<>(Source.class);

    /** Of all SAs in {@link #claimed}; null if there was a conflict among them. */
    private SaClaims claims = new SaClaims();

    private final Map<Source, List<Sa>> claimed = new EnumMap<>(Source.class);

    SaRegistry() {
        for (final Source source : PRECEDENCE) {
            sets.put(source, SaSet.EMPTY);
            claimed.put(source, List.of());
        }
    }

    /** What a source knows. */
    SaSet get(Source source) {
        return sets.get(source);
    }

    /** Replaces what a source knows; whether that is anything new. */
    boolean put(Source source, SaSet set) {
        final SaSet known = sets.get(source);
        // Sizes first: lists that differ at the end, as most do, are compared as a whole.
        final boolean isNew = set.sas().size() != known.sas().size() || !set.equals(known);
        if (isNew) {
            sets.put(source, set);
        }
        return isNew;
    }

    /** The SAs of all sources, those without a conflict, and those that are not handled. */
    SaSet merged() {
        if (followChanges()) {
            return new SaSet(joined(SaSet::sas), joined(SaSet::unhandled));
        }
        return resolved();
    }

    private <T> List<T> joined(Function<SaSet, List<T>> part) {
        final List<T> first = part.apply(sets.get(Source.STATIC));
        final List<T> second = part.apply(sets.get(Source.VICI));
        if (first.isEmpty() || second.isEmpty()) {
            return first.isEmpty() ? second : first;
        }
        final List<T> all = new ArrayList<>(first.size() + second.size());
        all.addAll(first);
        all.addAll(second);
        return all;
    }

    /** Brings the claims up to date; false, and there are none any more, if there was or is a conflict. */
    private boolean followChanges() {
        if (claims == null) {
            return false;
        }
        final List<Sa> added = new ArrayList<>();
        for (final Source source : PRECEDENCE) {
            final SaChange change =
                    SaChange.between(claimed.get(source), sets.get(source).sas());
            change.removed().forEach(claims::release);
            added.addAll(change.added());
        }
        for (final Sa sa : added) {
            if (claims.claim(sa).isPresent()) {
                claims = null;
                return false;
            }
        }
        rememberClaimed();
        return true;
    }

    private void rememberClaimed() {
        PRECEDENCE.forEach(source -> claimed.put(source, sets.get(source).sas()));
    }

    /** Looks at all SAs of all sources. */
    private SaSet resolved() {
        final SaClaims all = new SaClaims();
        final List<Sa> sas = new ArrayList<>();
        final List<Unhandled> unhandled = new ArrayList<>();
        boolean isConflict = false;
        for (final Source source : PRECEDENCE) {
            final SaSet set = sets.get(source);
            unhandled.addAll(set.unhandled());
            for (final Sa sa : set.sas()) {
                final Optional<String> conflict = all.claim(sa);
                conflict.ifPresentOrElse(reason -> unhandled.add(new Unhandled(sa.name(), reason)), () -> sas.add(sa));
                isConflict |= conflict.isPresent();
            }
        }
        claims = isConflict ? null : all;
        rememberClaimed();
        return new SaSet(sas, unhandled);
    }
}
