// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Asks the kernel how large a packet may be on its way out (IP_MTU, ip(7)): a socket with the mark is connected to the
 * destination, so routing rules and XFRM policies that depend on the mark count. Owned by one thread.
 *
 * <p>For multicast and limited broadcast connecting is not enough: it looks the route up twice, the second time with the source
 * address that the first one chose, and then such packets leave by the interface that has this address, whatever the rules
 * say (ip_route_output_key_hash_rcu() in the kernel's net/ipv4/route.c). So the way out is asked for first (RTM_GETROUTE,
 * rtnetlink(7)) and the socket bound to it.
 *
 * <pre>
 *   struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }
 *   struct rtmsg    { u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags; }
 *   struct rtattr   { u16 len, type; } + data, aligned to 4
 * </pre>
 */
public final class RouteMtu implements AutoCloseable {

    private static final int IPPROTO_UDP = 17;
    private static final int IPPROTO_IP = 0;
    private static final int IP_MTU = 14;
    private static final int SO_MARK = 36;
    private static final int SO_BROADCAST = 6;
    private static final int SO_BINDTOIFINDEX = 62; // Linux 5.0
    private static final int ADDRESS_LENGTH = 16;
    private static final int INADDR_BROADCAST = 0xffff_ffff;

    private static final int NETLINK_ROUTE = 0;
    private static final int NLM_F_REQUEST = 1;
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_GETROUTE = 26;
    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_MARK = 16;
    private static final int HEADERS_LENGTH = 16 + 12;
    private static final int REQUEST_LENGTH = HEADERS_LENGTH + 8 + 8;
    private static final int ANSWER_LENGTH = 4096;

    private final int fd;
    private final int netlink;
    private final NativeMemory memory = new NativeMemory(32);
    private final NativeMemory message = new NativeMemory(ANSWER_LENGTH);

    public RouteMtu() {
        fd = Libc.check(
                "socket(AF_INET, SOCK_RAW)",
                Libc.calls().socket(Libc.AF_INET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, IPPROTO_UDP));
        netlink = Libc.calls().socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, NETLINK_ROUTE);
        try {
            Libc.check("socket(AF_NETLINK)", netlink);
            SocketFilter.nothing().attachTo(fd);
            Libc.setOption(fd, Libc.SOL_SOCKET, SO_BROADCAST, 1, "SO_BROADCAST");
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** The MTU in bytes for packets with this mark to this destination, or 0 if there is no way out. */
    public int of(int mark, int destination) {
        memory.buffer().putShort(0, (short) Libc.AF_INET);
        memory.buffer().putInt(4, destination, ByteOrder.BIG_ENDIAN);
        final boolean needsInterface = destination >>> 28 == 0xe || destination == INADDR_BROADCAST;
        final int wayOut = needsInterface ? interfaceOf(mark, destination) : 0;
        if (wayOut < 0
                || Libc.trySetOption(fd, Libc.SOL_SOCKET, SO_BINDTOIFINDEX, wayOut) < 0
                || Libc.trySetOption(fd, Libc.SOL_SOCKET, SO_MARK, mark) < 0
                || Libc.calls().connect(fd, memory.address(), ADDRESS_LENGTH) < 0) {
            return 0;
        }
        memory.buffer().putInt(16, Integer.BYTES);
        final int result =
                Libc.calls().getsockopt(fd, IPPROTO_IP, IP_MTU, memory.address() + 20, memory.address() + 16);
        return memory.whileReachable(result) < 0 ? 0 : memory.buffer().getInt(20);
    }

    /** The index of the interface that routing chooses, or -1 if there is no route. */
    private int interfaceOf(int mark, int destination) {
        final UnsafeBuffer buffer = message.buffer();
        buffer.setMemory(0, REQUEST_LENGTH, (byte) 0);
        buffer.putInt(0, REQUEST_LENGTH);
        buffer.putShort(4, (short) RTM_GETROUTE);
        buffer.putShort(6, (short) NLM_F_REQUEST);
        buffer.putByte(16, (byte) Libc.AF_INET);
        buffer.putByte(17, (byte) 32);
        putAttribute(HEADERS_LENGTH, RTA_DST);
        buffer.putInt(HEADERS_LENGTH + 4, destination, ByteOrder.BIG_ENDIAN);
        putAttribute(HEADERS_LENGTH + 8, RTA_MARK);
        buffer.putInt(HEADERS_LENGTH + 12, mark);
        Libc.check("send(RTM_GETROUTE)", (int) Libc.calls().send(netlink, message.address(), REQUEST_LENGTH, 0));
        final int received =
                Libc.check("recv(RTM_GETROUTE)", (int) Libc.calls().recv(netlink, message.address(), ANSWER_LENGTH, 0));
        if (buffer.getShort(4) != RTM_NEWROUTE) { // NLMSG_ERROR: no way out
            return -1;
        }
        int offset = HEADERS_LENGTH;
        while (offset + 8 <= received) {
            if (buffer.getShort(offset + 2) == RTA_OIF) {
                return buffer.getInt(offset + 4);
            }
            offset += (Math.max(4, buffer.getShort(offset) & 0xffff) + 3) & ~3;
        }
        return -1;
    }

    private void putAttribute(int offset, int type) {
        message.buffer().putShort(offset, (short) 8);
        message.buffer().putShort(offset + 2, (short) type);
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
        Libc.calls().close(netlink);
    }
}
