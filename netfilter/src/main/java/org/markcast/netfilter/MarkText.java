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

    /** A mark as a part of a name. */
    static String suffixed(Mark mark) {
        return hex(mark.value()) + suffix(mark.mask());
    }

    /** What looks at the bits below a mask, {@code meta mark} or {@code ct mark}. */
    static String below(String expression, int mask) {
        return mask == Mark.FULL_MASK ? expression : expression + " & " + hex(mask);
    }

    /** The statement that sets a mark and leaves the bits outside its mask as they are. */
    static String statement(Mark mark) {
        return statement("meta mark", mark);
    }

    /** The same for {@code meta mark} or {@code ct mark}. */
    static String statement(String expression, Mark mark) {
        return mark.mask() == Mark.FULL_MASK
                ? expression + " set " + hex(mark.value())
                : expression + " set " + expression + " & " + hex(~mark.mask()) + " | " + hex(mark.value());
    }
}
