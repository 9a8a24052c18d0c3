// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

/**
 * A Netfilter mark with its mask, as XFRM understands it: a packet with mark {@code m} belongs to the SA if
 * {@code (m & mask) == value}. Bits outside the mask are nobody's business here and are never changed.
 *
 * @param value the mark, all of its bits inside the mask
 * @param mask the bits that count; {@code 0xffffffff} unless configured
 */
public record Mark(int value, int mask) {

    public static final int FULL_MASK = 0xffff_ffff;

    public Mark {
        if ((value & ~mask) != 0) {
            throw new IllegalArgumentException("mark has bits outside its mask");
        }
    }

    public boolean matches(int packetMark) {
        return (packetMark & mask) == value;
    }

    /** Whether some packet mark could match both. */
    public boolean overlaps(Mark other) {
        return ((value ^ other.value) & mask & other.mask) == 0;
    }
}
