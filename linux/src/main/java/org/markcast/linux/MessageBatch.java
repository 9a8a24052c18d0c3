// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Messages for sendmmsg(2), laid out in memory once: what differs from copy to copy is written in place. The packets
 * themselves stay where they are. Owned by one thread.
 *
 * <pre>
 *   struct mmsghdr { void *name; u32 namelen; struct iovec *iov; size_t iovlen; void *control; size_t controllen; int flags; u32 len; }
 *   offsets           0           8            16                24              32            40               48      56
 *   slot: sockaddr_in or sockaddr_ll | struct iovec { void *base; size_t len; } | cmsg SO_MARK | cmsg IP_PROTOCOL
 * </pre>
 */
public final class MessageBatch {

    private static final int HEADER_LENGTH = 64;
    private static final int SLOT_LENGTH = 96;
    private static final int IOVEC = 24;
    private static final int CONTROL = 40;
    private static final int MARK_DATA = CONTROL + 16;
    private static final int PROTOCOL_MESSAGE = CONTROL + 24;
    private static final int PROTOCOL_DATA = PROTOCOL_MESSAGE + 16;
    private static final int CMSG_LENGTH = 20;
    private static final int CMSG_SPACE = 24;

    private static final int SOCKADDR_IN_LENGTH = 16;
    private static final int SIN_ADDRESS = 4;
    private static final int SLL_PROTOCOL = 2;

    private static final int SO_MARK = 36;
    private static final int IPPROTO_IP = 0;
    private static final int IP_PROTOCOL = 52;

    private final int capacity;
    private final NativeMemory headers;
    private final NativeMemory slots;
    private final UnsafeBuffer slot;

    private MessageBatch(int capacity, int nameLength, int controlLength) {
        this.capacity = capacity;
        headers = new NativeMemory(capacity * HEADER_LENGTH);
        slots = new NativeMemory(capacity * SLOT_LENGTH);
        slot = slots.buffer();
        for (int i = 0; i < capacity; i++) {
            final long address = slots.address() + (long) i * SLOT_LENGTH;
            final UnsafeBuffer header = headers.buffer();
            header.putLong(i * HEADER_LENGTH, address);
            header.putInt(i * HEADER_LENGTH + 8, nameLength);
            header.putLong(i * HEADER_LENGTH + 16, address + IOVEC);
            header.putLong(i * HEADER_LENGTH + 24, 1);
            header.putLong(i * HEADER_LENGTH + 32, controlLength == 0 ? 0 : address + CONTROL);
            header.putLong(i * HEADER_LENGTH + 40, controlLength);
        }
    }

    /**
     * Messages for a {@link RawSocket}: whole IPv4 packets, each with its mark.
     *
     * @param tellsProtocol whether each carries its protocol too, so that the XFRM lookup sees it instead of 255; see {@link
     *     RawSocket#takesProtocol()}
     */
    public static MessageBatch marked(int capacity, boolean tellsProtocol) {
        final MessageBatch batch =
                new MessageBatch(capacity, SOCKADDR_IN_LENGTH, tellsProtocol ? 2 * CMSG_SPACE : CMSG_SPACE);
        for (int i = 0; i < capacity; i++) {
            final int base = i * SLOT_LENGTH;
            batch.slot.putShort(base, (short) Libc.AF_INET);
            batch.putMessageHeader(base + CONTROL, Libc.SOL_SOCKET, SO_MARK);
            batch.putMessageHeader(base + PROTOCOL_MESSAGE, IPPROTO_IP, IP_PROTOCOL);
        }
        return batch;
    }

    /** Messages for a {@link RawSocket} whose mark is the socket's; what {@link #mark} says of mark and protocol is not sent. */
    static MessageBatch unmarked(int capacity) {
        final MessageBatch batch = new MessageBatch(capacity, SOCKADDR_IN_LENGTH, 0);
        for (int i = 0; i < capacity; i++) {
            batch.slot.putShort(i * SLOT_LENGTH, (short) Libc.AF_INET);
        }
        return batch;
    }

