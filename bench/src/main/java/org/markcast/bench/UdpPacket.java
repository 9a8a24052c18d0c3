// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.nio.ByteBuffer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.injector.TransportChecksum;

/**
 * One UDP packet outside the heap, with its checksum finished, to be sent again and again. It carries a number, followed by
 * its complement: so the checksum is the same whatever the number is.
 */
final class UdpPacket {

    /** Headers, number, and its complement. */
    static final int MIN_LENGTH = 36;

    /** What has no number. */
    static final int NONE = -1;

    private static final int UDP = 20;
    private static final int NUMBER = 28;
    private static final int COMPLEMENT = 32;
    private static final int SOURCE_PORT = 40_000;
    private static final int DESTINATION_PORT = 1900;
    private static final int TIME_TO_LIVE = 4;

    private final UnsafeBuffer buffer;

    UdpPacket(int length, int source, int destination) {
        buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(length));
        buffer.putByte(0, (byte) 0x45);
        buffer.putShort(2, (short) length, BIG_ENDIAN);
        buffer.putByte(8, (byte) TIME_TO_LIVE);
        buffer.putByte(9, (byte) Ipv4Flyweight.PROTOCOL_UDP);
        buffer.putInt(12, source, BIG_ENDIAN);
        buffer.putInt(16, destination, BIG_ENDIAN);
        buffer.putShort(UDP, (short) SOURCE_PORT, BIG_ENDIAN);
        buffer.putShort(UDP + 2, (short) DESTINATION_PORT, BIG_ENDIAN);
        buffer.putShort(UDP + 4, (short) (length - UDP), BIG_ENDIAN);
        number(0);
        final Ipv4Flyweight ip = new Ipv4Flyweight();
        if (!ip.tryWrap(buffer, 0, length) || !TransportChecksum.complete(ip)) {
            throw new IllegalArgumentException(length + " bytes make no UDP packet");
        }
    }

    /** Gives the packet another number, 0 or more. */
    void number(int number) {
        buffer.putInt(NUMBER, number, BIG_ENDIAN);
        buffer.putInt(COMPLEMENT, ~number, BIG_ENDIAN);
    }

    /** The number that a captured packet carries, or {@link #NONE}. */
    static int numberOf(DirectBuffer packet, int offset, int length) {
        if (length < MIN_LENGTH) {
            return NONE;
        }
        final int number = packet.getInt(offset + NUMBER, BIG_ENDIAN);
        return number == ~packet.getInt(offset + COMPLEMENT, BIG_ENDIAN) ? number : NONE;
    }

    int destination() {
        return buffer.getInt(16, BIG_ENDIAN);
    }

    int length() {
        return buffer.capacity();
    }

    long address() {
        return buffer.addressOffset();
    }
}
