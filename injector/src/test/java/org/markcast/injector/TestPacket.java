// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Flyweight;

/** A UDP packet in memory outside the heap, and a plain way to read what was sent. */
final class TestPacket {

    static final int SOURCE = 0x0a01_000a;
    static final int GROUP = 0xe000_00fb;

    final UnsafeBuffer buffer;
    final Ipv4Flyweight ip = new Ipv4Flyweight();

    private TestPacket(byte[] bytes) {
        buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length));
        buffer.putBytes(0, bytes);
        if (!ip.tryWrap(buffer, 0, bytes.length)) {
            throw new IllegalArgumentException("no IPv4 packet");
        }
    }

    static TestPacket udp(int payloadLength) {
        return udp(payloadLength, 0, 0x1234, new byte[0], GROUP);
    }

    static TestPacket udp(int payloadLength, int flagsAndOffset, int identification, byte[] options, int destination) {
        final int headerLength = 20 + options.length;
        final ByteBuffer bytes = ByteBuffer.allocate(headerLength + 8 + payloadLength);
        bytes.put((byte) (0x40 | headerLength / 4)).put((byte) 0).putShort((short) bytes.capacity());
        bytes.putShort((short) identification).putShort((short) flagsAndOffset);
        bytes.put((byte) 255).put((byte) 17).putShort((short) 0);
        bytes.putInt(SOURCE).putInt(destination).put(options);
        bytes.putShort(10, (short) checksum(Arrays.copyOf(bytes.array(), headerLength)));
        bytes.putShort((short) 5353)
                .putShort((short) 5353)
                .putShort((short) (8 + payloadLength))
                .putShort((short) 0);
        final byte[] payload = new byte[payloadLength];
        new Random(payloadLength).nextBytes(payload);
        bytes.put(payload);
        return new TestPacket(bytes.array());
    }

    CapturedPacket captured(boolean isChecksumUnfinished) {
        return new CapturedPacket().set(buffer, 0, buffer.capacity(), buffer.capacity(), 0, 1, 0, isChecksumUnfinished);
    }

    byte[] bytes() {
        final byte[] bytes = new byte[buffer.capacity()];
        buffer.getBytes(0, bytes);
        return bytes;
    }

    /** RFC 1071, word by word. */
    static int checksum(byte[] bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.length; i++) {
            sum += (bytes[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }

    /** The UDP checksum of a packet without options, over pseudo header and payload: 0 if it is right. */
    static int verifyUdp(byte[] packet) {
        final int length = packet.length - 20;
        final ByteBuffer covered = ByteBuffer.allocate(12 + length);
        covered.put(packet, 12, 8)
                .put((byte) 0)
                .put((byte) 17)
                .putShort((short) length)
                .put(packet, 20, length);
        return checksum(covered.array());
    }
}
