// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import org.markcast.config.Mark;

/** Marks as nft writes them, and the names that follow from them. */
final class MarkText {

    private MarkText() {}

    static String hex(int bits) {
        return "0x" + Integer.toHexString(bits);
    }

    /** Empty for a full mask. */
    static String suffix(int mask) {
        return mask == Mark.FULL_MASK ? "" : "_" + hex(mask);
    }

    /** The chain that sets a mark. */
    static String chain(Mark mark) {
        return "mark_" + hex(mark.value()) + suffix(mark.mask());
    }

    /** The statement that sets a mark and leaves the bits outside its mask as they are. */
    static String statement(Mark mark) {
        return mark.mask() == Mark.FULL_MASK
                ? "meta mark set " + hex(mark.value())
                : "meta mark set meta mark & " + hex(~mark.mask()) + " | " + hex(mark.value());
    }
}
