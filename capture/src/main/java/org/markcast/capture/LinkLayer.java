// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.util.Optional;
import java.util.Set;
import org.agrona.DirectBuffer;

/**
 * Reads what stands before the network header of a frame, by the capture file's link type
 * (https://www.tcpdump.org/linktypes.html).
 */
enum LinkLayer {
    /**
     * <pre>
     * destination 6 | source 6 | [tag 4]... | EtherType 2
     * </pre>
     */
    ETHERNET(14) {
        @Override
        LinkHeader parse(DirectBuffer frame, int length) {
            final boolean isBroadcast = address(frame, 0) == BROADCAST_ADDRESS;
            final long source = address(frame, 6);
            return behindTags(frame, length, bigEndianShort(frame, 12), 14, isBroadcast, false, 0, source);
        }
    },

    /**
     * What {@code tcpdump -i any} made before libpcap 1.10, LINKTYPE_LINUX_SLL.
     *
     * <pre>
     * packet type 2 | ARPHRD type 2 | address length 2 | source 8 | EtherType 2 | [tag 4]...
     * </pre>
     */
    COOKED(16) {
        @Override
        LinkHeader parse(DirectBuffer frame, int length) {
            final int packetType = bigEndianShort(frame, 0);
            final long source = bigEndianShort(frame, 4) == ADDRESS_LENGTH ? address(frame, 6) : 0;
            return behindTags(
                    frame,
                    length,
                    bigEndianShort(frame, 14),
                    16,
                    packetType == PACKET_BROADCAST,
                    packetType == PACKET_OUTGOING,
                    0,
                    source);
        }
    },

    /**
     * What {@code tcpdump -i any} makes today, LINKTYPE_LINUX_SLL2.
     *
     * <pre>
     * EtherType 2 | 0 2 | interface index 4 | ARPHRD type 2 | packet type 1 | address length 1 | source 8 | [tag 4]...
     * </pre>
     */
    COOKED_V2(20) {
        @Override
        LinkHeader parse(DirectBuffer frame, int length) {
            final int packetType = frame.getByte(10);
            final long source = frame.getByte(11) == ADDRESS_LENGTH ? address(frame, 12) : 0;
            return behindTags(
                    frame,
                    length,
                    bigEndianShort(frame, 0),
                    20,
                    packetType == PACKET_BROADCAST,
                    packetType == PACKET_OUTGOING,
                    frame.getInt(4, BIG_ENDIAN),
                    source);
        }
    },

    /** Nothing: the frame begins with the IP header, as on tunnel interfaces. */
    RAW(1) {
        @Override
        LinkHeader parse(DirectBuffer frame, int length) {
            return LinkHeader.bare(0, etherTypeOf(frame.getByte(0) >>> 4 & 0xf));
        }
    },

    /**
     * BSD loopback: address family 4, in the byte order of the capturing machine. AF_INET is 2 everywhere; AF_INET6 is 10 on
     * Linux, 24, 28 or 30 on the BSDs.
     */
    LOOPBACK(4) {
        @Override
        LinkHeader parse(DirectBuffer frame, int length) {
            final int inOneOrder = frame.getInt(0, BIG_ENDIAN);
            final int family = inOneOrder >>> 16 == 0 ? inOneOrder : Integer.reverseBytes(inOneOrder);
            return LinkHeader.bare(
                    4,
                    switch (family) {
                        case 2 -> LinkHeader.IPV4;
                        case 10, 24, 28, 30 -> LinkHeader.IPV6;
                        default -> LinkHeader.OTHER;
                    });
        }
    };

    private static final long BROADCAST_ADDRESS = 0xffff_ffff_ffffL;
    private static final int ADDRESS_LENGTH = 6;
    /** PACKET_BROADCAST and PACKET_OUTGOING of linux/if_packet.h. */
    private static final int PACKET_BROADCAST = 1;

    private static final int PACKET_OUTGOING = 4;
    /** IEEE 802.1Q, 802.1ad, and what was used before that. */
    private static final Set<Integer> TAGS = Set.of(0x8100, 0x88a8, 0x9100);

    private static final int TAG_LENGTH = 4;

    private final int minLength;

    LinkLayer(int minLength) {
        this.minLength = minLength;
    }

    /** The link layer with this number, a DLT as libpcap gives it. */
    static Optional<LinkLayer> of(int dlt) {
        return Optional.ofNullable(
                switch (dlt) {
                    case 0, 108 -> LOOPBACK;
                    case 1 -> ETHERNET;
                    case 12, 14, 101, 228 -> RAW;
                    case 113 -> COOKED;
                    case 276 -> COOKED_V2;
                    default -> null;
                });
    }

    /** The header of a frame; empty if it was cut off within. */
    Optional<LinkHeader> tryParse(DirectBuffer frame, int length) {
        return length < minLength ? Optional.empty() : Optional.ofNullable(parse(frame, length));
    }

    abstract LinkHeader parse(DirectBuffer frame, int length);

    /** A tag's EtherType announces it; behind its two bytes comes the next EtherType. {@code null} if that was cut off. */
    private static LinkHeader behindTags(
            DirectBuffer frame,
            int length,
            int firstEtherType,
            int firstOffset,
            boolean isBroadcast,
            boolean isOutgoing,
            int interfaceIndex,
            long sourceMac) {
        int etherType = firstEtherType;
        int offset = firstOffset;
        while (TAGS.contains(etherType)) {
            if (length < offset + TAG_LENGTH) {
                return null;
            }
            etherType = bigEndianShort(frame, offset + 2);
            offset += TAG_LENGTH;
        }
        return new LinkHeader(offset, etherType, isBroadcast, isOutgoing, interfaceIndex, sourceMac);
    }

    private static int etherTypeOf(int ipVersion) {
        return switch (ipVersion) {
            case 4 -> LinkHeader.IPV4;
            case 6 -> LinkHeader.IPV6;
            default -> LinkHeader.OTHER;
        };
    }

    private static int bigEndianShort(DirectBuffer frame, int offset) {
        return frame.getShort(offset, BIG_ENDIAN) & 0xffff;
    }

    private static long address(DirectBuffer frame, int offset) {
        return (long) bigEndianShort(frame, offset) << 32 | frame.getInt(offset + 2, BIG_ENDIAN) & 0xffff_ffffL;
    }
}