    /** Messages for a {@link FrameSocket}: IPv4 packets, each with interface and destination hardware address. */
    public static MessageBatch frames(int capacity) {
        return frames(capacity, PacketSocket.ETH_P_IP);
    }

    /** The same for IPv6 packets. */
    public static MessageBatch ipv6Frames(int capacity) {
        return frames(capacity, PacketSocket.ETH_P_IPV6);
    }

    private static MessageBatch frames(int capacity, int etherType) {
        final MessageBatch batch = new MessageBatch(capacity, PacketSocket.SOCKADDR_LL_LENGTH, 0);
        for (int i = 0; i < capacity; i++) {
            final int base = i * SLOT_LENGTH;
            batch.slot.putShort(base, (short) Libc.AF_PACKET);
            batch.slot.putShort(base + SLL_PROTOCOL, (short) etherType, ByteOrder.BIG_ENDIAN);
            batch.slot.putByte(base + PacketSocket.SLL_HALEN, (byte) 6);
        }
        return batch;
    }

    private void putMessageHeader(int offset, int level, int type) {
        slot.putLong(offset, CMSG_LENGTH);
        slot.putInt(offset + 8, level);
        slot.putInt(offset + 12, type);
    }

    public int capacity() {
        return capacity;
    }

    /** Points message {@code i} to a packet; its memory must stay until the batch is sent. */
    public void packet(int i, long address, int length) {
        slot.putLong(i * SLOT_LENGTH + IOVEC, address);
        slot.putLong(i * SLOT_LENGTH + IOVEC + 8, length);
    }

    /** Addresses message {@code i} of a marked batch. */
    public void mark(int i, int destination, int mark, int protocol) {
        final int base = i * SLOT_LENGTH;
        slot.putInt(base + SIN_ADDRESS, destination, ByteOrder.BIG_ENDIAN);
        slot.putInt(base + MARK_DATA, mark);
        slot.putInt(base + PROTOCOL_DATA, protocol);
    }

    /** Addresses message {@code i} of a batch of frames. */
    public void frame(int i, int interfaceIndex, long destinationMac) {
        final int base = i * SLOT_LENGTH;
        slot.putInt(base + PacketSocket.SLL_IFINDEX, interfaceIndex);
        slot.putLong(base + PacketSocket.SLL_ADDRESS, destinationMac << 16, ByteOrder.BIG_ENDIAN);
    }

    public long packetAddress(int i) {
        return slot.getLong(i * SLOT_LENGTH + IOVEC);
    }

    public int packetLength(int i) {
        return (int) slot.getLong(i * SLOT_LENGTH + IOVEC + 8);
    }

    public int destination(int i) {
        return slot.getInt(i * SLOT_LENGTH + SIN_ADDRESS, ByteOrder.BIG_ENDIAN);
    }

    public int mark(int i) {
        return slot.getInt(i * SLOT_LENGTH + MARK_DATA);
    }

    public int protocol(int i) {
        return slot.getInt(i * SLOT_LENGTH + PROTOCOL_DATA);
    }

    public int interfaceIndex(int i) {
        return slot.getInt(i * SLOT_LENGTH + PacketSocket.SLL_IFINDEX);
    }

    public long destinationMac(int i) {
        return slot.getLong(i * SLOT_LENGTH + PacketSocket.SLL_ADDRESS, ByteOrder.BIG_ENDIAN) >>> 16;
    }

    /** Sends without waiting; how many left, or the negated errno of the first. */
    int send(int fd, int first, int count) {
        final int sent =
                Libc.calls().sendmmsg(fd, headers.address() + (long) first * HEADER_LENGTH, count, Libc.MSG_DONTWAIT);
        return sent >= 0 ? sent : -Libc.errno();
    }

    /** Sends the first message alone, by sendmsg(2), without waiting; its length, or the negated errno. */
    int sendFirst(int fd) {
        final int sent = (int) Libc.calls().sendmsg(fd, headers.address(), Libc.MSG_DONTWAIT);
        return sent >= 0 ? sent : -Libc.errno();
    }
}
