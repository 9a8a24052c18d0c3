// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The kernel's table of tracked connections, through ctnetlink (linux/netfilter/nfnetlink_conntrack.h). Works on the network
 * namespace of the thread that made it; for one thread. Needs CAP_NET_ADMIN.
 *
 * <pre>
 *   TUPLE { IP { SOURCE be32, DESTINATION be32 }, PROTOCOL { NUMBER u8, SOURCE be16, DESTINATION be16 } }
 * </pre>
 */
public final class ConntrackSocket implements AutoCloseable {

    private static final int NFNL_SUBSYS_CTNETLINK = 1;
    private static final int IPCTNL_MSG_CT_NEW = 0;
    private static final int IPCTNL_MSG_CT_GET = 1;
    private static final int IPCTNL_MSG_CT_DELETE = 2;
    private static final int NLM_F_ACK = 4;
    private static final int NLM_F_DUMP = 0x300;

    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_TUPLE_REPLY = 2;
    private static final int CTA_MARK = 8;
    private static final int CTA_ID = 12;
    private static final int CTA_ZONE = 18;
    private static final int CTA_MARK_MASK = 21;
    private static final int CTA_TUPLE_ZONE = 3;
    private static final int TUPLE_IP = 1;
    private static final int TUPLE_PROTOCOL = 2;
    private static final int SOURCE = 1;
    private static final int DESTINATION = 2;
    private static final int PROTOCOL_NUMBER = 1;
    private static final int PROTOCOL_SOURCE = 2;
    private static final int PROTOCOL_DESTINATION = 3;

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
        dump((first, end) -> collect(first, end, mark, mask, found));
        return found;
    }

    /** Takes the attributes of a connection. */
    private interface Visitor {
        void onConnection(int first, int end);
    }

    /** Sends the one message, which asks for connections, and has each answer visited. */
    private void dump(Visitor visitor) {
        Libc.check("send(ctnetlink)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        messages.takeDump(fd, memory, BUFFER_LENGTH, (type, first, end) -> {
            if (type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW)) {
                visitor.onConnection(first, end);
            }
        });
    }

    private void collect(int first, int end, int mark, int mask, List<Connection> found) {
        final int markOffset = messages.attribute(CTA_MARK, first, end);
        if (markOffset < 0 || (buffer.getInt(markOffset, ByteOrder.BIG_ENDIAN) & mask) != mark) {
            return; // a kernel that does not filter
        }
        final int original = messages.attribute(CTA_TUPLE_ORIG, first, end);
        final byte[] zone = messages.bytes(CTA_ZONE, first, end);
        final boolean hasZone = zone != null
                || messages.attribute(CTA_TUPLE_ZONE, original, original + messages.dataLength(original)) >= 0;
        found.add(new Connection(
                buffer.getByte(first - NetfilterMessages.GENERIC_LENGTH),
                messages.bytes(CTA_TUPLE_ORIG, first, end),
                zone,
                messages.bytes(CTA_ID, first, end),
                hasZone));
    }

    /** Forgets a connection of zone 0 that either end may have begun, if there is one. */
    public void delete(ConntrackTuple connection) {
        final int start = begin(IPCTNL_MSG_CT_DELETE, Libc.AF_INET);
        final int tuple = messages.beginNest(CTA_TUPLE_ORIG);
        final int addresses = messages.beginNest(TUPLE_IP);
        messages.putInt(SOURCE, connection.source());
        messages.putInt(DESTINATION, connection.destination());
        messages.endNest(addresses);
        final int protocol = messages.beginNest(TUPLE_PROTOCOL);
        messages.putBytes(PROTOCOL_NUMBER, new byte[] {(byte) connection.protocol()});
        messages.putBytes(PROTOCOL_SOURCE, port(connection.sourcePort()));
        messages.putBytes(PROTOCOL_DESTINATION, port(connection.destinationPort()));
        messages.endNest(protocol);
        messages.endNest(tuple);
        messages.end(start);
        final int error = acknowledgement(exchange());
        if (error != 0 && error != LinuxErrno.ENOENT) {
            throw new LinuxException("forgetting " + connection, error);
        }
    }

    private static byte[] port(int port) {
        return ByteBuffer.allocate(Short.BYTES).putShort((short) port).array();
    }

    /** Finds IPv4 connections, as either of their ends sends; the kernel tells all that it tracks. */
    public List<ConntrackTuple> find(Predicate<ConntrackTuple> wanted) {
        messages.clear();
        messages.end(messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP, Libc.AF_INET, 0));
        final List<ConntrackTuple> found = new ArrayList<>();
        dump((first, end) -> Stream.of(CTA_TUPLE_ORIG, CTA_TUPLE_REPLY)
                .map(direction -> tuple(messages.attribute(direction, first, end)))
                .filter(wanted)
                .forEach(found::add));
        return found;
    }

    private ConntrackTuple tuple(int tuple) {
        final int end = tuple + messages.dataLength(tuple);
        final int addresses = messages.attribute(TUPLE_IP, tuple, end);
        final int protocol = messages.attribute(TUPLE_PROTOCOL, tuple, end);
        return new ConntrackTuple(
                buffer.getByte(inside(PROTOCOL_NUMBER, protocol)) & 0xff,
                buffer.getInt(inside(SOURCE, addresses), ByteOrder.BIG_ENDIAN),
                buffer.getInt(inside(DESTINATION, addresses), ByteOrder.BIG_ENDIAN),
                portAt(inside(PROTOCOL_SOURCE, protocol)),
                portAt(inside(PROTOCOL_DESTINATION, protocol)));
    }

    private int inside(int type, int nest) {
        return messages.attribute(type, nest, nest + messages.dataLength(nest));
    }

    private int portAt(int offset) {
        return offset < 0 ? 0 : buffer.getShort(offset, ByteOrder.BIG_ENDIAN) & 0xffff;
    }

    private int exchange() {
        Libc.check("send(ctnetlink)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        // The kernel has done it, and answered, when send() returns.
        return Libc.check(
                "recv(ctnetlink)", (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, Libc.MSG_DONTWAIT));
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
