// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.nio.ByteBuffer;
import java.util.concurrent.ThreadLocalRandom;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.MessageBatch;

/**
 * Cuts an IPv4 packet into fragments (RFC 791, section 3.2). Fragments lie in memory of this object until the next {@link
 * #fill}.
 */
final class Fragmenter {

    private static final int TOTAL_LENGTH = 2;
    private static final int IDENTIFICATION = 4;
    private static final int FLAGS_AND_OFFSET = 6;
    private static final int HEADER_CHECKSUM = 10;
    private static final int OPTIONS = 20;
    private static final int MORE_FRAGMENTS = 0x2000;
    private static final int OFFSET_MASK = 0x1fff;
    private static final int OPTION_END = 0;
    private static final int OPTION_NOP = 1;
    private static final int OPTION_COPIED = 0x80;
    private static final int MAX_HEADER_LENGTH = 60;
    private static final int MAX_PACKET_LENGTH = 65_535;

    private final UnsafeBuffer memory =
            new UnsafeBuffer(ByteBuffer.allocateDirect(MAX_PACKET_LENGTH + CopySender.BATCH * MAX_HEADER_LENGTH));
    private final UnsafeBuffer laterHeader = new UnsafeBuffer(new byte[MAX_HEADER_LENGTH]);

    private Ipv4Flyweight ip;
    private int mtu;
    private int identification;
    private int laterHeaderLength;
    private int flagsAndOffset;
    private int next; // offset of the next payload byte from the start of the packet
    private int nextIdentification = ThreadLocalRandom.current().nextInt();

    /** Starts with a packet; {@code false} if it must not or cannot be fragmented to this MTU in bytes. */
    boolean begin(Ipv4Flyweight ip, int mtu) {
        if (ip.isDontFragment() || mtu < ip.headerLength() + 8) {
            return false;
        }
        this.ip = ip;
        this.mtu = mtu;
        flagsAndOffset = ip.buffer().getShort(ip.offset() + FLAGS_AND_OFFSET, BIG_ENDIAN) & 0xffff;
        identification = ip.identification() == 0 ? chooseIdentification() : ip.identification();
        next = ip.headerLength();
        prepareLaterHeader();
        return true;
    }

    /** The kernel would give each fragment with identification 0 another one. */
    private int chooseIdentification() {
        do {
            nextIdentification++;
        } while ((nextIdentification & 0xffff) == 0);
        return nextIdentification & 0xffff;
    }

    /** Options without the copied flag stay in the first fragment. */
    private void prepareLaterHeader() {
        laterHeader.putBytes(0, ip.buffer(), ip.offset(), OPTIONS);
        int written = OPTIONS;
        int at = OPTIONS;
        while (at < ip.headerLength()) {
            final int type = ip.buffer().getByte(ip.offset() + at) & 0xff;
            if (type == OPTION_END) {
                break;
            }
            final int length = type == OPTION_NOP || at + 1 == ip.headerLength()
                    ? 1
                    : Math.max(2, ip.buffer().getByte(ip.offset() + at + 1) & 0xff);
            if ((type & OPTION_COPIED) != 0 && at + length <= ip.headerLength()) {
                laterHeader.putBytes(written, ip.buffer(), ip.offset() + at, length);
                written += length;
            }
            at += length;
        }
        while ((written & 3) != 0) {
            laterHeader.putByte(written++, (byte) OPTION_END);
        }
        laterHeader.putByte(0, (byte) (0x40 | written >> 2));
        laterHeaderLength = written;
    }

    boolean hasNext() {
        return next < ip.totalLength();
    }

    /** Writes the next fragments and points messages to them; returns how many. */
    int fill(MessageBatch messages) {
        int count = 0;
        int at = 0;
        while (hasNext() && count < messages.capacity()) {
            final int length = write(at);
            messages.packet(count++, memory.addressOffset() + at, length);
            at += length;
        }
        return count;
    }

    private int write(int at) {
        final boolean isFirst = next == ip.headerLength();
        final int headerLength = isFirst ? ip.headerLength() : laterHeaderLength;
        if (isFirst) {
            memory.putBytes(at, ip.buffer(), ip.offset(), headerLength);
        } else {
            memory.putBytes(at, laterHeader, 0, headerLength);
        }
        final int remaining = ip.totalLength() - next;
        final int room = mtu - headerLength;
        final boolean isLast = remaining <= room;
        final int payload = isLast ? remaining : room & ~7;
        memory.putBytes(at + headerLength, ip.buffer(), ip.offset() + next, payload);

        final int offset = (flagsAndOffset & OFFSET_MASK) + (next - ip.headerLength() >> 3);
        final int more = isLast ? flagsAndOffset & MORE_FRAGMENTS : MORE_FRAGMENTS;
        memory.putShort(at + TOTAL_LENGTH, (short) (headerLength + payload), BIG_ENDIAN);
        memory.putShort(at + IDENTIFICATION, (short) identification, BIG_ENDIAN);
        memory.putShort(at + FLAGS_AND_OFFSET, (short) (more | offset), BIG_ENDIAN);
        memory.putShort(at + HEADER_CHECKSUM, (short) 0, BIG_ENDIAN);
        final int checksum = InternetChecksum.fold(InternetChecksum.sum(memory, at, headerLength));
        memory.putShort(at + HEADER_CHECKSUM, (short) checksum, BIG_ENDIAN);
        next += payload;
        return headerLength + payload;
    }
}
