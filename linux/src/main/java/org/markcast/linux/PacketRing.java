// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A packet socket with a memory-mapped receive ring (TPACKET_V2, Linux networking/packet_mmap.rst). V2 hands over each
 * frame at once; V3 ({@link BlockRing}) keeps packets of a slow flow for a while. Polled and released by one forwarder thread; binding and
 * filtering may come from another.
 *
 * <p>A packet that does not fit its frame is handed over whole through the socket's receive queue (PACKET_COPY_THRESH), so
 * frames can be small although packets may have 65,535 bytes.
 *
 * <pre>
 *   frame:  struct tpacket2_hdr { u32 status, len, snaplen; u16 mac, net; u32 sec, nsec; u16 vlan_tci, vlan_tpid; u8 pad[4]; }
 *           struct sockaddr_ll
 *           ... the packet from its network header, at offset {@code net}
 * </pre>
 */
public final class PacketRing extends PacketSocket {

    private static final int PACKET_RX_RING = 5;
    private static final int PACKET_COPY_THRESH = 7;
    private static final int PACKET_VERSION = 10;
    private static final int TPACKET_V2 = 1;

    private static final int STATUS = 0;
    private static final int LENGTH = 4;
    private static final int CAPTURED_LENGTH = 8;
    private static final int NETWORK_OFFSET = 14;
    private static final int SECONDS = 16;
    private static final int NANOSECONDS = 20;
    private static final int SOCKADDR = 32;

    private static final int STATUS_KERNEL = 0;
    private static final int STATUS_USER = 1;
    private static final int STATUS_COPY = 1 << 1;
    static final int STATUS_CSUM_NOT_READY = 1 << 3;

    private static final int FRAME_LENGTH = 2048;
    private static final int BLOCK_LENGTH = 1 << 18;
    private static final int MAX_PACKET_LENGTH = 65_535;
    private static final int RECEIVE_QUEUE_BYTES = 8 << 20;
    private static final int OVERSIZED_PACKETS = 64;
    private static final int OVERSIZED_STRIDE = 1 << 16;

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;

    private final int frames;
    private final long address;
    private final long mappedLength;
    private final UnsafeBuffer ring = new UnsafeBuffer(0, 0);
    private final UnsafeBuffer oversized;
    private final NativeMemory oversizedMemory = new NativeMemory(OVERSIZED_PACKETS * OVERSIZED_STRIDE);

    private int head; // next frame to look at
    private int tail; // oldest frame not given back
    private int held;
    private int oversizedHeld;

    private MutableDirectBuffer packetBuffer;
    private int packetOffset;
    private int capturedLength;
    private int frameOffset;

    /** @param frames how many packets the ring holds, a multiple of 128 */
    public PacketRing(int frames) {
        super(Libc.SOCK_DGRAM);
        if (frames <= 0 || frames % (BLOCK_LENGTH / FRAME_LENGTH) != 0) {
            throw new IllegalArgumentException("frames must be a multiple of " + BLOCK_LENGTH / FRAME_LENGTH);
        }
        this.frames = frames;
        mappedLength = (long) frames * FRAME_LENGTH;
        oversized = oversizedMemory.buffer();
        try {
            Libc.setOption(fd(), SOL_PACKET, PACKET_VERSION, TPACKET_V2, "PACKET_VERSION");
            Libc.setOption(fd(), SOL_PACKET, PACKET_COPY_THRESH, 1, "PACKET_COPY_THRESH");
            reserveReceiveBuffer(RECEIVE_QUEUE_BYTES);
            requestRing();
            address = Libc.calls().mmap(0, mappedLength, PROT_READ_WRITE, MAP_SHARED, fd(), 0, 0);
            if (address == -1) {
                throw new LinuxException("mmap(PACKET_RX_RING)", Libc.errno());
            }
        } catch (RuntimeException e) {
            super.close();
            throw e;
        }
        ring.wrap(address, (int) mappedLength);
    }

