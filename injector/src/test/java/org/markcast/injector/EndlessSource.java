// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.engine.port.PacketHandler;
import org.markcast.engine.port.PacketSource;

/**
 * As many packets as a test asks for, written into the same memory again and again: from two LANs and from SAs, of known and of
 * new flows, short and above the MTU, and what must be dropped. Allocates nothing while it is polled.
 */
final class EndlessSource implements PacketSource {

    private static final int SLOTS = 64;
    private static final int SLOT_LENGTH = 4096;
    private static final int LENGTH = 300;
    private static final int TOO_LONG = 3000;
    private static final int DONT_FRAGMENT = 0x4000;
    private static final int HOST = 0x0a01_000a; // 10.1.0.10
    private static final int FIRST_CLIENT = 0x0a01_0100; // 10.1.1.0
    private static final int GROUP = 0xefff_fffa;
    private static final int PORT = 1900;
    private static final int DHCP_CLIENT = 68;
    private static final int DHCP_SERVER = 67;

    private final int sas;
    private final UnsafeBuffer memory = new UnsafeBuffer(ByteBuffer.allocateDirect(SLOTS * SLOT_LENGTH));
    private final CapturedPacket packet = new CapturedPacket();

    private int remaining;
    private int number;

    /** @param sas clients that have the marks from 1 on, and the addresses from 10.1.1.0 on */
    EndlessSource(int sas) {
        this.sas = sas;
    }

    void offer(int packets) {
        remaining = packets;
    }

    boolean hasMore() {
        return remaining > 0;
    }

    @Override
    public int poll(PacketHandler handler, int limit) {
        final int count = Math.min(Math.min(limit, SLOTS), remaining);
        for (int slot = 0; slot < count; slot++) {
            number++;
            hand(handler, slot * SLOT_LENGTH);
        }
        remaining -= count;
        return count;
    }

    private void hand(PacketHandler handler, int at) {
        switch (number % 16) {
            case 0 -> fromLan(handler, at, 2, number - 1, LENGTH); // what eth1 had just before
            case 1 -> fromSa(handler, at, number % sas, FIRST_CLIENT + number % sas);
            case 2 -> fromSa(handler, at, number % sas, HOST); // spoofed
            case 3 -> fromLan(handler, at, 1, number, TOO_LONG);
            case 4 -> {
                write(at, HOST, number, TOO_LONG, DONT_FRAGMENT);
                hand(handler, at, TOO_LONG, 0, 1, false);
            }
            case 5 -> {
                write(at, HOST, DHCP_CLIENT, LENGTH, 0);
                memory.putShort(at + 22, (short) DHCP_SERVER, BIG_ENDIAN);
                hand(handler, at, LENGTH, 0, 1, false);
            }
            case 6 -> {
                write(at, HOST, PORT, LENGTH, 0);
                hand(handler, at, Ipv4Flyweight.MIN_HEADER_LENGTH - 1, 0, 1, false);
            }
            case 7, 8, 9 -> fromLan(handler, at, 1, PORT, LENGTH); // a flow that is known
            default -> fromLan(handler, at, 1, number, LENGTH);
        }
    }

    private void fromLan(PacketHandler handler, int at, int lan, int sourcePort, int length) {
        write(at, HOST, sourcePort, length, 0);
        hand(handler, at, length, 0, lan, (number & 1) == 0);
    }

    private void fromSa(PacketHandler handler, int at, int sa, int source) {
        write(at, source, PORT, LENGTH, 0);
        hand(handler, at, LENGTH, sa + 1, 0, false);
    }

    /** All packets of a number look alike. */
    private void write(int at, int source, int sourcePort, int length, int flags) {
        memory.putLong(at, 0);
        memory.putByte(at, (byte) 0x45);
        memory.putShort(at + 2, (short) length, BIG_ENDIAN);
        memory.putShort(at + 6, (short) flags, BIG_ENDIAN);
        memory.putByte(at + 8, (byte) 4);
        memory.putByte(at + 9, (byte) Ipv4Flyweight.PROTOCOL_UDP);
        memory.putInt(at + 12, source, BIG_ENDIAN);
        memory.putInt(at + 16, GROUP, BIG_ENDIAN);
        memory.putShort(at + 20, (short) sourcePort, BIG_ENDIAN);
        memory.putShort(at + 22, (short) PORT, BIG_ENDIAN);
        memory.putShort(at + 24, (short) (length - Ipv4Flyweight.MIN_HEADER_LENGTH), BIG_ENDIAN);
        memory.putShort(at + 26, (short) 0);
        memory.putInt(at + 28, sourcePort);
    }

    private void hand(
            PacketHandler handler, int at, int length, int mark, int interfaceIndex, boolean isChecksumUnfinished) {
        handler.onPacket(packet.set(memory, at, length, length, mark, interfaceIndex, 0, isChecksumUnfinished));
    }
}
