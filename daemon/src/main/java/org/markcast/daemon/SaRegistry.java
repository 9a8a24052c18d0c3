// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

        private final Map<String, String> names = new HashMap<>();
        private final Map<Mark, String> inbound = new HashMap<>();
        private final Map<Mark, String> outbound = new HashMap<>();

        /** Takes all that the SA needs, or says what is taken already and takes nothing. */
        private Optional<String> claim(Sa sa) {
            if (names.containsKey(sa.name())) {
                return Optional.of("another SA has its name");
            }
            if (inbound.containsKey(sa.markIn())) {
                return Optional.of("SA " + inbound.get(sa.markIn()) + " has its inbound mark " + sa.markIn());
            }
            if (outbound.containsKey(sa.markOut())) {
                return Optional.of("SA " + outbound.get(sa.markOut()) + " has its outbound mark " + sa.markOut());
            }
            names.put(sa.name(), sa.name());
            inbound.put(sa.markIn(), sa.name());
            outbound.put(sa.markOut(), sa.name());
            return Optional.empty();
        }
    }
}
