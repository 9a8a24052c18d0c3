// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Interfaces and IPv4 addresses as the kernel knows them, and news of their changes (rtnetlink(7)). Belongs to the control
 * thread.
 *
 * <pre>
 *   struct nlmsghdr  { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }
 *   struct ifinfomsg { u8 family, pad; u16 type; s32 index; u32 flags, change; }
 *   struct ifaddrmsg { u8 family, prefixlen, flags, scope; u32 index; }
 *   struct rtattr    { u16 len, type; } + data, aligned to 4
 * </pre>
 */
public final class RouteNetlink implements AutoCloseable {

    private static final int NETLINK_ROUTE = 0;
    private static final int RTMGRP_LINK = 1;
    private static final int RTMGRP_IPV4_IFADDR = 0x10;
    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_GET_STRICT_CHK = 12;

    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int RTM_NEWLINK = 16;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_GETADDR = 22;
    private static final int NLM_F_REQUEST_DUMP = 0x301;
    private static final int NLM_F_DUMP_INTR = 0x10;

    private static final int HEADER_LENGTH = 16;
    private static final int IFINFO_LENGTH = 16;
    private static final int IFADDR_LENGTH = 8;
    private static final int IFLA_ADDRESS = 1;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_MTU = 4;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int IFA_BROADCAST = 4;

    private static final int IFF_UP = 1;
    private static final int IFF_BROADCAST = 2;
    private static final int IFF_LOOPBACK = 8;

    private static final int BUFFER_LENGTH = 1 << 16;
    private static final int MAX_DUMP_TRIES = 10;

    private final NativeMemory memory = new NativeMemory(BUFFER_LENGTH);
    private final UnsafeBuffer buffer = memory.buffer();
    private final int events;
    private final int dumps;
    private int sequence;

    /**
     * An interface.
     *
     * @param mac hardware address in the low 48 bits, 0 if it has none of 6 bytes
     * @param mtu in bytes
     */
    public record Link(
            int index, String name, boolean isUp, boolean isBroadcast, boolean isLoopback, long mac, int mtu) {}

    /**
     * An IPv4 address of an interface, in host order.
     *
     * @param broadcast the configured broadcast address, 0 for none
     */
    public record Address(int interfaceIndex, int address, int prefixLength, int broadcast) {}

    /** Listens to changes of links and addresses from now on. */
    public RouteNetlink() {
        events = open(RTMGRP_LINK | RTMGRP_IPV4_IFADDR);
        try {
            dumps = open(0);
        } catch (RuntimeException e) {
            Libc.calls().close(events);
            throw e;
        }
        // Older kernels refuse this; a dump then also holds what was not asked for, which is filtered here anyway.
        Libc.trySetOption(dumps, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
    }

    private static int open(int groups) {
        final int fd = Libc.check(
                "socket(AF_NETLINK)",
                Libc.calls().socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, NETLINK_ROUTE));
        final NativeMemory address = new NativeMemory(12); // struct sockaddr_nl { u16 family, pad; u32 pid, groups; }
        address.buffer().putShort(0, (short) Libc.AF_NETLINK);
        address.buffer().putInt(8, groups);
        try {
            Libc.check("bind(AF_NETLINK)", address.whileReachable(Libc.calls().bind(fd, address.address(), 12)));
            return fd;
        } catch (RuntimeException e) {
            Libc.calls().close(fd);
            throw e;
        }
    }

    /** Readable when something has changed. */
    public int fd() {
        return events;
    }

    /** Takes all news; {@code true} if there was any, or some was lost, so that it is time to look again. */
    public boolean drain() {
        boolean news = false;
        while (true) {
            final long length = Libc.calls().recv(events, memory.address(), BUFFER_LENGTH, Libc.MSG_DONTWAIT);
            if (length < 0 && Libc.errno() != LinuxErrno.ENOBUFS) {
                return news;
            }
            news = true;
        }
    }

    /** All interfaces, by index. */
    public List<Link> links() {
        return dump("links", RTM_GETLINK, IFINFO_LENGTH, RTM_NEWLINK, this::link);
    }

    /** All IPv4 addresses. */
    public List<Address> addresses() {
        return dump("addresses", RTM_GETADDR, IFADDR_LENGTH, RTM_NEWADDR, this::address);
    }

    /** Makes a value of one message, whose body lies between two offsets. */
    @FunctionalInterface
    private interface Parser<T> {
        T parse(int body, int end);
    }

