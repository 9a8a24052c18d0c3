// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The {@code uplinks} section: connections stay on the uplink that they began on.
 *
 * @param mask the bits of packets' and connections' marks that tell uplinks apart
 * @param lan interfaces from which packets of pinned connections come
 * @param networks sources that are pinned and masqueraded; empty: all
 * @param linger how long pinned connections wait for an uplink that is down
 * @param all the uplinks in the order of their sections; empty: nothing is pinned
 */
public record Uplinks(int mask, List<String> lan, List<Prefix> networks, Duration linger, List<Uplink> all) {

    public Uplinks {
        lan = List.copyOf(lan);
        networks = List.copyOf(networks);
        all = List.copyOf(all);
    }

    public boolean isEnabled() {
        return !all.isEmpty();
    }

    /** Whether a mark has bits that belong to uplinks. */
    public boolean overlaps(Mark mark) {
        return isEnabled() && (mark.mask() & mask) != 0;
    }

    /**
     * Why an SA must not have this mark; empty if it may. The kernel compares the whole mark below the SA's mask: with the mark of
     * an uplink beside it a packet would no longer match, or match though it should not.
     */
    public Optional<String> conflictWith(Mark mark) {
        if (!overlaps(mark)) {
            return Optional.empty();
        }
        final int value = mark.value() & ~mask;
        final String left = (value == 0 ? "NUMBER" : hex(value)) + "/" + hex(mark.mask() & ~mask);
        return Optional.of(mark + " has bits in common with uplinks.mask " + hex(mask) + ": write " + left);
    }

    private static String hex(int bits) {
        return "0x" + Integer.toHexString(bits);
    }
}
