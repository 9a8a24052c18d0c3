// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** IPv6 packets (RFC 8200) as bytes, whatever they claim to be. */
final class Ipv6Packet {

    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMP = 58;

    private static final int FRAGMENT = 44;
    private static final int HEADER_LENGTH = 40;
    private static final int CHECKSUM_OF_UDP = 6;
    private static final int CHECKSUM_OF_TCP = 16;
    private static final int CHECKSUM_OF_ICMP = 2;

    private Ipv6Packet() {}

    static byte[] udp(String source, int sourcePort, String destination, int destinationPort, byte[] payload) {
        final ByteBuffer body = ByteBuffer.allocate(8 + payload.length)
                .putShort((short) sourcePort)
                .putShort((short) destinationPort)
                .putShort((short) (8 + payload.length))
                .putShort((short) 0)
                .put(payload);
        return of(UDP, source, destination, body.array());
    }

    /** An error about a whole packet (RFC 4443). */
    static byte[] icmpError(String source, String destination, int type, int code, byte[] about) {
        final ByteBuffer body = ByteBuffer.allocate(8 + about.length)
                .put((byte) type)
                .put((byte) code)
                .position(8)
                .put(about);
        return of(ICMP, source, destination, body.array());
    }

    /** With the checksum that the protocol wants, where it has one. */
    static byte[] of(int protocol, String source, String destination, byte[] body) {
        final ByteBuffer packet = ByteBuffer.allocate(HEADER_LENGTH + body.length)
                .putInt(6 << 28)
                .putShort((short) body.length)
                .put((byte) protocol)
                .put((byte) 255) // neighbour discovery wants it
                .put(address(source))
                .put(address(destination))
                .put(body);
        final int checksum = checksumOffset(protocol);
        if (checksum >= 0 && body.length >= checksum + 2) {
            packet.putShort(HEADER_LENGTH + checksum, checksum(packet.array(), protocol));
        }
        return packet.array();
    }

    /** The same packet with a number that only readers look at. */
    static byte[] labelled(byte[] packet, int flowLabel) {
        final byte[] labelled = packet.clone();
        ByteBuffer.wrap(labelled).putInt(0, 6 << 28 | flowLabel);
        return labelled;
    }

    /** The two fragments of a packet, the first with so many bytes of its body. */
    static byte[][] fragments(byte[] packet, int identification, int firstLength) {
        return new byte[][] {
            fragment(packet, identification, 0, firstLength, true),
            fragment(packet, identification, firstLength, packet.length - HEADER_LENGTH - firstLength, false)
        };
    }

    private static byte[] fragment(byte[] packet, int identification, int offset, int length, boolean hasMore) {
        final ByteBuffer fragment = ByteBuffer.allocate(HEADER_LENGTH + 8 + length)
                .put(packet, 0, HEADER_LENGTH)
                .put(packet[6])
                .put((byte) 0)
                .putShort((short) (offset | (hasMore ? 1 : 0)))
                .putInt(identification)
                .put(packet, HEADER_LENGTH + offset, length);
        return fragment.putShort(4, (short) (8 + length))
                .put(6, (byte) FRAGMENT)
                .array();
    }

    /** Also of an IPv4-mapped one, which Java's own classes take for IPv4. */
    static byte[] address(String text) {
        try {
            final byte[] address = InetAddress.getByName(text).getAddress();
            if (address.length == 16) {
                return address;
            }
            final ByteBuffer mapped = ByteBuffer.allocate(16).putShort(10, (short) 0xffff);
            return mapped.put(12, address).array();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    private static int checksumOffset(int protocol) {
        return switch (protocol) {
            case UDP -> CHECKSUM_OF_UDP;
            case TCP -> CHECKSUM_OF_TCP;
            case ICMP -> CHECKSUM_OF_ICMP;
            default -> -1;
        };
    }

    /** Over the pseudo-header too (RFC 8200, section 8.1). */
    private static short checksum(byte[] packet, int protocol) {
        long sum = protocol + packet.length - HEADER_LENGTH;
        final byte[] even = Arrays.copyOf(packet, packet.length + packet.length % 2);
        for (int i = 8; i < even.length; i += 2) {
            sum += ByteBuffer.wrap(even).getShort(i) & 0xffff;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        final int checksum = (int) ~sum & 0xffff;
        return (short) (checksum == 0 ? 0xffff : checksum);
    }
}
