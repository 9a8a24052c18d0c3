// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import java.util.OptionalLong;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The elements of nftables sets, changed by netlink messages of our own: at a cost that does not depend on how many elements
 * there are, unlike {@link Nftables}. The layouts are those of linux/netfilter/nf_tables.h. Works on the network namespace of
 * the thread that made it; for one thread.
 *
 * <pre>
 *   transaction:  BATCH_BEGIN, (NEWSETELEM | DELSETELEM)*, BATCH_END, in one datagram
 *   message:      struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }
 *                 struct nfgenmsg { u8 family, version; be16 res_id; }
 *                 TABLE name, SET name, ELEMENTS { LIST_ELEM { KEY { VALUE bytes }, DATA { VALUE bytes }, FLAGS be32 } }
 * </pre>
 */
public final class NetfilterSocket implements AutoCloseable {

    /** How many elements one transaction may change. */
    public static final int MAX_CHANGES = 2_000;

    private static final int NFNL_SUBSYS_NFTABLES = 10;
    private static final int NFNL_MSG_BATCH_BEGIN = 0x10;
    private static final int NFNL_MSG_BATCH_END = 0x11;
    private static final int NFT_MSG_NEWTABLE = 0;
    private static final int NFT_MSG_GETTABLE = 1;
    private static final int NFT_MSG_NEWSETELEM = 12;
    private static final int NFT_MSG_GETSETELEM = 13;
    private static final int NFT_MSG_DELSETELEM = 14;
    private static final int NFT_MSG_NEWOBJ = 18;
    private static final int NFT_MSG_GETOBJ = 19;
    private static final int NLM_F_CREATE = 0x400;
    private static final int NLM_F_DUMP = 0x300;

    private static final int TABLE_NAME = 1; // of a table, and in everything that belongs to one
    private static final int SET_NAME = 2;
    private static final int SET_ELEMENTS = 3;
    private static final int LIST_ELEMENT = 1;
    private static final int ELEMENT_KEY = 1;
    private static final int ELEMENT_DATA = 2;
    private static final int ELEMENT_FLAGS = 3;
    private static final int ELEMENT_EXPRESSION = 7;
    private static final int EXPRESSION_DATA = 2;
    private static final int DATA_VALUE = 1;
    private static final int NFT_SET_ELEM_INTERVAL_END = 1;
    private static final int OBJECT_NAME = 2;
    private static final int OBJECT_TYPE = 3;
    private static final int OBJECT_DATA = 4;
    private static final int NFT_OBJECT_COUNTER = 1;
    private static final int COUNTER_BYTES = 1;
    private static final int COUNTER_PACKETS = 2;

    private static final int SO_SNDBUF = 7;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int MAX_CHANGE_LENGTH = 256;
    private static final int BUFFER_LENGTH = (MAX_CHANGES + 2) * MAX_CHANGE_LENGTH;

    private final NativeMemory memory = new NativeMemory(BUFFER_LENGTH);
    private final UnsafeBuffer buffer = memory.buffer();
    private final NetfilterMessages messages = new NetfilterMessages(buffer);
    private final int fd;
    private final int portId;

    private int changes;

