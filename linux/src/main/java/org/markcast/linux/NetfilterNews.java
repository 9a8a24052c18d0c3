// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Tells that somebody changed one of some nftables tables: a socket in the multicast group that {@code nft monitor} listens to. Belongs
 * to the control thread.
 *
 * <pre>
 *   struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }     type: subsystem 10, message in the low byte
 *   struct nfgenmsg { u8 family, version; be16 res_id; }
 *   struct nlattr   { u16 len, type; } + data                               the first one names the table, but in NEWGEN
 * </pre>
 */
public final class NetfilterNews implements AutoCloseable {

    private static final int NFNLGRP_NFTABLES = 7;
    private static final int NFNL_SUBSYS_NFTABLES = 10;
    private static final int NFT_MSG_NEWGEN = 15;
    private static final int TABLE_ATTRIBUTE = 1;
    private static final int SO_RCVBUF = 8;
    private static final int SO_RCVBUFFORCE = 33;
    private static final int RECEIVE_BUFFER_BYTES = 4 << 20;
    private static final int BUFFER_LENGTH = 1 << 16;
    private static final int GENERIC_LENGTH = 4;

    private final int fd;
    private final List<byte[]> tables;
    private final NativeMemory memory = new NativeMemory(BUFFER_LENGTH);
    private final UnsafeBuffer buffer = memory.buffer();

    /** What has happened since one asked last. */
    public enum News {
        /** Nothing that concerns the tables, or only what we did ourselves. */
        NONE,
        /** Somebody else changed one of the tables. */
        CHANGED,
        /** There was more news than the socket could hold: anything may have happened. */
        LOST
    }

    /** Listens from now on to what happens to the tables of these names, of any family. */
    public NetfilterNews(String... tables) {
        this.tables = Arrays.stream(tables)
                .map(table -> (table + "\0").getBytes(StandardCharsets.US_ASCII))
                .toList();
        fd = Netlink.open(Netlink.NETLINK_NETFILTER, 1 << NFNLGRP_NFTABLES - 1);
        try {
            Libc.setBufferSize(fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Readable when there is news. */
    public int fd() {
        return fd;
    }

    /**
     * Takes all news without waiting.
     *
     * @param ownPortId of the socket whose changes are our own
     */
    public News drain(int ownPortId) {
        News news = News.NONE;
        while (true) {
            final int length = (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, Libc.MSG_DONTWAIT);
            if (length >= 0) {
                if (news == News.NONE && isForeign(length, ownPortId)) {
                    news = News.CHANGED;
                }
            } else if (Libc.errno() == LinuxErrno.ENOBUFS) {
                news = News.LOST;
            } else if (Libc.errno() != LinuxErrno.EINTR) {
                return news;
            }
        }
    }

    private boolean isForeign(int received, int ownPortId) {
        int offset = 0;
        while (offset + Netlink.HEADER_LENGTH <= received) {
            final int length = buffer.getInt(offset);
            if (length < Netlink.HEADER_LENGTH || offset + length > received) {
                throw new IllegalStateException("netlink message of " + length + " bytes");
            }
            if (buffer.getInt(offset + 12) != ownPortId && concernsUs(offset, length)) {
                return true;
            }
            offset += Netlink.align(length);
        }
        return false;
    }

    private boolean concernsUs(int message, int length) {
        final int type = buffer.getShort(message + 4) & 0xffff;
        final int attribute = message + Netlink.HEADER_LENGTH + GENERIC_LENGTH;
        final int name = attribute + Netlink.ATTRIBUTE_HEADER_LENGTH;
        return type >>> 8 == NFNL_SUBSYS_NFTABLES
                && (type & 0xff) != NFT_MSG_NEWGEN
                && name <= message + length
                && (buffer.getShort(attribute + 2, ByteOrder.nativeOrder()) & 0x3fff) == TABLE_ATTRIBUTE
                && tables.stream().anyMatch(table -> isTableAt(table, name, message + length));
    }

    private boolean isTableAt(byte[] table, int name, int end) {
        if (name + table.length > end) {
            return false;
        }
        for (int i = 0; i < table.length; i++) {
            if (buffer.getByte(name + i) != table[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