    private <T> List<T> dump(String what, int request, int bodyLength, int answer, Parser<T> parser) {
        for (int i = 0; i < MAX_DUMP_TRIES; i++) {
            final List<T> found = new ArrayList<>();
            if (tryDump(request, bodyLength, answer, parser, found)) {
                return found;
            }
        }
        throw new IllegalStateException("the " + what + " change faster than they can be read");
    }

    /** {@code false} if the dump was interrupted by a change (NLM_F_DUMP_INTR) and is worth nothing. */
    private <T> boolean tryDump(int request, int bodyLength, int answer, Parser<T> parser, List<T> found) {
        final int length = HEADER_LENGTH + bodyLength;
        buffer.setMemory(0, length, (byte) 0);
        buffer.putInt(0, length);
        buffer.putShort(4, (short) request);
        buffer.putShort(6, (short) NLM_F_REQUEST_DUMP);
        buffer.putInt(8, ++sequence);
        if (request == RTM_GETADDR) {
            buffer.putByte(HEADER_LENGTH, (byte) Libc.AF_INET);
        }
        Libc.check("send(netlink)", (int) Libc.calls().send(dumps, memory.address(), length, 0));
        boolean isConsistent = true;
        while (true) {
            final int received =
                    Libc.check("recv(netlink)", (int) Libc.calls().recv(dumps, memory.address(), BUFFER_LENGTH, 0));
            int offset = 0;
            while (offset + HEADER_LENGTH <= received) {
                final int messageLength = buffer.getInt(offset);
                final int type = buffer.getShort(offset + 4) & 0xffff;
                if (messageLength < HEADER_LENGTH || offset + messageLength > received) {
                    throw new IllegalStateException("netlink message of " + messageLength + " bytes");
                }
                if (buffer.getInt(offset + 8) != sequence) {
                    offset += align(messageLength); // the rest of a dump that was given up
                    continue;
                }
                isConsistent &= (buffer.getShort(offset + 6) & NLM_F_DUMP_INTR) == 0;
                if (type == NLMSG_DONE) {
                    return isConsistent;
                } else if (type == NLMSG_ERROR) {
                    throw new LinuxException("netlink dump", -buffer.getInt(offset + HEADER_LENGTH));
                } else if (type == answer) {
                    found.add(parser.parse(offset + HEADER_LENGTH, offset + messageLength));
                }
                offset += align(messageLength);
            }
        }
    }

    private Link link(int body, int end) {
        final int flags = buffer.getInt(body + 8);
        final int name = attribute(IFLA_IFNAME, body + IFINFO_LENGTH, end);
        final int mac = attribute(IFLA_ADDRESS, body + IFINFO_LENGTH, end);
        final int mtu = attribute(IFLA_MTU, body + IFINFO_LENGTH, end);
        return new Link(
                buffer.getInt(body + 4),
                name < 0 ? "" : buffer.getStringWithoutLengthAscii(name, attributeLength(name) - 1),
                (flags & IFF_UP) != 0,
                (flags & IFF_BROADCAST) != 0,
                (flags & IFF_LOOPBACK) != 0,
                mac < 0 || attributeLength(mac) != 6 ? 0 : mac(mac),
                mtu < 0 ? 0 : buffer.getInt(mtu));
    }

    private long mac(int offset) {
        return (buffer.getShort(offset, ByteOrder.BIG_ENDIAN) & 0xffffL) << 32
                | buffer.getInt(offset + 2, ByteOrder.BIG_ENDIAN) & 0xffff_ffffL;
    }

    private Address address(int body, int end) {
        final int attributes = body + IFADDR_LENGTH;
        final int local = attribute(IFA_LOCAL, attributes, end);
        return new Address(
                buffer.getInt(body + 4),
                inet(local >= 0 ? local : attribute(IFA_ADDRESS, attributes, end)),
                buffer.getByte(body + 1) & 0xff,
                inet(attribute(IFA_BROADCAST, attributes, end)));
    }

    private int inet(int offset) {
        return offset < 0 ? 0 : buffer.getInt(offset, ByteOrder.BIG_ENDIAN);
    }

    /** Where the data of an attribute starts, or -1 if there is none. */
    private int attribute(int type, int first, int end) {
        for (int offset = first; offset + 4 <= end; offset += align(Math.max(4, buffer.getShort(offset) & 0xffff))) {
            if ((buffer.getShort(offset + 2) & 0x3fff) == type) {
                return offset + 4;
            }
        }
        return -1;
    }

    private int attributeLength(int data) {
        return (buffer.getShort(data - 4) & 0xffff) - 4;
    }

    private static int align(int length) {
        return (length + 3) & ~3;
    }

    @Override
    public void close() {
        Libc.calls().close(events);
        Libc.calls().close(dumps);
    }
}
