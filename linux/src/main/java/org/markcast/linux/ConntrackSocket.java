// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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

    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_TUPLE_REPLY = 2;
    private static final int CTA_MARK = 8;
    private static final int CTA_ID = 12;
    private static final int CTA_ZONE = 18;
    private static final int CTA_MARK_MASK = 21;
    private static final int CTA_TUPLE_IP = 1;
    private static final int CTA_IP_V4_SRC = 1;
    private static final int CTA_IP_V4_DST = 2;

    /** What tells a connection from all others that are and have been. */
    private static final int[] IDENTITY = {CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID};

    private final NetlinkDialogue dialogue = new NetlinkDialogue(Netlink.NETLINK_NETFILTER);
    private final UnsafeBuffer buffer = dialogue.buffer();
    private final NetfilterMessages messages = new NetfilterMessages(buffer);

    /**
     * Forgets all connections of all zones whose mark is this one under this mask. The kernel looks at each connection that it
     * tracks.
     *
     * @param mask not 0, which would mean all connections
     * @throws LinuxException if the kernel refuses, because it lacks conntrack marks for example
     */
    public void deleteMarked(int mark, int mask) {
        final int length = marked(IPCTNL_MSG_CT_DELETE, Netlink.NLM_F_ACK, 0, mark, mask);
        dialogue.request("forgetting connections with mark " + Integer.toUnsignedString(mark), length);
    }

    /** How many IPv4 connections have this mark under this mask; parameters and costs are those of {@link #deleteMarked}. */
    public int countMarked(int mark, int mask) {
        final int[] count = {0};
        visitMarked(mark, mask, (body, end) -> count[0]++);
        return count[0];
    }

    /**
     * Forgets those of the IPv4 connections with a mark that have one of some addresses at either end, as seen from either end.
     *
     * @param addresses in host order
     * @return how many there were
     */
    public int deleteMarked(int mark, int mask, Set<Integer> addresses) {
        final List<List<byte[]>> found = new ArrayList<>();
        visitMarked(mark, mask, (body, end) -> {
            final int first = body + NetfilterMessages.HEADER_LENGTH - Netlink.HEADER_LENGTH;
            if (hasAny(addresses, CTA_TUPLE_ORIG, first, end) || hasAny(addresses, CTA_TUPLE_REPLY, first, end)) {
                found.add(identity(first, end));
            }
        });
        found.forEach(this::delete);
        return found.size();
    }

    private void visitMarked(int mark, int mask, NetlinkDialogue.Visitor visitor) {
        final int length = marked(IPCTNL_MSG_CT_GET, Netlink.NLM_F_DUMP, Libc.AF_INET, mark, mask);
        dialogue.visit("connections", length, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW, visitor);
    }

    private int marked(int message, int flags, int family, int mark, int mask) {
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

    private boolean hasAny(Set<Integer> addresses, int tuple, int first, int end) {
        final int ends = nested(CTA_TUPLE_IP, nested(tuple, first, end));
        return ends >= 0
                && (addresses.contains(address(CTA_IP_V4_SRC, ends))
                        || addresses.contains(address(CTA_IP_V4_DST, ends)));
    }

    /** Where the data of an attribute within another one's data is; -1 if either is not there. */
    private int nested(int type, int data) {
        return data < 0 ? -1 : nested(type, data, data + Netlink.attributeLength(buffer, data));
    }

    private int nested(int type, int first, int end) {
        return Netlink.attribute(buffer, type, first, end);
    }

    /** In host order; 0 if it is not there. */
    private int address(int type, int ends) {
        final int data = nested(type, ends);
        return data < 0 ? 0 : buffer.getInt(data, ByteOrder.BIG_ENDIAN);
    }

    /** The data of the identifying attributes; null for one that is not there. */
    private List<byte[]> identity(int first, int end) {
        final List<byte[]> identity = new ArrayList<>(IDENTITY.length);
        for (final int type : IDENTITY) {
            final int data = nested(type, first, end);
            final byte[] bytes = data < 0 ? null : new byte[Netlink.attributeLength(buffer, data)];
            if (bytes != null) {
                buffer.getBytes(data, bytes);
            }
            identity.add(bytes);
        }
        return identity;
    }

    private void delete(List<byte[]> identity) {
        messages.clear();
        final int start =
                messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, Netlink.NLM_F_ACK, Libc.AF_INET, 0);
        for (int i = 0; i < IDENTITY.length; i++) {
            if (identity.get(i) != null) {
                messages.putBytes(IDENTITY[i] | (i == 0 ? NetfilterMessages.NLA_F_NESTED : 0), identity.get(i));
            }
        }
        messages.end(start);
        try {
            dialogue.request("forgetting a connection", messages.length());
        } catch (LinuxException e) {
            if (e.errno() != LinuxErrno.ENOENT) { // else it has ended meanwhile
                throw e;
            }
        }
    }

    @Override
    public void close() {
        dialogue.close();
    }
}
