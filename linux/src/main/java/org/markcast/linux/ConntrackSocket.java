// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The kernel's table of tracked connections, through ctnetlink (linux/netfilter/nfnetlink_conntrack.h). Works on the network
 * namespace of the thread that made it; for one thread. Needs CAP_NET_ADMIN.
 *
 * <p>Connections are chosen by their mark under a mask. The mask must not be 0, which would mean all connections. The kernel looks at
 * each connection that it tracks. A LinuxException means that it refuses, because it lacks conntrack marks for example.
 */
public final class ConntrackSocket implements AutoCloseable {

    private static final int NFNL_SUBSYS_CTNETLINK = 1;
    private static final int IPCTNL_MSG_CT_NEW = 0;
    private static final int IPCTNL_MSG_CT_GET = 1;
    private static final int IPCTNL_MSG_CT_DELETE = 2;
    private static final int AF_UNSPEC = 0;

    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_TUPLE_REPLY = 2;
    private static final int CTA_MARK = 8;
    private static final int CTA_ID = 12;
    private static final int CTA_ZONE = 18;
    private static final int CTA_MARK_MASK = 21;
    private static final int CTA_TUPLE_IP = 1;
    private static final int CTA_TUPLE_ZONE = 3;
    private static final int CTA_IP_V4_SRC = 1;
    private static final int CTA_IP_V4_DST = 2;
    private static final int CTA_TUPLE_PROTO = 2;
    private static final int CTA_PROTO_NUM = 1;
    private static final int CTA_PROTO_SRC_PORT = 2;
    private static final int CTA_PROTO_DST_PORT = 3;

    private final NetlinkDialogue dialogue = new NetlinkDialogue(Netlink.NETLINK_NETFILTER);
    private final UnsafeBuffer buffer = dialogue.buffer();
    private final NetfilterMessages messages = new NetfilterMessages(buffer);

    /**
     * A connection, as far as one needs to name it: the content of its attributes.
     *
     * @param zone null in zone 0
     */
    private record Connection(int family, int mark, byte[] original, byte[] zone, byte[] id, boolean hasZone) {}

    /**
     * Has IPv4 connections lose their mark: those of zone 0 get another mark, those with a zone are forgotten, so that whoever gets
     * the zone next meets nothing there.
     *
     * @param mask the bits outside it stay as they are where the successor has zeros
     * @param successor the bits that take the mark's place, and that are set outside the mask
     */
    public void disown(int mark, int mask, int successor) {
        final List<Connection> found = marked(Libc.AF_INET, mark, mask, attributes -> true);
        disown(found, old -> old & ~mask | successor);
    }

    /**
     * The same for any number of marks at once, in one look at all connections.
     *
     * @param successor the mark that takes the place of another; the same for connections that keep theirs
     */
    public void disown(IntUnaryOperator successor) {
        final List<Connection> found = new ArrayList<>();
        visit(everything(), (body, end) -> {
            final Connection connection = connection(body, new Attributes(attributesOf(body), end));
            if (successor.applyAsInt(connection.mark) != connection.mark) {
                found.add(connection);
            }
        });
        disown(found, successor);
    }

    /** All of them, also if the kernel refuses one. */
    private void disown(List<Connection> connections, IntUnaryOperator successor) {
        LinuxException refusal = null;
        for (final Connection connection : connections) {
            try {
                if (connection.hasZone) {
                    forget(connection);
                } else {
                    final int mark = successor.applyAsInt(connection.mark);
                    change(connection, IPCTNL_MSG_CT_NEW, () -> messages.putInt(CTA_MARK, mark));
                }
            } catch (LinuxException e) {
                refusal = e;
            }
        }
        if (refusal != null) {
            throw refusal;
        }
    }

