// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.markcast.config.Config.Source;
import org.markcast.config.Mark;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaSet;
import org.markcast.engine.sa.SaSet.Unhandled;

/**
 * What all sources know together. A mark and a name tell one SA from all others: where two sources claim the same, what the
 * operator has written goes before what an IKE daemon reports. Control thread only.
 */
final class SaRegistry {

    private final Map<Source, SaSet> sets = new EnumMap<>(Source.class);

    /** Replaces what a source knows. */
    void put(Source source, SaSet set) {
        sets.put(source, set);
    }

    /** The SAs of all sources, those without a conflict, and those that are not handled. */
    SaSet merged() {
        final List<Sa> sas = new ArrayList<>();
        final List<Unhandled> unhandled = new ArrayList<>();
        final Claims claims = new Claims();
        for (final Source source : List.of(Source.STATIC, Source.VICI)) {
            final SaSet set = sets.getOrDefault(source, SaSet.EMPTY);
            unhandled.addAll(set.unhandled());
            for (final Sa sa : set.sas()) {
                final Optional<String> conflict = claims.claim(sa);
                conflict.ifPresentOrElse(reason -> unhandled.add(new Unhandled(sa.name(), reason)), () -> sas.add(sa));
            }
        }
        return new SaSet(sas, unhandled);
    }

    /** Names and marks that are taken, and by whom. */
    private static final class Claims {

        private final Set<String> names = new HashSet<>();
        private final Holders inbound = new Holders();
        private final Holders outbound = new Holders();

        /** Takes all that the SA needs, or says what is taken already and takes nothing. */
        private Optional<String> claim(Sa sa) {
            if (names.contains(sa.name())) {
                return Optional.of("another SA has its name");
            }
            final Optional<String> conflict = inbound.holder(sa.markIn())
                    .map(holder -> "SA " + holder + " has its inbound mark " + sa.markIn())
                    .or(() -> outbound.holder(sa.markOut())
                            .map(holder -> "SA " + holder + " has its outbound mark " + sa.markOut()));
            if (conflict.isEmpty()) {
                names.add(sa.name());
                inbound.put(sa.markIn(), sa.name());
                outbound.put(sa.markOut(), sa.name());
            }
            return conflict;
        }
    }

    /** Who has which marks of one direction. Marks with the full mask, nearly all, are found at once; others are few. */
    private static final class Holders {

        private final Map<Mark, String> all = new HashMap<>();
        private final Map<Mark, String> masked = new HashMap<>();

        private void put(Mark mark, String name) {
            all.put(mark, name);
            if (mark.mask() != Mark.FULL_MASK) {
                masked.put(mark, name);
            }
        }

        /** The SA that has a mark which some packet could match as well. */
        private Optional<String> holder(Mark mark) {
            final String same = all.get(mark);
            if (same != null) {
                return Optional.of(same);
            }
            final Map<Mark, String> candidates = mark.mask() == Mark.FULL_MASK ? masked : all;
            return candidates.entrySet().stream()
                    .filter(taken -> taken.getKey().overlaps(mark))
                    .map(Map.Entry::getValue)
                    .findFirst();
        }
    }
}
