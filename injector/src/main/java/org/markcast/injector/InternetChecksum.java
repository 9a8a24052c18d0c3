// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import java.nio.ByteOrder;
import org.agrona.DirectBuffer;

/** The Internet checksum (RFC 1071): one's complement of the one's complement sum of 16-bit words in network order. */
final class InternetChecksum {

    private InternetChecksum() {}

    /** Sum of the words, not folded yet; an odd last byte counts as if a zero followed. */
    static long sum(DirectBuffer buffer, int offset, int length) {
        long sum = 0;
        int at = offset;
        final int end = offset + length;
        for (; at + Integer.BYTES <= end; at += Integer.BYTES) {
            sum += buffer.getInt(at, ByteOrder.BIG_ENDIAN) & 0xffff_ffffL;
        }
        if (at + Short.BYTES <= end) {
            sum += buffer.getShort(at, ByteOrder.BIG_ENDIAN) & 0xffffL;
            at += Short.BYTES;
        }
        if (at < end) {
            sum += (buffer.getByte(at) & 0xffL) << 8;
        }
        return sum;
    }

    /** The checksum of a sum of up to 65,535 words. */
    static int fold(long sum) {
        long folded = (sum & 0xffff_ffffL) + (sum >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16);
        folded = (folded & 0xffff) + (folded >>> 16);
        folded = (folded & 0xffff) + (folded >>> 16);
        return (int) ~folded & 0xffff;
    }
}
