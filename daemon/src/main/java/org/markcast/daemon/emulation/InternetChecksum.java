// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

/** The Internet checksum (RFC 1071), the plain way: word by word, with no part of the engine's. */
final class InternetChecksum {

    private long sum;

    InternetChecksum add(byte[] bytes, int offset, int length) {
        for (int i = 0; i < length; i++) {
            final int octet = bytes[offset + i] & 0xff;
            sum += (i & 1) == 0 ? octet << 8 : octet;
        }
        return this;
    }

    /** Adds one 16-bit word. */
    InternetChecksum add(int word) {
        sum += word & 0xffff;
        return this;
    }

    /** What to write into a checksum field that was 0 while it was summed; 0 if a field was summed that is right. */
    int value() {
        long folded = sum;
        while (folded >>> 16 != 0) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) (~folded & 0xffff);
    }
}