    public NetfilterSocket() {
        fd = Netlink.open(Netlink.NETLINK_NETFILTER, 0);
        try {
            Libc.setBufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF, 2 * BUFFER_LENGTH);
            portId = Netlink.portId(fd);
        } catch (RuntimeException e) {
            Libc.calls().close(fd);
            throw e;
        }
    }

    /** Tells our own changes from others' in {@link NetfilterNews}. */
    public int portId() {
        return portId;
    }

    /** Starts a transaction; what was not committed is forgotten. */
    public void begin() {
        messages.clear();
        changes = 0;
        batchMarker(NFNL_MSG_BATCH_BEGIN);
    }

    /**
     * Adds an element; it may be there already, but with the same data.
     *
     * @param key as the kernel compares it
     * @param data of a map's element, else empty
     * @param isIntervalEnd whether the key is the first one behind an interval
     */
    public void add(NetfilterFamily family, String table, String set, byte[] key, byte[] data, boolean isIntervalEnd) {
        change(NFT_MSG_NEWSETELEM, NLM_F_CREATE, family, table, set, key, data, isIntervalEnd);
    }

    /** Deletes an element, which has to be there. */
    public void delete(NetfilterFamily family, String table, String set, byte[] key, boolean isIntervalEnd) {
        change(NFT_MSG_DELSETELEM, 0, family, table, set, key, new byte[0], isIntervalEnd);
    }

    private void change(
            int message,
            int flags,
            NetfilterFamily family,
            String table,
            String set,
            byte[] key,
            byte[] data,
            boolean isIntervalEnd) {
        if (++changes > MAX_CHANGES) {
            throw new IllegalStateException("a transaction takes " + MAX_CHANGES + " changes");
        }
        final int start = messages.begin(NFNL_SUBSYS_NFTABLES << 8 | message, flags, family.number(), 0);
        messages.putName(TABLE_NAME, table);
        messages.putName(SET_NAME, set);
        final int elements = messages.beginNest(SET_ELEMENTS);
        final int element = messages.beginNest(LIST_ELEMENT);
        putData(ELEMENT_KEY, key);
        if (data.length > 0) {
            putData(ELEMENT_DATA, data);
        }
        if (isIntervalEnd) {
            messages.putInt(ELEMENT_FLAGS, NFT_SET_ELEM_INTERVAL_END);
        }
        messages.endNest(element);
        messages.endNest(elements);
        messages.end(start);
    }

    /**
     * Applies the transaction, all of it or nothing.
     *
     * @throws LinuxException with the first error
     */
    public void commit() {
        batchMarker(NFNL_MSG_BATCH_END);
        Libc.check("send(nftables transaction)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        final int error = takeErrors();
        if (error != 0) {
            throw new LinuxException("nftables transaction", error);
        }
    }

    /**
     * The kernel has done all of it, and answered, when send() returns; it answers only what failed. Where the socket cannot hold
     * all answers, ENOBUFS comes before those that it holds: they have to go, or the next question would take them for its own.
     */
    private int takeErrors() {
        int error = 0;
        while (true) {
            final int length = (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, Libc.MSG_DONTWAIT);
            if (length < 0) {
                final int errno = Libc.errno();
                if (errno == LinuxErrno.EAGAIN) {
                    return error;
                }
                if (errno != LinuxErrno.ENOBUFS) {
                    return errno;
                }
                error = errno;
            } else if (error == 0 && length > Netlink.HEADER_LENGTH && buffer.getShort(4) == Netlink.NLMSG_ERROR) {
                error = -buffer.getInt(Netlink.HEADER_LENGTH);
            }
        }
    }

    /** Whether there is such a table. */
    public boolean hasTable(NetfilterFamily family, String table) {
        messages.clear();
        final int start = messages.begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, 0, family.number(), 0);
        messages.putName(TABLE_NAME, table);
        messages.end(start);
        return ask(NFT_MSG_NEWTABLE) > 0;
    }

    /** The packets that a named counter has seen; empty if there is no such counter. */
    public OptionalLong counterPackets(NetfilterFamily family, String table, String counter) {
        messages.clear();
        final int start = messages.begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETOBJ, 0, family.number(), 0);
        messages.putName(TABLE_NAME, table);
        messages.putName(OBJECT_NAME, counter);
        messages.putInt(OBJECT_TYPE, NFT_OBJECT_COUNTER);
        messages.end(start);
        final int length = ask(NFT_MSG_NEWOBJ);
        final int data = length == 0 ? -1 : messages.attribute(OBJECT_DATA, NetfilterMessages.HEADER_LENGTH, length);
        final int packets = data < 0 ? -1 : messages.attribute(COUNTER_PACKETS, data, length);
        return packets < 0 ? OptionalLong.empty() : OptionalLong.of(buffer.getLong(packets, ByteOrder.BIG_ENDIAN));
    }

    /** Takes what an element has counted. */
    @FunctionalInterface
    public interface CounterVisitor {

        /** @param key as the kernel compares it */
        void onElement(byte[] key, long packets, long bytes);
    }

    /** Visits the elements of a set that has a counter in each; none if there is no such set. */
    public void visitCounters(NetfilterFamily family, String table, String set, CounterVisitor visitor) {
        messages.clear();
        final int start =
                messages.begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, NLM_F_DUMP, family.number(), 0);
        messages.putName(TABLE_NAME, table);
        messages.putName(SET_NAME, set);
        messages.end(start);
        Libc.check("send(netlink)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        messages.takeDump(fd, memory, BUFFER_LENGTH, (type, attributes, limit) -> {
            final int elements = messages.attribute(SET_ELEMENTS, attributes, limit);
            if (elements >= 0) {
                visitElements(elements, elements + messages.dataLength(elements), visitor);
            }
        });
    }

    private void visitElements(int first, int limit, CounterVisitor visitor) {
        int element = messages.attribute(LIST_ELEMENT, first, limit);
        while (element >= 0) {
            final int end = element + messages.dataLength(element);
            final int key = nested(DATA_VALUE, messages.attribute(ELEMENT_KEY, element, end));
            final int counter = nested(EXPRESSION_DATA, messages.attribute(ELEMENT_EXPRESSION, element, end));
            if (key >= 0 && counter >= 0) {
                final byte[] bytes = new byte[messages.dataLength(key)];
                buffer.getBytes(key, bytes);
                visitor.onElement(
                        bytes,
                        buffer.getLong(nested(COUNTER_PACKETS, counter), ByteOrder.BIG_ENDIAN),
                        buffer.getLong(nested(COUNTER_BYTES, counter), ByteOrder.BIG_ENDIAN));
            }
            element = messages.attribute(LIST_ELEMENT, Netlink.align(end), limit);
        }
    }

    /** Where the data of an attribute inside another one's data is; -1 if there is none. */
    private int nested(int type, int nest) {
        return nest < 0 ? -1 : messages.attribute(type, nest, nest + messages.dataLength(nest));
    }

    /** Sends the one message; the answer's length, or 0 if there is no such thing. */
    private int ask(int answer) {
        Libc.check("send(netlink)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        final int length = Libc.check(
                "recv(netlink)", (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, Libc.MSG_DONTWAIT));
        if ((buffer.getShort(4) & 0xffff) == (NFNL_SUBSYS_NFTABLES << 8 | answer)) {
            return length;
        }
        final int errno = -buffer.getInt(Netlink.HEADER_LENGTH);
        if (errno == LinuxErrno.ENOENT) {
            return 0;
        }
        throw new LinuxException("nftables request", errno);
    }

    private void batchMarker(int type) {
        messages.end(messages.begin(type, 0, 0, NFNL_SUBSYS_NFTABLES));
    }

    private void putData(int type, byte[] bytes) {
        final int nest = messages.beginNest(type);
        messages.putBytes(DATA_VALUE, bytes);
        messages.endNest(nest);
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
