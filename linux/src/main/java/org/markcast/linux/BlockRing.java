// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A packet socket with a memory-mapped receive ring of blocks (TPACKET_V3, Linux networking/packet_mmap.rst). The kernel
 * fills a block with packets of any length and hands it over when it is full or a time has passed: least wake-ups of all ways
 * to capture, but a packet of a slow flow waits for up to a millisecond, before Linux 6.18 for one or two jiffies. That is why
 * the service captures with {@link PacketRing}; this one is what the benchmark holds against it. Polled and released by one thread; binding and filtering may come from another.
 *
 * <pre>
 *   block:  struct tpacket_block_desc { u32 version, offset_to_priv, block_status, num_pkts, offset_to_first_pkt, blk_len; ... }
 *   packet: struct tpacket3_hdr { u32 next_offset, sec, nsec, snaplen, len, status; u16 mac, net; u32 rxhash, ...; } // 48 bytes
 *           struct sockaddr_ll
 *           ... the packet from its network header, at offset {@code net}
 * </pre>
 */
public final class BlockRing extends PacketSocket {

    private static final int PACKET_RX_RING = 5;
    private static final int PACKET_VERSION = 10;
    private static final int TPACKET_V3 = 2;
    private static final int REQUEST_LENGTH = 28;

    private static final int BLOCK_STATUS = 8;
    private static final int BLOCK_PACKETS = 12;
    private static final int BLOCK_FIRST = 16;

    private static final int NEXT = 0;
    private static final int SECONDS = 4;
    private static final int NANOSECONDS = 8;
    private static final int CAPTURED_LENGTH = 12;
    private static final int LENGTH = 16;
    private static final int STATUS = 20;
    private static final int NETWORK_OFFSET = 26;
    private static final int SOCKADDR = 48;

    private static final int STATUS_KERNEL = 0;
    private static final int STATUS_USER = 1;

    /** The largest packet fits with its header, so none is ever cut off. */
    private static final int BLOCK_LENGTH = 1 << 18;
    /** What a frame's length means is for V2; the kernel only checks that frames fill blocks. */
    private static final int FRAME_LENGTH = 2048;
    /** The least there is; Linux before 6.18 rounds it up to a jiffy, 1 to 10 ms. */
    private static final int RETIRE_MS = 1;

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;

    private final int blocks;
    private final long address;
    private final long mappedLength;
    private final UnsafeBuffer ring = new UnsafeBuffer(0, 0);

    private int head; // next block to look at
    private int tail; // oldest block not given back
    private int held;
    private int unread; // packets of the newest block that is held
    private int packet;
    private int nextPacket;

    /** @param blocks of 256 KiB each, 2 or more: the kernel fills one while another is read */
    public BlockRing(int blocks) {
        super(Libc.SOCK_DGRAM);
        if (blocks < 2) {
            throw new IllegalArgumentException("a ring needs 2 blocks or more");
        }
        this.blocks = blocks;
        mappedLength = (long) blocks * BLOCK_LENGTH;
        try {
            Libc.setOption(fd(), SOL_PACKET, PACKET_VERSION, TPACKET_V3, "PACKET_VERSION");
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

    /** {@code struct tpacket_req3 { u32 block_size, block_nr, frame_size, frame_nr, retire_blk_tov, sizeof_priv, features; }}. */
    private void requestRing() {
        final NativeMemory request = new NativeMemory(REQUEST_LENGTH);
        request.buffer().putInt(0, BLOCK_LENGTH);
        request.buffer().putInt(4, blocks);
        request.buffer().putInt(8, FRAME_LENGTH);
        request.buffer().putInt(12, (int) (mappedLength / FRAME_LENGTH));
        request.buffer().putInt(16, RETIRE_MS);
        Libc.check(
                "setsockopt(PACKET_RX_RING)",
                request.whileReachable(
                        Libc.calls().setsockopt(fd(), SOL_PACKET, PACKET_RX_RING, request.address(), REQUEST_LENGTH)));
    }

    /** Moves to the next captured packet, if there is one; it stays valid until {@link #release()}. */
    public boolean next() {
        if (unread == 0 && !nextBlock()) {
            return false;
        }
        packet = nextPacket;
        nextPacket += ring.getInt(packet + NEXT);
        unread--;
        return true;
    }

    private boolean nextBlock() {
        while (unread == 0) {
            final int block = head * BLOCK_LENGTH;
            if (held == blocks || (ring.getIntVolatile(block + BLOCK_STATUS) & STATUS_USER) == 0) {
                return false;
            }
            head = head + 1 == blocks ? 0 : head + 1;
            held++;
            unread = ring.getInt(block + BLOCK_PACKETS);
            nextPacket = block + ring.getInt(block + BLOCK_FIRST);
        }
        return true;
    }

    public MutableDirectBuffer packetBuffer() {
        return ring;
    }

    /** Where the packet's IP header starts in {@link #packetBuffer()}. */
    public int packetOffset() {
        return packet + (ring.getShort(packet + NETWORK_OFFSET) & 0xffff);
    }

    public int capturedLength() {
        return ring.getInt(packet + CAPTURED_LENGTH);
    }

    /** What the packet had on the wire, from its IP header on. */
    public int wireLength() {
        return ring.getInt(packet + LENGTH);
    }

    /** When the kernel put the packet into its block, in nanoseconds of CLOCK_REALTIME. */
    public long timestampNs() {
        return (ring.getInt(packet + SECONDS) & 0xffff_ffffL) * 1_000_000_000L + ring.getInt(packet + NANOSECONDS);
    }

    /** The sender left the UDP or TCP checksum to hardware that was never passed. */
    public boolean isChecksumUnfinished() {
        return (ring.getInt(packet + STATUS) & PacketRing.STATUS_CSUM_NOT_READY) != 0;
    }

    public int interfaceIndex() {
        return ring.getInt(packet + SOCKADDR + SLL_IFINDEX);
    }

    public long sourceMac() {
        return sourceMac(ring, packet + SOCKADDR);
    }

    /** Gives all blocks that are read to their ends back to the kernel. */
    public void release() {
        for (final int kept = unread == 0 ? 0 : 1; held > kept; held--) {
            ring.putIntRelease(tail * BLOCK_LENGTH + BLOCK_STATUS, STATUS_KERNEL);
            tail = tail + 1 == blocks ? 0 : tail + 1;
        }
    }

    /** To be called when no thread polls any more. */
    @Override
    public void close() {
        Libc.calls().munmap(address, mappedLength);
        super.close();
    }
}
