// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.packet;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.agrona.concurrent.UnsafeBuffer;

/** Builds captured packets, field by field. */
public final class TestPacket {

    public static final int LAN_INDEX = 2;
    public static final int WAN_INDEX = 9;

    private int source;
    private int destination;
    private int protocol;
    private byte[] payload = new byte[16];
    private int optionWords;
    private int fragmentWord;
    private int identification = 1;
    private int timeToLive = 64;
    private int totalLength = -1;
    private int captured = -1;
    private int wire = -1;
    private int padding;
    private int mark;
    private int interfaceIndex = LAN_INDEX;
    private long mac = 0x0200_0000_00aaL;

    public static TestPacket of(int protocol, String source, String destination) {
        return of(protocol, address(source), address(destination));
    }

    public static TestPacket of(int protocol, int source, int destination) {
        final TestPacket packet = new TestPacket();
        packet.protocol = protocol;
        packet.source = source;
        packet.destination = destination;
        return packet;
    }

    public static TestPacket udp(String source, int sourcePort, String destination, int destinationPort) {
        return of(Ipv4Flyweight.PROTOCOL_UDP, source, destination).ports(sourcePort, destinationPort);
    }

    /** mDNS of this source. */
    public static TestPacket mdns(String source) {
        return udp(source, 5353, "224.0.0.251", 5353);
    }

    public static int address(String text) {
        try {
            return Ipv4Address.of(InetAddress.getByName(text));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    public TestPacket ports(int sourcePort, int destinationPort) {
        payload[0] = (byte) (sourcePort >>> 8);
        payload[1] = (byte) sourcePort;
        payload[2] = (byte) (destinationPort >>> 8);
        payload[3] = (byte) destinationPort;
        return this;
    }

    public TestPacket payload(int... bytes) {
        payload = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            payload[i] = (byte) bytes[i];
        }
        return this;
    }

    public TestPacket payloadLength(int length) {
        payload = java.util.Arrays.copyOf(payload, length);
        return this;
    }

    /** Fills header options with these bytes, four a word. */
    public TestPacket optionWords(int words) {
        optionWords = words;
        return this;
    }

    public TestPacket fragment(int offsetBytes, boolean isMoreToCome) {
        fragmentWord = offsetBytes >>> 3 | (isMoreToCome ? 0x2000 : 0);
        return this;
    }

    public TestPacket identification(int value) {
        identification = value;
        return this;
    }

    public TestPacket timeToLive(int value) {
        timeToLive = value;
        return this;
    }

    public TestPacket totalLength(int length) {
        totalLength = length;
        return this;
    }

    public TestPacket captured(int length) {
        captured = length;
        return this;
    }

    public TestPacket wire(int length) {
        wire = length;
        return this;
    }

    public TestPacket padding(int length) {
        padding = length;
        return this;
    }

    public TestPacket mark(int value) {
        mark = value;
        return this;
    }

    public TestPacket on(int index) {
        interfaceIndex = index;
        return this;
    }

    public TestPacket mac(long value) {
        mac = value;
        return this;
    }

    /** As it comes out of a tunnel: on the WAN interface, with this mark, without a link-layer source. */
    public TestPacket decapsulated(int markIn) {
        return on(WAN_INDEX).mark(markIn).mac(0);
    }

    public CapturedPacket build() {
        final int headerLength = 20 + 4 * optionWords;
        final int length = headerLength + payload.length;
        final byte[] bytes = new byte[length + padding + 3];
        final int offset = 3; // nobody may count on an aligned header
        final UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        buffer.putByte(offset, (byte) (0x40 | headerLength >>> 2));
        buffer.putShort(offset + 2, (short) (totalLength < 0 ? length : totalLength), BIG_ENDIAN);
        buffer.putShort(offset + 4, (short) identification, BIG_ENDIAN);
        buffer.putShort(offset + 6, (short) fragmentWord, BIG_ENDIAN);
        buffer.putByte(offset + 8, (byte) timeToLive);
        buffer.putByte(offset + 9, (byte) protocol);
        buffer.putShort(offset + 10, (short) (0x1234 - (timeToLive << 8)), BIG_ENDIAN); // changes with the TTL
        buffer.putInt(offset + 12, source, BIG_ENDIAN);
        buffer.putInt(offset + 16, destination, BIG_ENDIAN);
        for (int word = 0; word < optionWords; word++) {
            buffer.putInt(offset + 20 + 4 * word, 0x0043_0044, BIG_ENDIAN); // "ports" 67 and 68 at a fixed offset
        }
        buffer.putBytes(offset + headerLength, payload);
        final int available = length + padding;
        return new CapturedPacket()
                .set(
                        buffer,
                        offset,
                        captured < 0 ? available : captured,
                        wire < 0 ? available : wire,
                        mark,
                        interfaceIndex,
                        mac,
                        false);
    }
}
