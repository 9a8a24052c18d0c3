// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Cuts what arrives on a connection into packets, however it is torn.
 *
 * <pre>
 *  | length, 32 bits, big-endian | length bytes: one packet | length | ...
 * </pre>
 */
final class PacketReader {

    private static final int INITIAL_CAPACITY = 16 * 1024;

    private byte[] buffer = new byte[INITIAL_CAPACITY];
    private int start;
    private int end;

    /** Adds what has arrived; then {@link #next} until it says that there is no more. */
    void append(ByteBuffer bytes) {
        final int held = end - start;
        final int needed = held + bytes.remaining();
        if (bytes.remaining() > buffer.length - end) {
            final byte[] target = needed <= buffer.length ? buffer : new byte[Math.max(needed, 2 * buffer.length)];
            System.arraycopy(buffer, start, target, 0, held);
            buffer = target;
            start = 0;
            end = held;
        }
        final int count = bytes.remaining();
        bytes.get(buffer, end, count);
        end += count;
    }

    /** The next packet, or null if it has not arrived in full. */
    ViciPacket next() throws ViciException {
        if (end - start < Integer.BYTES) {
            return nothing();
        }
        final int length = ByteBuffer.wrap(buffer).getInt(start);
        if (length < 1 || length > ViciPacket.MAX_LENGTH) {
            throw new ViciException("a packet of " + Integer.toUnsignedString(length) + " bytes, where 1 to "
                    + ViciPacket.MAX_LENGTH + " are possible");
        }
        if (end - start - Integer.BYTES < length) {
            return nothing();
        }
        final ViciPacket packet = ViciDecoder.decode(buffer, start + Integer.BYTES, length);
        start += Integer.BYTES + length;
        return packet;
    }

    private ViciPacket nothing() {
        if (start == end) {
            start = 0;
            end = 0;
            if (buffer.length > INITIAL_CAPACITY) {
                buffer = Arrays.copyOf(buffer, INITIAL_CAPACITY); // a large packet was an exception
            }
        }
        return null;
    }
}
