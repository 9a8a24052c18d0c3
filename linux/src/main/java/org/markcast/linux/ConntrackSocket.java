// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The kernel's table of tracked connections, through ctnetlink (linux/netfilter/nfnetlink_conntrack.h). Works on the network
 * namespace of the thread that made it; for one thread. Needs CAP_NET_ADMIN.
 */
public final class ConntrackSocket implements AutoCloseable {

    private static final int NFNL_SUBSYS_CTNETLINK = 1;
    private static final int IPCTNL_MSG_CT_NEW = 0;
    private static final int IPCTNL_MSG_CT_GET = 1;
    private static final int IPCTNL_MSG_CT_DELETE = 2;
    private static final int NLM_F_ACK = 4;
    private static final int NLM_F_DUMP = 0x300;
    private static final int NLMSG_DONE = 3;

    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_MARK = 8;
    private static final int CTA_ID = 12;
    private static final int CTA_ZONE = 18;
    private static final int CTA_MARK_MASK = 21;
    private static final int CTA_TUPLE_ZONE = 3;

    private static final int BUFFER_LENGTH = 1 << 16;

    private final NativeMemory memory = new NativeMemory(BUFFER_LENGTH);
    private final UnsafeBuffer buffer = memory.buffer();
    private final NetfilterMessages messages = new NetfilterMessages(buffer);
    private final int fd = Netlink.open(Netlink.NETLINK_NETFILTER, 0);

    /**
     * A connection, as far as one needs to name it: the content of its attributes.
     *
     * @param zone null in zone 0
     */
    private record Connection(int family, byte[] original, byte[] zone, byte[] id, boolean hasZone) {}

    /**
     * Has all connections whose mark is this one under this mask lose it: those of zone 0 get another mark, those with a zone in
     * any direction are forgotten, so that whoever gets the zone next meets nothing there. The kernel looks at each connection
     * that it tracks.
     *
     * @param mask not 0, which would mean all connections; the bits outside it stay
     * @param successor the bits that take the mark's place
     * @throws LinuxException if the kernel refuses, because it lacks conntrack marks for example
     */
    public void disown(int mark, int mask, int successor) {
        if (mask == 0) {
            throw new IllegalArgumentException("mask 0 means every connection");
        }
        for (final Connection connection : marked(mark, mask)) {
            final int start = begin(connection.hasZone ? IPCTNL_MSG_CT_DELETE : IPCTNL_MSG_CT_NEW, connection.family);
            messages.putBytes(CTA_TUPLE_ORIG | NetfilterMessages.NLA_F_NESTED, connection.original);
            if (connection.zone != null) {
                messages.putBytes(CTA_ZONE, connection.zone);
            }
            if (connection.hasZone) {
                messages.putBytes(CTA_ID, connection.id);
            } else {
                messages.putInt(CTA_MARK, successor);
                messages.putInt(CTA_MARK_MASK, mask);
            }
            messages.end(start);
            final int error = acknowledgement(exchange());
            if (error != 0 && error != LinuxErrno.ENOENT) { // else it has ended by itself
                throw new LinuxException("disowning a connection with mark " + Integer.toUnsignedString(mark), error);
            }
        }
    }

    private int begin(int message, int family) {
        messages.clear();
        return messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | message, NLM_F_ACK, family, 0);
    }

    private List<Connection> marked(int mark, int mask) {
        messages.clear();
        final int start = messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP, 0, 0);
        messages.putInt(CTA_MARK, mark);
        messages.putInt(CTA_MARK_MASK, mask);
        messages.end(start);
        final List<Connection> found = new ArrayList<>();
        int received = exchange();
        while (!collect(received, mark, mask, found)) {
            received = receive(0);
        }
        return found;
    }

    /** Whether that was the last of the dump. */
    private boolean collect(int received, int mark, int mask, List<Connection> found) {
        int offset = 0;
        while (offset + Netlink.HEADER_LENGTH <= received) {
            final int end = offset + Math.max(Netlink.HEADER_LENGTH, buffer.getInt(offset));
            switch (buffer.getShort(offset + 4) & 0xffff) {
                case NLMSG_DONE -> {
                    return true;
                }
                case Netlink.NLMSG_ERROR ->
                    throw new LinuxException("listing connections", -buffer.getInt(offset + Netlink.HEADER_LENGTH));
                default -> collectOne(offset, end, mark, mask, found);
            }
            offset = Netlink.align(end);
        }
        return false;
    }

    private void collectOne(int message, int end, int mark, int mask, List<Connection> found) {
        final int first = message + NetfilterMessages.HEADER_LENGTH;
        final int markOffset = messages.attribute(CTA_MARK, first, end);
        if (markOffset < 0 || (buffer.getInt(markOffset, ByteOrder.BIG_ENDIAN) & mask) != mark) {
            return; // a kernel that does not filter
        }
        final int original = messages.attribute(CTA_TUPLE_ORIG, first, end);
        final byte[] zone = messages.bytes(CTA_ZONE, first, end);
        final boolean hasZone = zone != null
                || messages.attribute(CTA_TUPLE_ZONE, original, original + messages.dataLength(original)) >= 0;
        found.add(new Connection(
                buffer.getByte(message + Netlink.HEADER_LENGTH),
                messages.bytes(CTA_TUPLE_ORIG, first, end),
                zone,
                messages.bytes(CTA_ID, first, end),
                hasZone));
    }

    private int exchange() {
        Libc.check("send(ctnetlink)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        // The kernel has done it, and answered, when send() returns.
        return receive(Libc.MSG_DONTWAIT);
    }

    private int receive(int flags) {
        return Libc.check("recv(ctnetlink)", (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, flags));
    }

    private int acknowledgement(int received) {
        return received > Netlink.HEADER_LENGTH && buffer.getShort(4) == Netlink.NLMSG_ERROR
                ? -buffer.getInt(Netlink.HEADER_LENGTH)
                : 0;
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
