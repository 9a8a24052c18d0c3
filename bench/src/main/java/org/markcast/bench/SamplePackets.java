// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.nio.ByteBuffer;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.packet.Ipv4Flyweight;

/** UDP packets outside the heap, more of them than a branch predictor remembers; the same ones in every fork. */
final class SamplePackets {

    static final int COUNT = 1024;
    static final int GROUP = 0xeffffffa; // 239.255.255.250, SSDP
    static final int NETWORK = 0x0a010000; // 10.1.0.0/16

    private static final int FRAME_LENGTH = 2048; // as in the ring of the capture
    private static final int UDP_HEADER_LENGTH = 8;

    private final UnsafeBuffer memory =
            new UnsafeBuffer(ByteBuffer.allocateDirect(COUNT * FRAME_LENGTH).alignedSlice(64));
    private final int length;

    /** @param length bytes of each packet, IP header included */
    SamplePackets(int length) {
        this.length = length;
        final Random random = new Random(42);
        for (int i = 0; i < COUNT; i++) {
            write(offset(i), random);
        }
    }

    private void write(int at, Random random) {
        memory.putByte(at, (byte) 0x45);
        memory.putShort(at + 2, (short) length, BIG_ENDIAN);
        memory.putByte(at + 8, (byte) 4);
        memory.putByte(at + 9, (byte) Ipv4Flyweight.PROTOCOL_UDP);
        memory.putInt(at + 12, NETWORK | random.nextInt(1 << 16), BIG_ENDIAN);
        memory.putInt(at + 16, GROUP, BIG_ENDIAN);
        final int udp = at + Ipv4Flyweight.MIN_HEADER_LENGTH;
        memory.putShort(udp, (short) (1024 + random.nextInt(60_000)), BIG_ENDIAN);
        memory.putShort(udp + 2, (short) 1900, BIG_ENDIAN);
        memory.putShort(udp + 4, (short) (length - Ipv4Flyweight.MIN_HEADER_LENGTH), BIG_ENDIAN);
        for (int i = udp + UDP_HEADER_LENGTH; i < at + length; i++) {
            memory.putByte(i, (byte) random.nextInt());
        }
    }

    UnsafeBuffer memory() {
        return memory;
    }

    /** Where a packet begins; any number will do. */
    int offset(int packet) {
        return (packet & COUNT - 1) * FRAME_LENGTH;
    }

    int length() {
        return length;
    }
}
