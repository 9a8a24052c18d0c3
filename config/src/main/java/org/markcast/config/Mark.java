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

    private static final long MAX = 0xffff_ffffL;

    public Mark {
        if ((value & ~mask) != 0) {
            throw new IllegalArgumentException("mark " + hex(value) + " has bits outside its mask " + hex(mask));
        }
    }

    /**
     * Reads {@code VALUE} or {@code VALUE/MASK}, each decimal or {@code 0x}.
     *
     * @throws IllegalArgumentException if it is neither, or the value has bits outside the mask
     */
    public static Mark parse(String text) {
        final String[] parts = text.split("/", 2);
        final int value = (int) Numbers.parse(parts[0].strip(), "mark", 0, MAX);
        return new Mark(
                value, parts.length == 1 ? FULL_MASK : (int) Numbers.parse(parts[1].strip(), "mark's mask", 0, MAX));
    }

    public boolean matches(int packetMark) {
        return (packetMark & mask) == value;
    }

    /** Whether some packet mark could match both. */
    public boolean overlaps(Mark other) {
        return ((value ^ other.value) & mask & other.mask) == 0;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return mask == FULL_MASK ? Integer.toUnsignedString(value) : hex(value) + "/" + hex(mask);
    }

    private static String hex(int bits) {
        return "0x" + Integer.toHexString(bits);
    }
}