    private void requestRing() {
        final NativeMemory request = new NativeMemory(16); // struct tpacket_req
        request.buffer().putInt(0, BLOCK_LENGTH);
        request.buffer().putInt(4, (int) (mappedLength / BLOCK_LENGTH));
        request.buffer().putInt(8, FRAME_LENGTH);
        request.buffer().putInt(12, frames);
        Libc.check(
                "setsockopt(PACKET_RX_RING)",
                request.whileReachable(
                        Libc.calls().setsockopt(fd(), SOL_PACKET, PACKET_RX_RING, request.address(), 16)));
    }

    /** Moves to the next captured packet, if there is one; it stays valid until {@link #release()}. */
    public boolean next() {
        if (held == frames || oversizedHeld == OVERSIZED_PACKETS) {
            return false;
        }
        frameOffset = head * FRAME_LENGTH;
        final int status = ring.getIntVolatile(frameOffset + STATUS);
        if ((status & STATUS_USER) == 0) {
            return false;
        }
        head = head + 1 == frames ? 0 : head + 1;
        held++;
        packetBuffer = ring;
        packetOffset = frameOffset + (ring.getShort(frameOffset + NETWORK_OFFSET) & 0xffff);
        capturedLength = ring.getInt(frameOffset + CAPTURED_LENGTH);
        if ((status & STATUS_COPY) != 0) {
            receiveOversized();
        }
        return true;
    }

    /** The whole packet waits in the receive queue; if it cannot be had, the cut-off one in the frame is what there is. */
    private void receiveOversized() {
        final int offset = oversizedHeld * OVERSIZED_STRIDE;
        long length = tryReceive(offset);
        if (length == -LinuxErrno.ENETDOWN) { // the interface went down meanwhile: told once, then the queue goes on
            length = tryReceive(offset);
        }
        if (length >= 0) {
            oversizedHeld++;
            packetBuffer = oversized;
            packetOffset = offset;
            capturedLength = (int) length;
        }
    }

    private long tryReceive(int offset) {
        final long length =
                Libc.calls().recv(fd(), oversized.addressOffset() + offset, MAX_PACKET_LENGTH, Libc.MSG_DONTWAIT);
        return length >= 0 ? length : -Libc.errno();
    }

    public MutableDirectBuffer packetBuffer() {
        return packetBuffer;
    }

    /** Where the packet's IP header starts in {@link #packetBuffer()}. */
    public int packetOffset() {
        return packetOffset;
    }

    public int capturedLength() {
        return capturedLength;
    }

    /** What the packet had on the wire, from its IP header on. */
    public int wireLength() {
        return ring.getInt(frameOffset + LENGTH);
    }

    /** When the kernel handed the packet over, in nanoseconds of CLOCK_REALTIME. */
    public long timestampNs() {
        return (ring.getInt(frameOffset + SECONDS) & 0xffff_ffffL) * 1_000_000_000L
                + ring.getInt(frameOffset + NANOSECONDS);
    }

    /** The sender left the UDP or TCP checksum to hardware that was never passed. */
    public boolean isChecksumUnfinished() {
        return (ring.getInt(frameOffset + STATUS) & STATUS_CSUM_NOT_READY) != 0;
    }

    public int interfaceIndex() {
        return ring.getInt(frameOffset + SOCKADDR + SLL_IFINDEX);
    }

    public long sourceMac() {
        return sourceMac(ring, frameOffset + SOCKADDR);
    }

    /** Gives all frames back to the kernel. */
    public void release() {
        for (; held > 0; held--) {
            ring.putIntRelease(tail * FRAME_LENGTH + STATUS, STATUS_KERNEL);
            tail = tail + 1 == frames ? 0 : tail + 1;
        }
        oversizedHeld = 0;
    }

    /** To be called when no thread polls any more. */
    @Override
    public void close() {
        Libc.calls().munmap(address, mappedLength);
        super.close();
    }
}
