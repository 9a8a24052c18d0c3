// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

/**
 * What all netlink sockets have in common (netlink(7)).
 *
 * <pre>
 *   struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }
 *   struct nlattr   { u16 len, type; } + data, aligned to 4
 *   struct sockaddr_nl { u16 family, pad; u32 pid, groups; }
 * </pre>
 */
final class Netlink {

    static final int HEADER_LENGTH = 16;
    static final int ATTRIBUTE_HEADER_LENGTH = 4;
    static final int NETLINK_NETFILTER = 12;
    static final int NLMSG_ERROR = 2;
    static final int NLM_F_REQUEST = 1;
    static final int ADDRESS_LENGTH = 12;

    private Netlink() {}

    /** A bound socket, in these multicast groups, one bit each. */
    static int open(int protocol, int groups) {
        final int fd = Libc.check(
                "socket(AF_NETLINK)",
                Libc.calls().socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, protocol));
        final NativeMemory address = new NativeMemory(ADDRESS_LENGTH);
        address.buffer().putShort(0, (short) Libc.AF_NETLINK);
        address.buffer().putInt(8, groups);
        try {
            Libc.check(
                    "bind(AF_NETLINK)",
                    address.whileReachable(Libc.calls().bind(fd, address.address(), ADDRESS_LENGTH)));
            return fd;
        } catch (RuntimeException e) {
            Libc.calls().close(fd);
            throw e;
        }
    }

    /** The number by which the kernel tells this socket from others, in each message that the socket caused. */
    static int portId(int fd) {
        final NativeMemory address = new NativeMemory(ADDRESS_LENGTH + Integer.BYTES);
        address.buffer().putInt(ADDRESS_LENGTH, ADDRESS_LENGTH);
        final int result = Libc.calls().getsockname(fd, address.address(), address.address() + ADDRESS_LENGTH);
        Libc.check("getsockname(AF_NETLINK)", address.whileReachable(result));
        return address.buffer().getInt(4);
    }

    static int align(int length) {
        return (length + 3) & ~3;
    }
}
