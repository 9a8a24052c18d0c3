// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import org.agrona.concurrent.UnsafeBuffer;

/**
 * A classic BPF program (bpf(4), Linux networking/filter.rst), assembled instruction by instruction. Jumps go forward only.
 *
 * <pre>
 *   struct sock_filter { u16 code; u8 jt; u8 jf; u32 k; };
 *   struct sock_fprog  { u16 len; struct sock_filter *filter; };
 * </pre>
 */
public final class SocketFilter {

    /** Offset base that makes a load relative to the network header. */
    public static final int NETWORK_HEADER = -0x100000;

    private static final int ANCILLARY = -0x1000;
    /** A packet for another host, or another VLAN, that came our way (PACKET_OTHERHOST, packet(7)). */
    public static final int OTHER_HOST = 3;

    private static final int ANCILLARY_PACKET_TYPE = ANCILLARY + 4;
    private static final int ANCILLARY_IFINDEX = ANCILLARY + 8;
    private static final int ANCILLARY_MARK = ANCILLARY + 20;

    private static final int LD_W_ABS = 0x20;
    private static final int JMP_JEQ_K = 0x15;
    private static final int JMP_JGE_K = 0x35;
    private static final int RET_K = 0x06;
    private static final int INSTRUCTION_LENGTH = 8;
    private static final int MAX_INSTRUCTIONS = 4096;
    private static final int SO_ATTACH_FILTER = 26;
    private static final int PROGRAM_LENGTH = 16;

    private final NativeMemory instructions = new NativeMemory(MAX_INSTRUCTIONS * INSTRUCTION_LENGTH);
    private int count;

    /** Loads the 32-bit word at an offset, which may be relative to {@link #NETWORK_HEADER}, in host order. */
    public SocketFilter loadWord(int offset) {
        return add(LD_W_ABS, 0, 0, offset);
    }

    /** Loads the index of the interface that the packet came in on. */
    public SocketFilter loadInterfaceIndex() {
        return add(LD_W_ABS, 0, 0, ANCILLARY_IFINDEX);
    }

    /** Loads the packet's type, such as {@link #OTHER_HOST}. */
    public SocketFilter loadPacketType() {
        return add(LD_W_ABS, 0, 0, ANCILLARY_PACKET_TYPE);
    }

    /** Loads the packet's Netfilter mark. */
    public SocketFilter loadMark() {
        return add(LD_W_ABS, 0, 0, ANCILLARY_MARK);
    }

    /** Skips {@code ifTrue} or {@code ifFalse} instructions, 0 to 255. */
    public SocketFilter jumpIfEqual(int value, int ifTrue, int ifFalse) {
        return add(JMP_JEQ_K, ifTrue, ifFalse, value);
    }

    /** The same, for an unsigned comparison. */
    public SocketFilter jumpIfAtLeast(int value, int ifTrue, int ifFalse) {
        return add(JMP_JGE_K, ifTrue, ifFalse, value);
    }

    /** Ends with the whole packet. */
    public SocketFilter accept() {
        return add(RET_K, 0, 0, -1);
    }

    /** Ends without the packet. */
    public SocketFilter reject() {
        return add(RET_K, 0, 0, 0);
    }

    /** A program that lets nothing through. */
    public static SocketFilter nothing() {
        return new SocketFilter().reject();
    }

    void attachTo(int fd) {
        final NativeMemory program = new NativeMemory(PROGRAM_LENGTH);
        program.buffer().putShort(0, (short) count);
        program.buffer().putLong(8, instructions.address());
        Libc.check(
                "setsockopt(SO_ATTACH_FILTER)",
                instructions.whileReachable(program.whileReachable(Libc.calls()
                        .setsockopt(fd, Libc.SOL_SOCKET, SO_ATTACH_FILTER, program.address(), PROGRAM_LENGTH))));
    }

    private SocketFilter add(int code, int ifTrue, int ifFalse, int k) {
        if (count == MAX_INSTRUCTIONS) {
            throw new IllegalStateException("a socket filter has at most " + MAX_INSTRUCTIONS + " instructions");
        }
        final UnsafeBuffer buffer = instructions.buffer();
        final int offset = count++ * INSTRUCTION_LENGTH;
        buffer.putShort(offset, (short) code);
        buffer.putByte(offset + 2, (byte) ifTrue);
        buffer.putByte(offset + 3, (byte) ifFalse);
        buffer.putInt(offset + 4, k);
        return this;
    }
}
