// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * An IPv4 packet (RFC 791) to be sent or read by tests and the demo: slow, obvious, immutable, and independent of how the
 * engine reads packets. Addresses are text, everything else numbers as they stand on the wire.
 */
public final class Ipv4Packet {

    static final int MIN_HEADER_LENGTH = 20;

    private static final int PROTOCOL_ICMP = 1;
    private static final int PROTOCOL_UDP = 17;
    private static final int UDP_HEADER_LENGTH = 8;
    private static final int DONT_FRAGMENT = 0x4000;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int OFFSET_MASK = 0x1fff;

    private final byte[] bytes;

    private Ipv4Packet(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Reads a packet; bytes behind its total length, such as link-layer padding, are left out.
     *
     * @throws IllegalArgumentException if this is no whole IPv4 packet
     */
    public static Ipv4Packet parse(byte[] bytes) {
        if (bytes.length < MIN_HEADER_LENGTH || bytes[0] >>> 4 != 4) {
            throw new IllegalArgumentException("no IPv4 header in " + bytes.length + " bytes");
        }
        final int headerLength = (bytes[0] & 0x0f) * 4;
        final int totalLength = word(bytes, 2);
        if (headerLength < MIN_HEADER_LENGTH || totalLength < headerLength || totalLength > bytes.length) {
            throw new IllegalArgumentException(
                    "header of " + headerLength + " in " + totalLength + " in " + bytes.length + " bytes");
        }
        return new Ipv4Packet(Arrays.copyOf(bytes, totalLength));
    }

    /** Starts a UDP packet (RFC 768). */
    public static Builder udp(String source, int sourcePort, String destination, int destinationPort, byte[] payload) {
        final byte[] body = new byte[UDP_HEADER_LENGTH + payload.length];
        putWord(body, 0, sourcePort);
        putWord(body, 2, destinationPort);
        putWord(body, 4, body.length);
        System.arraycopy(payload, 0, body, UDP_HEADER_LENGTH, payload.length);
        return new Builder(source, destination, PROTOCOL_UDP, body);
    }

    /** Starts an ICMP echo request (RFC 792). */
    public static Builder icmpEcho(String source, String destination, int identifier, int sequence, byte[] payload) {
        final byte[] body = new byte[8 + payload.length];
        body[0] = 8;
        putWord(body, 4, identifier);
        putWord(body, 6, sequence);
        System.arraycopy(payload, 0, body, 8, payload.length);
        putWord(body, 2, new InternetChecksum().add(body, 0, body.length).value());
        return new Builder(source, destination, PROTOCOL_ICMP, body);
    }

    /** Starts an ICMP error (RFC 792) about a packet, of which it quotes what every error does. */
    public static Builder icmpError(String source, String destination, int type, int code, Ipv4Packet about) {
        final byte[] body = new byte[8 + about.headerLength() + 8];
        body[0] = (byte) type;
        body[1] = (byte) code;
        System.arraycopy(about.bytes, 0, body, 8, body.length - 8);
        putWord(body, 2, new InternetChecksum().add(body, 0, body.length).value());
        return new Builder(source, destination, PROTOCOL_ICMP, body);
    }

    /** Starts a packet of any protocol. */
    public static Builder of(int protocol, String source, String destination, byte[] body) {
        return new Builder(source, destination, protocol, body.clone());
    }

    /** A copy of the packet, from the first byte of its header. */
    public byte[] bytes() {
        return bytes.clone();
    }

    public int totalLength() {
        return bytes.length;
    }

    public int headerLength() {
        return (bytes[0] & 0x0f) * 4;
    }

    public byte[] options() {
        return Arrays.copyOfRange(bytes, MIN_HEADER_LENGTH, headerLength());
    }

    public int identification() {
        return word(bytes, 4);
    }

    public boolean isDontFragment() {
        return (word(bytes, 6) & DONT_FRAGMENT) != 0;
    }

    public boolean hasMoreFragments() {
        return (word(bytes, 6) & MORE_FRAGMENTS) != 0;
    }

    /** In bytes. */
    public int fragmentOffset() {
        return (word(bytes, 6) & OFFSET_MASK) * 8;
    }

    public boolean isFragment() {
        return hasMoreFragments() || fragmentOffset() > 0;
    }

    public int timeToLive() {
        return bytes[8] & 0xff;
    }

    public int protocol() {
        return bytes[9] & 0xff;
    }

    public String source() {
        return Ipv4Address.format(integer(12));
    }

    public String destination() {
        return Ipv4Address.format(integer(16));
    }

    /** All that follows the header. */
    public byte[] body() {
        return Arrays.copyOfRange(bytes, headerLength(), bytes.length);
    }

    /** Whether this is UDP with its header in it: no later fragment. */
    public boolean isUdp() {
        return protocol() == PROTOCOL_UDP
                && fragmentOffset() == 0
                && bytes.length >= headerLength() + UDP_HEADER_LENGTH;
    }

    public int sourcePort() {
        return udpWord(0);
    }

    public int destinationPort() {
        return udpWord(2);
    }

    /** 0 if the sender computed none. */
    public int udpChecksum() {
        return udpWord(6);
    }

    public byte[] udpPayload() {
        udpWord(0);
        return Arrays.copyOfRange(bytes, headerLength() + UDP_HEADER_LENGTH, bytes.length);
    }

    public boolean isHeaderChecksumValid() {
        return new InternetChecksum().add(bytes, 0, headerLength()).value() == 0;
    }

    /** Whether the checksum of a whole UDP packet is absent or right. */
    public boolean isUdpChecksumValid() {
        if (isFragment()) {
            throw new IllegalStateException("a fragment's checksum covers the whole packet");
        }
        return udpChecksum() == 0 || udpSum(bytes, headerLength()) == 0;
    }

    /** Splits the packet as a router does (RFC 791, section 3.2), options that are not to be copied included. */
    public List<Ipv4Packet> fragments(int mtu) {
        final int room = (mtu - headerLength()) / 8 * 8;
        final byte[] body = body();
        final List<Ipv4Packet> fragments = new ArrayList<>();
        for (int offset = 0; offset < body.length; offset += room) {
            final int end = Math.min(body.length, offset + room);
            final byte[] fragment = Arrays.copyOf(bytes, headerLength() + end - offset);
            System.arraycopy(body, offset, fragment, headerLength(), end - offset);
            final boolean isLast = end == body.length && !hasMoreFragments();
            putWord(fragment, 6, (isLast ? 0 : MORE_FRAGMENTS) | (fragmentOffset() + offset) / 8);
            fragments.add(withHeader(fragment));
        }
        return fragments;
    }

    /**
     * Puts fragments, in any order, together again.
     *
     * @throws IllegalArgumentException if they are not exactly one packet without gaps or overlaps
     */
    public static Ipv4Packet reassemble(List<Ipv4Packet> fragments) {
        final List<Ipv4Packet> sorted = new ArrayList<>(fragments);
        sorted.sort(Comparator.comparingInt(Ipv4Packet::fragmentOffset));
        byte[] whole = new byte[0];
        for (final Ipv4Packet fragment : sorted) {
            final int expectedOffset =
                    whole.length == 0 ? 0 : whole.length - sorted.get(0).headerLength();
            if (fragment.identification() != sorted.get(0).identification()
                    || fragment.fragmentOffset() != expectedOffset) {
                throw new IllegalArgumentException("not the fragments of one packet: " + sorted);
            }
            final byte[] more = whole.length == 0 ? fragment.bytes : fragment.body();
            final int length = whole.length;
            whole = Arrays.copyOf(whole, length + more.length);
            System.arraycopy(more, 0, whole, length, more.length);
        }
        if (sorted.isEmpty() || sorted.get(sorted.size() - 1).hasMoreFragments()) {
            throw new IllegalArgumentException("the last fragment is missing: " + sorted);
        }
        putWord(whole, 6, 0);
        return withHeader(whole);
    }

    private static Ipv4Packet withHeader(byte[] bytes) {
        putWord(bytes, 2, bytes.length);
        putWord(bytes, 10, 0);
        putWord(
                bytes,
                10,
                new InternetChecksum().add(bytes, 0, (bytes[0] & 0x0f) * 4).value());
        return new Ipv4Packet(bytes);
    }

    private static int udpSum(byte[] bytes, int headerLength) {
        final int length = bytes.length - headerLength;
        return new InternetChecksum()
                .add(bytes, 12, 8)
                .add(PROTOCOL_UDP)
                .add(length)
                .add(bytes, headerLength, length)
                .value();
    }

    private int udpWord(int offset) {
        if (!isUdp()) {
            throw new IllegalStateException("no UDP header in " + this);
        }
        return word(bytes, headerLength() + offset);
    }

    private int integer(int offset) {
        return word(bytes, offset) << 16 | word(bytes, offset + 2);
    }

    private static int word(byte[] bytes, int offset) {
        return (bytes[offset] & 0xff) << 8 | bytes[offset + 1] & 0xff;
    }

    private static void putWord(byte[] bytes, int offset, int word) {
        bytes[offset] = (byte) (word >>> 8);
        bytes[offset + 1] = (byte) word;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Ipv4Packet packet && Arrays.equals(bytes, packet.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return source() + (isUdp() ? ":" + sourcePort() : "") + " > " + destination()
                + (isUdp() ? ":" + destinationPort() : "") + " protocol " + protocol() + " ttl " + timeToLive()
                + (isFragment() ? " fragment at " + fragmentOffset() : "") + " length " + bytes.length;
    }

    /** What a packet will be. */
    public static final class Builder {

        private final String source;
        private final String destination;
        private final int protocol;
        private final byte[] body;
        private byte[] options = {};
        private int typeOfService;
        private int timeToLive = 64;
        private int identification = 1;
        private int flags;
        private boolean hasUdpChecksum = true;

        private Builder(String source, String destination, int protocol, byte[] body) {
            this.source = source;
            this.destination = destination;
            this.protocol = protocol;
            this.body = body;
        }

        public Builder timeToLive(int hops) {
            timeToLive = hops;
            return this;
        }

        public Builder typeOfService(int octet) {
            typeOfService = octet;
            return this;
        }

        public Builder identification(int number) {
            identification = number;
            return this;
        }

        public Builder dontFragment() {
            flags |= DONT_FRAGMENT;
            return this;
        }

        /** @param octets a multiple of 4, at most 40 */
        public Builder options(byte... octets) {
            if (octets.length % 4 != 0 || octets.length > 40) {
                throw new IllegalArgumentException(octets.length + " bytes of IP options");
            }
            options = octets.clone();
            return this;
        }

        /** Leaves the UDP checksum 0: none (RFC 768). */
        public Builder withoutUdpChecksum() {
            hasUdpChecksum = false;
            return this;
        }

        public Ipv4Packet build() {
            final int headerLength = MIN_HEADER_LENGTH + options.length;
            final byte[] bytes = new byte[headerLength + body.length];
            if (bytes.length > 0xffff) {
                throw new IllegalArgumentException("an IPv4 packet of " + bytes.length + " bytes");
            }
            bytes[0] = (byte) (0x40 | headerLength / 4);
            bytes[1] = (byte) typeOfService;
            putWord(bytes, 4, identification);
            putWord(bytes, 6, flags);
            bytes[8] = (byte) timeToLive;
            bytes[9] = (byte) protocol;
            putAddress(bytes, 12, source);
            putAddress(bytes, 16, destination);
            System.arraycopy(options, 0, bytes, MIN_HEADER_LENGTH, options.length);
            System.arraycopy(body, 0, bytes, headerLength, body.length);
            if (protocol == PROTOCOL_UDP && hasUdpChecksum && body.length >= UDP_HEADER_LENGTH) {
                final int sum = udpSum(bytes, headerLength);
                putWord(bytes, headerLength + 6, sum == 0 ? 0xffff : sum);
            }
            return withHeader(bytes);
        }

        private static void putAddress(byte[] bytes, int offset, String dotted) {
            final int address = Ipv4Address.parse(dotted);
            putWord(bytes, offset, address >>> 16);
            putWord(bytes, offset + 2, address);
        }
    }
}
