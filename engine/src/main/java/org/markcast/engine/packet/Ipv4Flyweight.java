// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.packet;

import static java.nio.ByteOrder.BIG_ENDIAN;

import org.agrona.MutableDirectBuffer;

/**
 * An IPv4 packet (RFC 791) seen in place: nothing is copied, nothing is allocated. Addresses and ports are in host order.
 *
 * <pre>
 *   0                   1                   2                   3
 *   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *  +-------+-------+---------------+-------------------------------+
 *  |Version|  IHL  |Type of Service|          Total Length         |
 *  +-------+-------+---------------+-----+-------------------------+
 *  |         Identification        |Flags|     Fragment Offset     |
 *  +---------------+---------------+-----+-------------------------+
 *  |  Time to Live |    Protocol   |        Header Checksum        |
 *  +---------------+---------------+-------------------------------+
 *  |                       Source Address                          |
 *  +---------------------------------------------------------------+
 *  |                    Destination Address                        |
 *  +---------------------------------------------------------------+
 *  |                    Options, 0 to 40 bytes                     |
 *  +---------------------------------------------------------------+
 * </pre>
 */
public final class Ipv4Flyweight {

    public static final int MIN_HEADER_LENGTH = 20;
    public static final int PROTOCOL_ICMP = 1;
    public static final int PROTOCOL_TCP = 6;
    public static final int PROTOCOL_UDP = 17;
    public static final int PROTOCOL_DCCP = 33;
    public static final int PROTOCOL_SCTP = 132;
    public static final int PROTOCOL_UDP_LITE = 136;

    /** What a packet without ports has in their place. */
    public static final int NO_PORT = -1;

    private static final int TOTAL_LENGTH_OFFSET = 2;
    private static final int IDENTIFICATION_OFFSET = 4;
    private static final int FRAGMENT_OFFSET = 6;
    private static final int TTL_OFFSET = 8;
    private static final int PROTOCOL_OFFSET = 9;
    private static final int SOURCE_OFFSET = 12;
    private static final int DESTINATION_OFFSET = 16;

    private static final int DONT_FRAGMENT = 0x4000;
    private static final int MORE_FRAGMENTS_AND_OFFSET = 0x3fff;
    private static final int OFFSET_IN_WORDS = 0x1fff;

    private MutableDirectBuffer buffer;
    private int offset;

    /**
     * Views the packet if its first {@code length} bytes hold a whole IPv4 header of consistent lengths. The packet itself
     * may be longer than that: see {@link #totalLength()}. On {@code false} the previous view is unchanged.
     */
    public boolean tryWrap(MutableDirectBuffer buffer, int offset, int length) {
        if (length < MIN_HEADER_LENGTH) {
            return false;
        }
        final int versionAndLength = buffer.getByte(offset);
        final int headerLength = (versionAndLength & 0x0f) << 2;
        final int totalLength = buffer.getShort(offset + TOTAL_LENGTH_OFFSET, BIG_ENDIAN) & 0xffff;
        if ((versionAndLength & 0xf0) != 0x40
                || headerLength < MIN_HEADER_LENGTH
                || headerLength > length
                || totalLength < headerLength) {
            return false;
        }
        this.buffer = buffer;
        this.offset = offset;
        return true;
    }

    public MutableDirectBuffer buffer() {
        return buffer;
    }

    public int offset() {
        return offset;
    }

    public int headerLength() {
        return (buffer.getByte(offset) & 0x0f) << 2;
    }

    public int totalLength() {
        return unsignedShort(TOTAL_LENGTH_OFFSET);
    }

    public int identification() {
        return unsignedShort(IDENTIFICATION_OFFSET);
    }

    public boolean isDontFragment() {
        return (unsignedShort(FRAGMENT_OFFSET) & DONT_FRAGMENT) != 0;
    }

    /** Whether this is one of several fragments, the first one included. */
    public boolean isFragment() {
        return (unsignedShort(FRAGMENT_OFFSET) & MORE_FRAGMENTS_AND_OFFSET) != 0;
    }

    public int timeToLive() {
        return buffer.getByte(offset + TTL_OFFSET) & 0xff;
    }

    public int protocol() {
        return buffer.getByte(offset + PROTOCOL_OFFSET) & 0xff;
    }

    public int source() {
        return buffer.getInt(offset + SOURCE_OFFSET, BIG_ENDIAN);
    }

    public int destination() {
        return buffer.getInt(offset + DESTINATION_OFFSET, BIG_ENDIAN);
    }

    /** Bytes of the whole packet's payload that stand before this fragment's; 0 for a whole packet. */
    public int fragmentOffset() {
        return (unsignedShort(FRAGMENT_OFFSET) & OFFSET_IN_WORDS) << 3;
    }

    /** Whether a transport header with ports begins here: not so in any fragment but the first. */
    public boolean hasPorts() {
        return fragmentOffset() == 0 && totalLength() >= headerLength() + 2 * Short.BYTES && isProtocolWithPorts();
    }

    /** Valid if {@link #hasPorts()}. */
    public int sourcePort() {
        return unsignedShort(headerLength());
    }

    /** Valid if {@link #hasPorts()}. */
    public int destinationPort() {
        return unsignedShort(headerLength() + Short.BYTES);
    }

    /**
     * The source port as the kernel's policy lookup sees it: the type of an ICMP message; {@link #NO_PORT} in every
     * fragment, the first included, and in protocols without ports ({@code decode_session4} in net/xfrm/xfrm_policy.c).
     */
    public int selectorSourcePort() {
        if (isFragment()) {
            return NO_PORT;
        }
        if (isIcmp()) {
            return buffer.getByte(offset + headerLength()) & 0xff;
        }
        return hasPorts() ? sourcePort() : NO_PORT;
    }

    /** The destination port as the kernel's policy lookup sees it: the code of an ICMP message, else as the source port. */
    public int selectorDestinationPort() {
        if (isFragment()) {
            return NO_PORT;
        }
        if (isIcmp()) {
            return buffer.getByte(offset + headerLength() + 1) & 0xff;
        }
        return hasPorts() ? destinationPort() : NO_PORT;
    }

    private boolean isIcmp() {
        return protocol() == PROTOCOL_ICMP && totalLength() >= headerLength() + 2;
    }

    private boolean isProtocolWithPorts() {
        return switch (protocol()) {
            case PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_DCCP, PROTOCOL_SCTP, PROTOCOL_UDP_LITE -> true;
            default -> false;
        };
    }

    private int unsignedShort(int fieldOffset) {
        return buffer.getShort(offset + fieldOffset, BIG_ENDIAN) & 0xffff;
    }
}
