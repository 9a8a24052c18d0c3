// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Map;
import java.util.SortedSet;
import org.markcast.config.Mark;

/**
 * What the kernel's tables shall hold.
 *
 * @param shape what decides which rules there are
 * @param chains in tables {@link Shape#isMasked() with masks}: the marks that have a chain, which map elements lead to
 * @param elements of each set that the shape has; of a map with the mark that a packet gets, of a set with {@link #NO_MARK}
 */
record MarkTables(Shape shape, SortedSet<Mark> chains, Map<ElementSet, Map<Key, Mark>> elements) {

    static final String TABLE = "markcast";

    static final Mark NO_MARK = new Mark(0, 0);

    /**
     * What decides which rules there are; as long as it stays, only elements change.
     *
     * @param hasGuard whether the leak guard is wanted
     * @param hasIp6 whether an SA has IPv6 endpoints
     * @param hasSubnets whether an SA claims a whole subnet of unicast addresses
     * @param isMasked whether some mark does not have the full mask. nft 1.0.6 cannot combine a packet's mark with a value
     *     out of a map, so then the maps lead to one chain for each mark, which does it with constants
     * @param guardedMasks the masks of the marks that the guard watches
     */
    record Shape(
            boolean hasGuard, boolean hasIp6, boolean hasSubnets, boolean isMasked, SortedSet<Integer> guardedMasks) {}
}