    private int everything() {
        messages.clear();
        messages.end(
                messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, Netlink.NLM_F_DUMP, Libc.AF_INET, 0));
        return messages.length();
    }

    /** Takes the mark of a connection and the zone that it is in in its original direction. */
    @FunctionalInterface
    public interface ZoneVisitor {

        void visit(int mark, int zone);
    }

    /** Names all IPv4 connections that are in a zone in their original direction. */
    public void zones(ZoneVisitor visitor) {
        visit(everything(), (body, end) -> {
            final Attributes attributes = new Attributes(attributesOf(body), end);
            final int mark = attribute(CTA_MARK, attributes);
            final int all = attribute(CTA_ZONE, attributes);
            final int zone = all >= 0 ? all : nested(CTA_TUPLE_ZONE, attribute(CTA_TUPLE_ORIG, attributes));
            if (zone >= 0) {
                visitor.visit(
                        mark < 0 ? 0 : buffer.getInt(mark, ByteOrder.BIG_ENDIAN),
                        buffer.getShort(zone, ByteOrder.BIG_ENDIAN) & 0xffff);
            }
        });
    }

    /** How many IPv4 connections have a mark. */
    public int count(int mark, int mask) {
        final int[] count = {0};
        visit(Libc.AF_INET, mark, mask, (body, end) -> count[0]++);
        return count[0];
    }

    /** Forgets connections of all zones. */
    public void forget(int mark, int mask) {
        final int length = question(IPCTNL_MSG_CT_DELETE, Netlink.NLM_F_ACK, AF_UNSPEC, mark, mask);
        dialogue.request("forgetting connections with mark " + Integer.toUnsignedString(mark), length);
    }

    /**
     * Forgets those of the IPv4 connections with a mark that have one of some addresses at either end, as seen from either end.
     *
     * @param addresses in host order
     * @return how many there were
     */
    public int forget(int mark, int mask, Set<Integer> addresses) {
        final List<Connection> found = marked(
                Libc.AF_INET,
                mark,
                mask,
                message -> hasAny(addresses, CTA_TUPLE_ORIG, message) || hasAny(addresses, CTA_TUPLE_REPLY, message));
        found.forEach(this::forget);
        return found.size();
    }

    /** Forgets a connection of zone 0 that either end may have begun, if there is one. */
    public void delete(ConntrackTuple connection) {
        messages.clear();
        final int start =
                messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, Netlink.NLM_F_ACK, Libc.AF_INET, 0);
        final int tuple = messages.beginNest(CTA_TUPLE_ORIG);
        final int addresses = messages.beginNest(CTA_TUPLE_IP);
        messages.putInt(CTA_IP_V4_SRC, connection.source());
        messages.putInt(CTA_IP_V4_DST, connection.destination());
        messages.endNest(addresses);
        final int protocol = messages.beginNest(CTA_TUPLE_PROTO);
        messages.putBytes(CTA_PROTO_NUM, new byte[] {(byte) connection.protocol()});
        messages.putBytes(CTA_PROTO_SRC_PORT, port(connection.sourcePort()));
        messages.putBytes(CTA_PROTO_DST_PORT, port(connection.destinationPort()));
        messages.endNest(protocol);
        messages.endNest(tuple);
        messages.end(start);
        requestUnlessGone("forgetting " + connection);
    }

    private static byte[] port(int port) {
        return ByteBuffer.allocate(Short.BYTES).putShort((short) port).array();
    }

    /**
     * Finds IPv4 connections, as either of their ends sends; the kernel tells all that it tracks.
     *
     * @param wanted takes what one end sends and what the other one does
     */
    public List<ConntrackTuple> find(BiPredicate<ConntrackTuple, ConntrackTuple> wanted) {
        final List<ConntrackTuple> found = new ArrayList<>();
        visit(everything(), (body, end) -> {
            final Attributes attributes = new Attributes(attributesOf(body), end);
            final ConntrackTuple original = tuple(attribute(CTA_TUPLE_ORIG, attributes));
            final ConntrackTuple reply = tuple(attribute(CTA_TUPLE_REPLY, attributes));
            if (wanted.test(original, reply)) {
                found.add(original);
            }
            if (wanted.test(reply, original)) {
                found.add(reply);
            }
        });
        return found;
    }

    private ConntrackTuple tuple(int tuple) {
        final int addresses = nested(CTA_TUPLE_IP, tuple);
        final int protocol = nested(CTA_TUPLE_PROTO, tuple);
        return new ConntrackTuple(
                buffer.getByte(nested(CTA_PROTO_NUM, protocol)) & 0xff,
                address(CTA_IP_V4_SRC, addresses),
                address(CTA_IP_V4_DST, addresses),
                portAt(nested(CTA_PROTO_SRC_PORT, protocol)),
                portAt(nested(CTA_PROTO_DST_PORT, protocol)));
    }

    private int portAt(int data) {
        return data < 0 ? 0 : buffer.getShort(data, ByteOrder.BIG_ENDIAN) & 0xffff;
    }

    private void forget(Connection connection) {
        change(connection, IPCTNL_MSG_CT_DELETE, () -> messages.putBytes(CTA_ID, connection.id));
    }

    private void change(Connection connection, int message, Runnable what) {
        messages.clear();
        final int start = messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | message, Netlink.NLM_F_ACK, connection.family, 0);
        messages.putBytes(CTA_TUPLE_ORIG | NetfilterMessages.NLA_F_NESTED, connection.original);
        if (connection.zone != null) {
            messages.putBytes(CTA_ZONE, connection.zone);
        }
        what.run();
        messages.end(start);
        requestUnlessGone("changing a connection");
    }

    private void requestUnlessGone(String what) {
        try {
            dialogue.request(what, messages.length());
        } catch (LinuxException e) {
            if (e.errno() != LinuxErrno.ENOENT) { // else it has ended by itself
                throw e;
            }
        }
    }

    /** Where the attributes of a message are. */
    private record Attributes(int first, int end) {}

    private List<Connection> marked(int family, int mark, int mask, Predicate<Attributes> filter) {
        final List<Connection> found = new ArrayList<>();
        visit(family, mark, mask, (body, end) -> {
            final Attributes attributes = new Attributes(attributesOf(body), end);
            if (filter.test(attributes)) {
                found.add(connection(body, attributes));
            }
        });
        return found;
    }

    private Connection connection(int body, Attributes attributes) {
        final int mark = attribute(CTA_MARK, attributes);
        final int original = attribute(CTA_TUPLE_ORIG, attributes);
        final byte[] zone = messages.bytes(CTA_ZONE, attributes.first, attributes.end);
        return new Connection(
                buffer.getByte(body),
                mark < 0 ? 0 : buffer.getInt(mark, ByteOrder.BIG_ENDIAN),
                messages.bytes(CTA_TUPLE_ORIG, attributes.first, attributes.end),
                zone,
                messages.bytes(CTA_ID, attributes.first, attributes.end),
                zone != null || nested(CTA_TUPLE_ZONE, original) >= 0);
    }

    private void visit(int family, int mark, int mask, NetlinkDialogue.Visitor visitor) {
        final int length = question(IPCTNL_MSG_CT_GET, Netlink.NLM_F_DUMP, family, mark, mask);
        visit(length, (body, end) -> {
            final int marked = messages.attribute(CTA_MARK, attributesOf(body), end);
            // else a kernel that does not filter
            if (marked >= 0 && (buffer.getInt(marked, ByteOrder.BIG_ENDIAN) & mask) == mark) {
                visitor.visit(body, end);
            }
        });
    }

    private void visit(int length, NetlinkDialogue.Visitor visitor) {
        dialogue.visit("connections", length, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, visitor);
    }

    private int question(int message, int flags, int family, int mark, int mask) {
        if (mask == 0) {
            throw new IllegalArgumentException("mask 0 means every connection");
        }
        messages.clear();
        final int start = messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | message, flags, family, 0);
        messages.putInt(CTA_MARK, mark);
        messages.putInt(CTA_MARK_MASK, mask);
        messages.end(start);
        return messages.length();
    }

    private static int attributesOf(int body) {
        return body + NetfilterMessages.HEADER_LENGTH - Netlink.HEADER_LENGTH;
    }

    private boolean hasAny(Set<Integer> addresses, int tuple, Attributes attributes) {
        final int ends = nested(CTA_TUPLE_IP, attribute(tuple, attributes));
        return addresses.contains(address(CTA_IP_V4_SRC, ends)) || addresses.contains(address(CTA_IP_V4_DST, ends));
    }

    private int attribute(int type, Attributes attributes) {
        return messages.attribute(type, attributes.first, attributes.end);
    }

    /** Where the data of an attribute within another one's data is; -1 if either is not there. */
    private int nested(int type, int data) {
        return data < 0 ? -1 : messages.attribute(type, data, data + messages.dataLength(data));
    }

    /** In host order; 0 if it is not there. */
    private int address(int type, int ends) {
        final int data = nested(type, ends);
        return data < 0 ? 0 : buffer.getInt(data, ByteOrder.BIG_ENDIAN);
    }

    @Override
    public void close() {
        dialogue.close();
    }
}
