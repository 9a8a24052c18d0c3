// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import static java.nio.ByteOrder.BIG_ENDIAN;

import org.agrona.MutableDirectBuffer;
import org.markcast.engine.packet.Ipv4Flyweight;

/**
 * Keeps the fragments of a packet with identification 0 together. The kernel takes 0 for none (raw(7)) and would give each
 * fragment another one; so all get the same one here. With DF it leaves 0 as it is.
 */
final class FragmentIdentification {

    /** Far from 0, because hosts count: its neighbours may be on their way too. */
    static final int REPLACEMENT = 0x8000;

    private static final int IDENTIFICATION = 4;
    private static final int HEADER_CHECKSUM = 10;

    private FragmentIdentification() {}

    /** Replaces identification 0 of a fragment in place. */
    static void complete(Ipv4Flyweight ip) {
        if (ip.identification() != 0 || !ip.isFragment() || ip.isDontFragment()) {
            return;
        }
        final MutableDirectBuffer buffer = ip.buffer();
        final int offset = ip.offset();
        buffer.putShort(offset + IDENTIFICATION, (short) REPLACEMENT, BIG_ENDIAN);
        buffer.putShort(offset + HEADER_CHECKSUM, (short) 0, BIG_ENDIAN);
        final int checksum = InternetChecksum.fold(InternetChecksum.sum(buffer, offset, ip.headerLength()));
        buffer.putShort(offset + HEADER_CHECKSUM, (short) checksum, BIG_ENDIAN);
    }
}
