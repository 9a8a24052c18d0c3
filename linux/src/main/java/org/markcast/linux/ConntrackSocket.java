// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
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
    private static final int TUPLE_IP = 1;
    private static final int TUPLE_PROTOCOL = 2;
    private static final int SOURCE = 1;
    private static final int DESTINATION = 2;
    private static final int PROTOCOL_NUMBER = 1;
    private static final int PROTOCOL_SOURCE = 2;
    private static final int PROTOCOL_DESTINATION = 3;

    private static final int CTA_MARK = 8;
    private static final int CTA_MARK_MASK = 21;

    private static final int BUFFER_LENGTH = 1 << 16;

    private final NativeMemory memory = new NativeMemory(BUFFER_LENGTH);
    private final UnsafeBuffer buffer = memory.buffer();
    private final NetfilterMessages messages = new NetfilterMessages(buffer);
    private final int fd = Netlink.open(Netlink.NETLINK_NETFILTER, 0);

    /**
     * Forgets all connections of all zones whose mark is this one under this mask. The kernel looks at each connection that it
     * tracks.
     *
     * @param mask not 0, which would mean all connections
     * @throws LinuxException if the kernel refuses, because it lacks conntrack marks for example
     */
    public void deleteMarked(int mark, int mask) {
        if (mask == 0) {
            throw new IllegalArgumentException("mask 0 means every connection");
        }
        messages.clear();
        final int start = messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK, 0, 0);
        messages.putInt(CTA_MARK, mark);
        messages.putInt(CTA_MARK_MASK, mask);
        messages.end(start);
        final int error = request();
        if (error != 0) {
            throw new LinuxException("forgetting connections with mark " + Integer.toUnsignedString(mark), error);
        }
    }

    /** Forgets a connection of zone 0 that either end may have begun, if there is one. */
    public void delete(Connection connection) {
        messages.clear();
        final int start = messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK, Libc.AF_INET, 0);
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
        final int error = request();
        if (error != 0 && error != LinuxErrno.ENOENT) {
            throw new LinuxException("forgetting " + connection, error);
        }
    }

    private static byte[] port(int port) {
        return ByteBuffer.allocate(Short.BYTES).putShort((short) port).array();
    }

    /** Sends the one message; the errno that it is answered with. */
    private int request() {
        Libc.check("send(ctnetlink)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        // The kernel has done it, and answered, when send() returns.
        final int length = Libc.check(
                "recv(ctnetlink)", (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, Libc.MSG_DONTWAIT));
        return length > Netlink.HEADER_LENGTH && buffer.getShort(4) == Netlink.NLMSG_ERROR
                ? -buffer.getInt(Netlink.HEADER_LENGTH)
                : 0;
    }

    /** Finds IPv4 connections, as either of their ends sends; the kernel tells all that it tracks. */
    public List<Connection> find(Predicate<Connection> wanted) {
        messages.clear();
        messages.end(messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP, Libc.AF_INET, 0));
        Libc.check("send(ctnetlink)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        final List<Connection> found = new ArrayList<>();
        messages.takeDump(fd, memory, BUFFER_LENGTH, (type, offset, end) -> {
            if (type == (NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW)) {
                addIfWanted(CTA_TUPLE_ORIG, offset, end, wanted, found);
                addIfWanted(CTA_TUPLE_REPLY, offset, end, wanted, found);
            }
        });
        return found;
    }

    private void addIfWanted(int tuple, int offset, int end, Predicate<Connection> wanted, List<Connection> found) {
        final Connection connection = connection(messages.attribute(tuple, offset, end));
        if (wanted.test(connection)) {
            found.add(connection);
        }
    }

    private Connection connection(int tuple) {
        final int end = tuple + NetfilterMessages.lengthOf(buffer, tuple);
        final int addresses = messages.attribute(TUPLE_IP, tuple, end);
        final int protocol = messages.attribute(TUPLE_PROTOCOL, tuple, end);
        return new Connection(
                buffer.getByte(inside(PROTOCOL_NUMBER, protocol)) & 0xff,
                buffer.getInt(inside(SOURCE, addresses), ByteOrder.BIG_ENDIAN),
                buffer.getInt(inside(DESTINATION, addresses), ByteOrder.BIG_ENDIAN),
                portAt(inside(PROTOCOL_SOURCE, protocol)),
                portAt(inside(PROTOCOL_DESTINATION, protocol)));
    }

    private int inside(int type, int nest) {
        return messages.attribute(type, nest, nest + NetfilterMessages.lengthOf(buffer, nest));
    }

    private int portAt(int offset) {
        return offset < 0 ? 0 : buffer.getShort(offset, ByteOrder.BIG_ENDIAN) & 0xffff;
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
