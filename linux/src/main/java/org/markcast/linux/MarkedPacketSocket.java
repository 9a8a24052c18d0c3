// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A packet socket that yields each packet's Netfilter mark (SO_RCVMARK, Linux 5.19), which the frames of a ring lack.
 * Received in batches of recvmmsg(2). Polled by one forwarder thread.
 *
 * <pre>
 *   struct mmsghdr { void *name; u32 namelen; struct iovec *iov; size_t iovlen; void *control; size_t controllen; int flags; u32 len; }
 *   offsets           0           8            16                24              32            40               48      56
 *   control: cmsghdr { size_t len; int level; int type; } + data, aligned to 8
 * </pre>
 */
public final class MarkedPacketSocket extends PacketSocket {

    private static final int SO_MARK = 36;
    private static final int SO_RCVMARK = 75;
    private static final int PACKET_AUXDATA = 8;

    private static final int HEADER_LENGTH = 64;
    private static final int NAME_LENGTH = 8;
    private static final int CONTROL_LENGTH = 40;
    private static final int MESSAGE_LENGTH = 56;

    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;

    private static final int SLOT_NAME = 0;
    private static final int SLOT_IOVEC = 32;
    private static final int SLOT_CONTROL = 48;
    private static final int SLOT_CONTROL_LENGTH = 144;
    private static final int SLOT_LENGTH = 192;

    private static final int BATCH = 32;
    private static final int ETHERNET_HEADER_LENGTH = 14;
    private static final int PACKET_STRIDE = (1 << 16) + 64; // so that an observer has room for the link header too
    private static final int MAX_PACKET_LENGTH = 65_535;
    private static final int RECEIVE_QUEUE_BYTES = 8 << 20;

    private final int batch;
    private final int linkHeaderLength;
    private final NativeMemory headers;
    private final NativeMemory slots;
    private final NativeMemory packets;
    private final boolean hasMarks;

    private int received;
    private int current = -1;
    private int mark;
    private int auxStatus;
    private int wireLength;

    public MarkedPacketSocket() {
        this(Libc.SOCK_DGRAM, 0, BATCH);
    }

    private MarkedPacketSocket(int type, int linkHeaderLength, int batch) {
        super(type);
        this.batch = batch;
        this.linkHeaderLength = linkHeaderLength;
        headers = new NativeMemory(batch * HEADER_LENGTH);
        slots = new NativeMemory(batch * SLOT_LENGTH);
        packets = new NativeMemory(batch * PACKET_STRIDE);
        try {
            hasMarks = Libc.trySetOption(fd(), Libc.SOL_SOCKET, SO_RCVMARK, 1) >= 0;
            Libc.setOption(fd(), SOL_PACKET, PACKET_AUXDATA, 1, "PACKET_AUXDATA");
            reserveReceiveBuffer(RECEIVE_QUEUE_BYTES);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        for (int i = 0; i < batch; i++) {
            layOut(i);
        }
    }

    /**
     * For an observer on an Ethernet interface who wants to know the {@link #destinationMac()} too. Takes one packet at a
     * time, so that hundreds of observers cost little memory.
     */
    public static MarkedPacketSocket observer() {
        return new MarkedPacketSocket(Libc.SOCK_RAW, ETHERNET_HEADER_LENGTH, 1);
    }

    private void layOut(int i) {
        final long slot = slots.address() + (long) i * SLOT_LENGTH;
        final UnsafeBuffer header = headers.buffer();
        header.putLong(i * HEADER_LENGTH, slot + SLOT_NAME);
        header.putLong(i * HEADER_LENGTH + 16, slot + SLOT_IOVEC);
        header.putLong(i * HEADER_LENGTH + 24, 1);
        header.putLong(i * HEADER_LENGTH + 32, slot + SLOT_CONTROL);
        slots.buffer().putLong(i * SLOT_LENGTH + SLOT_IOVEC, packets.address() + (long) i * PACKET_STRIDE);
        slots.buffer().putLong(i * SLOT_LENGTH + SLOT_IOVEC + 8, MAX_PACKET_LENGTH + linkHeaderLength);
    }

    /** Whether the kernel tells marks; before Linux 5.19 every packet seems to have mark 0. */
    public boolean hasMarks() {
        return hasMarks;
    }

    /**
     * Receives the next batch without waiting; the packets stay valid until the next call.
     *
     * @return how many there are, to be walked with {@link #next()}
     */
    public int receive(int limit) {
        final UnsafeBuffer header = headers.buffer();
        final int count = Math.min(limit, batch);
        for (int i = 0; i < count; i++) {
            header.putInt(i * HEADER_LENGTH + NAME_LENGTH, SOCKADDR_LL_LENGTH);
            header.putLong(i * HEADER_LENGTH + CONTROL_LENGTH, SLOT_CONTROL_LENGTH);
        }
        current = -1;
        received = Math.max(
                0, Libc.calls().recvmmsg(fd(), headers.address(), count, Libc.MSG_DONTWAIT | Libc.MSG_TRUNC, 0));
        return received;
    }

    /** Moves to the next packet of the batch, if there is one. */
    public boolean next() {
        if (current + 1 >= received) {
            return false;
        }
        current++;
        mark = 0;
        auxStatus = 0;
        wireLength = headers.buffer().getInt(current * HEADER_LENGTH + MESSAGE_LENGTH);
        readControl();
        return true;
    }

    private void readControl() {
        final UnsafeBuffer slot = slots.buffer();
        int cmsg = current * SLOT_LENGTH + SLOT_CONTROL;
        final int end = cmsg + (int) headers.buffer().getLong(current * HEADER_LENGTH + CONTROL_LENGTH);
        while (cmsg + CMSG_DATA <= end) {
            final int length = (int) slot.getLong(cmsg);
            if (length < CMSG_DATA) {
                return;
            }
            final int level = slot.getInt(cmsg + CMSG_LEVEL);
            final int type = slot.getInt(cmsg + CMSG_TYPE);
            if (level == Libc.SOL_SOCKET && type == SO_MARK) {
                mark = slot.getInt(cmsg + CMSG_DATA);
            } else if (level == SOL_PACKET && type == PACKET_AUXDATA) {
                auxStatus = slot.getInt(cmsg + CMSG_DATA);
            }
            cmsg += (length + 7) & ~7;
        }
    }

    public MutableDirectBuffer packetBuffer() {
        return packets.buffer();
    }

    /** Where the packet's IP header starts in {@link #packetBuffer()}. */
    public int packetOffset() {
        return current * PACKET_STRIDE + linkHeaderLength;
    }

    public int capturedLength() {
        return Math.min(wireLength(), MAX_PACKET_LENGTH);
    }

    public int wireLength() {
        return wireLength - linkHeaderLength;
    }

    public int mark() {
        return mark;
    }

    public int interfaceIndex() {
        return slots.buffer().getInt(current * SLOT_LENGTH + SLOT_NAME + SLL_IFINDEX);
    }

    public long sourceMac() {
        return sourceMac(slots.buffer(), current * SLOT_LENGTH + SLOT_NAME);
    }

    /** The hardware address that the frame was sent to, in the low 48 bits; 0 unless this is an {@link #observer()}. */
    public long destinationMac() {
        return linkHeaderLength == 0
                ? 0
                : packets.buffer().getLong(current * PACKET_STRIDE, ByteOrder.BIG_ENDIAN) >>> 16;
    }

    public boolean isChecksumUnfinished() {
        return (auxStatus & PacketRing.STATUS_CSUM_NOT_READY) != 0;
    }
}
