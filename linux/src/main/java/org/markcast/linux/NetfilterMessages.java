// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Messages of NETLINK_NETFILTER (linux/netfilter/nfnetlink.h), written one behind the other into a buffer.
 *
 * <pre>
 *   struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }
 *   struct nfgenmsg { u8 family, version; be16 res_id; }
 *   attributes, numbers in network order
 * </pre>
 */
final class NetfilterMessages {

    static final int GENERIC_LENGTH = 4;

    /** What stands before a message's attributes. */
    static final int HEADER_LENGTH = Netlink.HEADER_LENGTH + GENERIC_LENGTH;

    static final int NLA_F_NESTED = 0x8000;

    private final UnsafeBuffer buffer;

    private int end;
    private int sequence;

    NetfilterMessages(UnsafeBuffer buffer) {
        this.buffer = buffer;
    }

    /** Takes one message of an answer. */
    @FunctionalInterface
    interface Visitor {

        /** Its attributes stand between two offsets of the buffer. */
        void onMessage(int type, int attributes, int limit);
    }

    /**
     * Takes the answer to the last request, which was to list something. What changes meanwhile may be missing or twice.
     *
     * @param memory that of this object's buffer
     * @return whether there was such a thing
     */
    boolean takeDump(int fd, NativeMemory memory, int length, Visitor visitor) {
        while (true) {
            final int received = Libc.check("recv(netlink)", (int) Libc.calls().recv(fd, memory.address(), length, 0));
            int offset = 0;
            while (offset + Netlink.HEADER_LENGTH <= received) {
                final int messageEnd = offset + buffer.getInt(offset);
                final int type = buffer.getShort(offset + 4) & 0xffff;
                if (messageEnd < offset + Netlink.HEADER_LENGTH || messageEnd > received) {
                    throw new IllegalStateException("netlink message of " + (messageEnd - offset) + " bytes");
                }
                if (type == Netlink.NLMSG_DONE || type == Netlink.NLMSG_ERROR) {
                    final int errno = -buffer.getInt(offset + Netlink.HEADER_LENGTH);
                    if (errno == 0 || errno == LinuxErrno.ENOENT) {
                        return errno == 0;
                    }
                    throw new LinuxException("netlink dump", errno);
                }
                visitor.onMessage(type, offset + HEADER_LENGTH, messageEnd);
                offset += Netlink.align(messageEnd - offset);
            }
        }
    }

    void clear() {
        end = 0;
    }

    /** Bytes of all messages since the last {@link #clear()}. */
    int length() {
        return end;
    }

    /** Begins a request; returns where, for {@link #end}. */
    int begin(int type, int flags, int family, int resource) {
        final int start = end;
        buffer.putShort(start + 4, (short) type);
        buffer.putShort(start + 6, (short) (Netlink.NLM_F_REQUEST | flags));
        buffer.putInt(start + 8, ++sequence);
        buffer.putInt(start + 12, 0);
        buffer.putByte(start + Netlink.HEADER_LENGTH, (byte) family);
        buffer.putByte(start + Netlink.HEADER_LENGTH + 1, (byte) 0);
        buffer.putShort(start + Netlink.HEADER_LENGTH + 2, (short) resource, ByteOrder.BIG_ENDIAN);
        end = start + HEADER_LENGTH;
        return start;
    }

    void end(int start) {
        buffer.putInt(start, end - start);
    }

    int beginNest(int type) {
        final int start = end;
        buffer.putShort(start + 2, (short) (type | NLA_F_NESTED));
        end = start + Netlink.ATTRIBUTE_HEADER_LENGTH;
        return start;
    }

    void endNest(int start) {
        buffer.putShort(start, (short) (end - start));
    }

    void putName(int type, String name) {
        putBytes(type, (name + "\0").getBytes(StandardCharsets.US_ASCII));
    }

    void putInt(int type, int value) {
        buffer.putShort(end, (short) (Netlink.ATTRIBUTE_HEADER_LENGTH + Integer.BYTES));
        buffer.putShort(end + 2, (short) type);
        buffer.putInt(end + Netlink.ATTRIBUTE_HEADER_LENGTH, value, ByteOrder.BIG_ENDIAN);
        end += Netlink.ATTRIBUTE_HEADER_LENGTH + Integer.BYTES;
    }

    void putBytes(int type, byte[] bytes) {
        buffer.putShort(end, (short) (Netlink.ATTRIBUTE_HEADER_LENGTH + bytes.length));
        buffer.putShort(end + 2, (short) type);
        final int data = end + Netlink.ATTRIBUTE_HEADER_LENGTH;
        buffer.putInt(data + (bytes.length & ~3), 0); // padding
        buffer.putBytes(data, bytes);
        end = data + Netlink.align(bytes.length);
    }

    /** Where in an answer the data of the first attribute of this type is, or -1. */
    int attribute(int type, int first, int limit) {
        return Netlink.attribute(buffer, type, first, limit);
    }

    /** Bytes of the data at an offset that {@link #attribute} gave. */
    int dataLength(int data) {
        return Netlink.attributeLength(buffer, data);
    }

    /** A copy of the data of the first attribute of this type, or null. */
    byte[] bytes(int type, int first, int limit) {
        final int data = attribute(type, first, limit);
        if (data < 0) {
            return null;
        }
        final byte[] bytes = new byte[dataLength(data)];
        buffer.getBytes(data, bytes);
        return bytes;
    }
}
