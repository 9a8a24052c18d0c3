// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * All claims to elements of sets. Where several SAs claim the same, the one later in the list has it: while a client comes back
 * before its old SA is gone, its new SA counts. When that one goes, the one before it has it again. So the claims to one element
 * are chained, the one that counts on top; nearly always there is but one.
 */
final class Claims {

    private final Map<ElementSet, Map<Key, Claim>> tops = new HashMap<>();

    /** Returns the claim to the same element that counts now. */
    Claim add(Claim claim) {
        final Map<Key, Claim> claims = of(claim.set());
        final Claim top = claims.get(claim.key());
        if (top == null || claim.goesBefore(top)) {
            claim.below = top;
            claims.put(claim.key(), claim);
            return claim;
        }
        Claim above = top;
        while (above.below != null && !claim.goesBefore(above.below)) {
            above = above.below;
        }
        claim.below = above.below;
        above.below = claim;
        return top;
    }

    /** Returns the claim to the same element that counts now, or null. */
    Claim remove(Claim claim) {
        final Map<Key, Claim> claims = of(claim.set());
        final Claim top = claims.get(claim.key());
        if (top != claim) {
            Claim above = top;
            while (above.below != claim) {
                above = above.below;
            }
            above.below = claim.below;
            claim.below = null;
            return top;
        }
        final Claim next = claim.below;
        claim.below = null;
        if (next == null) {
            claims.remove(claim.key());
        } else {
            claims.put(claim.key(), next);
        }
        return next;
    }

    /** Visits the claims that count. */
    void forEach(ElementSet set, BiConsumer<Key, Claim> visitor) {
        of(set).forEach(visitor);
    }

    private Map<Key, Claim> of(ElementSet set) {
        return tops.computeIfAbsent(set, first -> new HashMap<>());
    }
}
