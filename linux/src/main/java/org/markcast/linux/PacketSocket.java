// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What all packet sockets (packet(7)) share: opening, binding, filters, statistics. A packet socket for ETH_P_IP sees no
 * outgoing packets, so never our own copies.
 */
abstract class PacketSocket implements AutoCloseable {

    static final int ETH_P_IP = 0x0800;
    static final int ETH_P_IPV6 = 0x86dd;
    static final int SOL_PACKET = 263;
    /** {@code struct sockaddr_ll}: family, protocol, ifindex, hatype, pkttype, halen, addr[8]. */
    static final int SOCKADDR_LL_LENGTH = 20;

    static final int SLL_IFINDEX = 4;
    static final int SLL_HALEN = 11;
    static final int SLL_ADDRESS = 12;

    private static final int ETH_P_ALL = 3;
    private static final int SLL_PROTOCOL = 2;
    private static final int PACKET_STATISTICS = 6;
    private static final int SO_RCVBUF = 8;
    private static final int SO_RCVBUFFORCE = 33;

    private final int fd;
    private final NativeMemory statistics = new NativeMemory(16);

    private long drops;

    /**
     * Receives nothing until it is bound.
     *
     * @param type SOCK_DGRAM: packets from their IP header on; SOCK_RAW: whole frames
     */
    PacketSocket(int type) {
        fd = Libc.check("socket(AF_PACKET)", Libc.calls().socket(Libc.AF_PACKET, type | Libc.SOCK_CLOEXEC, 0));
    }

    public final int fd() {
        return fd;
    }

    /** Replaces the filter at once, without a gap. */
    public final void attach(SocketFilter filter) {
        filter.attachTo(fd);
    }

    /** Receives IPv4 packets from one interface, or from all for index 0. Allowed again and again, from any thread. */
    public final void bind(int interfaceIndex) {
        bind(interfaceIndex, ETH_P_IP);
    }

    /** Receives every packet of one interface, those included that leave by it: for observers. */
    public final void bindBothWays(int interfaceIndex) {
        bind(interfaceIndex, ETH_P_ALL);
    }

    private void bind(int interfaceIndex, int protocol) {
        final NativeMemory address = new NativeMemory(SOCKADDR_LL_LENGTH);
        final UnsafeBuffer buffer = address.buffer();
        buffer.putShort(0, (short) Libc.AF_PACKET);
        buffer.putShort(SLL_PROTOCOL, (short) protocol, ByteOrder.BIG_ENDIAN);
        buffer.putInt(SLL_IFINDEX, interfaceIndex);
        Libc.check(
                "bind(AF_PACKET)",
                address.whileReachable(Libc.calls().bind(fd, address.address(), SOCKADDR_LL_LENGTH)));
    }

    /**
     * Packets that the kernel dropped since the socket was opened, because nobody took them fast enough. To be asked by one
     * thread.
     */
    public final long drops() {
        final UnsafeBuffer buffer = statistics.buffer();
        buffer.putInt(8, 8); // in: room for tpacket_stats { u32 packets; u32 drops; }, which reading resets
        final int result = Libc.calls()
                .getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, statistics.address(), statistics.address() + 8);
        Libc.check("getsockopt(PACKET_STATISTICS)", statistics.whileReachable(result));
        drops += buffer.getInt(4) & 0xffff_ffffL;
        return drops;
    }

    /** Asks for a receive buffer of this many bytes. */
    final void reserveReceiveBuffer(int bytes) {
        Libc.setBufferSize(fd, SO_RCVBUFFORCE, SO_RCVBUF, bytes);
    }

    /** The source's hardware address in the low 48 bits, 0 if the link has no 6-byte addresses. */
    static long sourceMac(UnsafeBuffer buffer, int sockaddr) {
        if (buffer.getByte(sockaddr + SLL_HALEN) != 6) {
            return 0;
        }
        return buffer.getLong(sockaddr + SLL_ADDRESS, ByteOrder.BIG_ENDIAN) >>> 16;
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
