// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.agrona.collections.Int2ObjectHashMap;
import org.markcast.config.Mark;
import org.markcast.engine.sa.Sa;

/** Names and marks that are taken, and by whom. Control thread only. */
final class SaClaims {

    private final Set<String> names = new HashSet<>();
    private final Holders inbound = new Holders();
    private final Holders outbound = new Holders();

    /** Takes all that the SA needs, or says what is taken already and takes nothing. */
    Optional<String> claim(Sa sa) {
        if (names.contains(sa.name())) {
            return Optional.of("another SA has its name");
        }
        final String inboundHolder = inbound.holder(sa.markIn());
        if (inboundHolder != null) {
            return Optional.of("SA " + inboundHolder + " has its inbound mark " + sa.markIn());
        }
        final String outboundHolder = outbound.holder(sa.markOut());
        if (outboundHolder != null) {
            return Optional.of("SA " + outboundHolder + " has its outbound mark " + sa.markOut());
        }
        names.add(sa.name());
        inbound.put(sa.markIn(), sa.name());
        outbound.put(sa.markOut(), sa.name());
        return Optional.empty();
    }

    /** Gives back what an SA has claimed with success. */
    void release(Sa sa) {
        names.remove(sa.name());
        inbound.remove(sa.markIn());
        outbound.remove(sa.markOut());
    }

    /** Who has which marks of one direction. Marks are grouped by their masks: many SAs commonly share very few. */
    private static final class Holders {

        private final Int2ObjectHashMap<Int2ObjectHashMap<String>> nameOfValueByMask = new Int2ObjectHashMap<>();

        private void put(Mark mark, String name) {
            nameOfValueByMask
                    .computeIfAbsent(mark.mask(), mask -> new Int2ObjectHashMap<>())
                    .put(mark.value(), name);
        }

        private void remove(Mark mark) {
            final Int2ObjectHashMap<String> sameMask = nameOfValueByMask.get(mark.mask());
            sameMask.remove(mark.value());
            if (sameMask.isEmpty()) {
                nameOfValueByMask.remove(mark.mask());
            }
        }

        /** The SA that has a mark which some packet could match as well, or null. */
        private String holder(Mark mark) {
            for (final var group : nameOfValueByMask.entrySet()) {
                final String holder = holder(mark, group.getKey(), group.getValue());
                if (holder != null) {
                    return holder;
                }
            }
            return null;
        }

        private static String holder(Mark mark, int mask, Int2ObjectHashMap<String> nameOfValue) {
            if ((mask & ~mark.mask()) == 0) { // the mark tells all bits that count there: one value overlaps
                return nameOfValue.get(mark.value() & mask);
            }
            for (final var held : nameOfValue.entrySet()) {
                if (((mark.value() ^ held.getKey()) & mark.mask() & mask) == 0) {
                    return held.getValue();
                }
            }
            return null;
        }
    }
}
