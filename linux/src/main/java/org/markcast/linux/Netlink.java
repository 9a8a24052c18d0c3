// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import org.agrona.concurrent.UnsafeBuffer;

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
    static final int NETLINK_ROUTE = 0;
    static final int NETLINK_NETFILTER = 12;
    static final int NLMSG_ERROR = 2;
    static final int NLMSG_DONE = 3;
    static final int NLM_F_REQUEST = 1;
    static final int NLM_F_ACK = 4;
    static final int NLM_F_DUMP = 0x300;
    static final int NLM_F_EXCL = 0x200;
    static final int NLM_F_CREATE = 0x400;
    static final int ADDRESS_LENGTH = 12;

    private static final int NLA_TYPE_MASK = 0x3fff;

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

    /** Where the data of the first attribute of this type is, or -1. */
    static int attribute(UnsafeBuffer buffer, int type, int first, int limit) {
        int offset = first;
        while (offset + ATTRIBUTE_HEADER_LENGTH <= limit) {
            if ((buffer.getShort(offset + 2) & NLA_TYPE_MASK) == type) {
                return offset + ATTRIBUTE_HEADER_LENGTH;
            }
            offset += align(Math.max(ATTRIBUTE_HEADER_LENGTH, buffer.getShort(offset) & 0xffff));
        }
        return -1;
    }

    /** The length of an attribute's data in bytes. */
    static int attributeLength(UnsafeBuffer buffer, int data) {
        return (buffer.getShort(data - ATTRIBUTE_HEADER_LENGTH) & 0xffff) - ATTRIBUTE_HEADER_LENGTH;
    }

    static int align(int length) {
        return (length + 3) & ~3;
    }
}
