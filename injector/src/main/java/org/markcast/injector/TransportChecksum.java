// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import static java.nio.ByteOrder.BIG_ENDIAN;

import org.agrona.MutableDirectBuffer;
import org.markcast.engine.packet.Ipv4Flyweight;

/** Does what a network card would have done for a sender on this machine: the checksum of UDP (RFC 768) or TCP (RFC 9293). */
public final class TransportChecksum {

    private static final int UDP_HEADER_LENGTH = 8;
    private static final int UDP_LENGTH = 4;
    private static final int UDP_CHECKSUM = 6;
    private static final int TCP_HEADER_LENGTH = 20;
    private static final int TCP_CHECKSUM = 16;

    private TransportChecksum() {}

    /** Writes the checksum in place; {@code false} if the packet has none that could be completed. */
    public static boolean complete(Ipv4Flyweight ip) {
        final MutableDirectBuffer buffer = ip.buffer();
        final int transport = ip.offset() + ip.headerLength();
        final int available = ip.totalLength() - ip.headerLength();
        if (ip.isFragment()) {
            return false;
        }
        if (ip.protocol() == Ipv4Flyweight.PROTOCOL_UDP && available >= UDP_HEADER_LENGTH) {
            final int length = buffer.getShort(transport + UDP_LENGTH, BIG_ENDIAN) & 0xffff;
            if (length < UDP_HEADER_LENGTH || length > available) {
                return false;
            }
            final int checksum = compute(ip, transport, length, UDP_CHECKSUM);
            buffer.putShort(transport + UDP_CHECKSUM, (short) (checksum == 0 ? 0xffff : checksum), BIG_ENDIAN);
            return true;
        }
        if (ip.protocol() == Ipv4Flyweight.PROTOCOL_TCP && available >= TCP_HEADER_LENGTH) {
            buffer.putShort(
                    transport + TCP_CHECKSUM, (short) compute(ip, transport, available, TCP_CHECKSUM), BIG_ENDIAN);
            return true;
        }
        return false;
    }

    private static int compute(Ipv4Flyweight ip, int transport, int length, int checksumOffset) {
        ip.buffer().putShort(transport + checksumOffset, (short) 0);
        final long pseudoHeader =
                (ip.source() & 0xffff_ffffL) + (ip.destination() & 0xffff_ffffL) + ip.protocol() + length;
        return InternetChecksum.fold(pseudoHeader + InternetChecksum.sum(ip.buffer(), transport, length));
    }
}
