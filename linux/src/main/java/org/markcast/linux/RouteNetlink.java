// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Interfaces and IPv4 addresses as the kernel knows them, and news of their changes (rtnetlink(7)). Belongs to the control
 * thread.
 *
 * <pre>
 *   struct ifinfomsg { u8 family, pad; u16 type; s32 index; u32 flags, change; }
 *   struct ifaddrmsg { u8 family, prefixlen, flags, scope; u32 index; }
 * </pre>
 */
public final class RouteNetlink implements AutoCloseable {

    private static final int RTMGRP_LINK = 1;
    private static final int RTMGRP_IPV4_IFADDR = 0x10;
    private static final int RTMGRP_IPV4_ROUTE = 0x40;
    private static final int RTMGRP_IPV4_RULE = 0x80;
    private static final int RTMGRP_NEXTHOP = 1 << 31; // with an object go its routes, without news of their own

    private static final int RTM_NEWLINK = 16;
    private static final int RTM_GETLINK = 18;
    private static final int RTM_NEWADDR = 20;
    private static final int RTM_GETADDR = 22;

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
    private static final int IFF_POINTOPOINT = 0x10;
    private static final int IFF_RUNNING = 0x40;

    private static final int NEWS_LENGTH = 1 << 16;

    private final int events;
    private final NativeMemory news = new NativeMemory(NEWS_LENGTH);
    private final NetlinkDialogue dialogue;
    private final RouteMessage message;
    private final UnsafeBuffer buffer;

    /**
     * An interface.
     *
     * @param isUp whether the administrator wants it up
     * @param isRunning whether it has a carrier besides, or does not tell
     * @param mac hardware address in the low 48 bits, 0 if it has none of 6 bytes
     * @param mtu in bytes
     */
    public record Link(
            int index,
            String name,
            boolean isUp,
            boolean isRunning,
            boolean isBroadcast,
            boolean isPointToPoint,
            boolean isLoopback,
            long mac,
            int mtu) {}

    /**
     * An IPv4 address of an interface, in host order.
     *
     * @param broadcast the configured broadcast address, 0 for none
     */
    public record Address(int interfaceIndex, int address, int prefixLength, int broadcast) {}

    /** Listens to changes of links and addresses from now on. */
    public RouteNetlink() {
        this(RTMGRP_LINK | RTMGRP_IPV4_IFADDR);
    }

    private RouteNetlink(int groups) {
        events = Netlink.open(Netlink.NETLINK_ROUTE, groups);
        try {
            dialogue = new NetlinkDialogue(Netlink.NETLINK_ROUTE);
        } catch (RuntimeException e) {
            Libc.calls().close(events);
            throw e;
        }
        buffer = dialogue.buffer();
        message = new RouteMessage(buffer);
    }

    /** One that listens to changes of IPv4 routes, next hops and routing rules too. */
    public static RouteNetlink withRouting() {
        return new RouteNetlink(
                RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_NEXTHOP);
    }

    /** Readable when something has changed. */
    public int fd() {
        return events;
    }

    /** Takes all news; {@code true} if there was any, or some was lost, so that it is time to look again. */
    public boolean drain() {
        boolean hasNews = false;
        while (true) {
            final long length = Libc.calls().recv(events, news.address(), NEWS_LENGTH, Libc.MSG_DONTWAIT);
            if (length < 0 && Libc.errno() != LinuxErrno.ENOBUFS) {
                return hasNews;
            }
            hasNews = true;
        }
    }

    /** All interfaces, by index. */
    public List<Link> links() {
        return dialogue.list("links", () -> question(RTM_GETLINK, 0, IFINFO_LENGTH), RTM_NEWLINK, this::link);
    }

    /** All IPv4 addresses. */
    public List<Address> addresses() {
        return dialogue.list(
                "addresses", () -> question(RTM_GETADDR, Libc.AF_INET, IFADDR_LENGTH), RTM_NEWADDR, this::address);
    }

    private int question(int type, int family, int bodyLength) {
        message.begin(type, Netlink.NLM_F_DUMP, family, bodyLength);
        return message.end();
    }

    private Link link(int body, int end) {
        final int flags = buffer.getInt(body + 8);
        final int attributes = body + IFINFO_LENGTH;
        final int name = message.attribute(IFLA_IFNAME, attributes, end);
        final int mac = message.attribute(IFLA_ADDRESS, attributes, end);
        return new Link(
                buffer.getInt(body + 4),
                name < 0 ? "" : buffer.getStringWithoutLengthAscii(name, message.length(name) - 1),
                (flags & IFF_UP) != 0,
                (flags & IFF_RUNNING) != 0,
                (flags & IFF_BROADCAST) != 0,
                (flags & IFF_POINTOPOINT) != 0,
                (flags & IFF_LOOPBACK) != 0,
                mac < 0 || message.length(mac) != 6 ? 0 : mac(mac),
                message.number(IFLA_MTU, attributes, end));
    }

    private long mac(int offset) {
        return (buffer.getShort(offset, ByteOrder.BIG_ENDIAN) & 0xffffL) << 32
                | buffer.getInt(offset + 2, ByteOrder.BIG_ENDIAN) & 0xffff_ffffL;
    }

    private Address address(int body, int end) {
        final int attributes = body + IFADDR_LENGTH;
        final boolean hasLocal = message.attribute(IFA_LOCAL, attributes, end) >= 0;
        return new Address(
                buffer.getInt(body + 4),
                message.address(hasLocal ? IFA_LOCAL : IFA_ADDRESS, attributes, end),
                buffer.getByte(body + 1) & 0xff,
                message.address(IFA_BROADCAST, attributes, end));
    }

    @Override
    public void close() {
        Libc.calls().close(events);
        dialogue.close();
    }
}
