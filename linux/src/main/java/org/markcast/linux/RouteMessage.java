// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.net.Inet6Address;
import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Messages of NETLINK_ROUTE (rtnetlink(7)) in a buffer: one to be sent, from its start, or attributes of received ones anywhere.
 *
 * <pre>
 *   struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }
 *   a body of the type's own, of which all but the first byte, the family, is zero at first
 *   struct rtattr   { u16 len, type; } + data in host order, addresses in network order; aligned to 4
 * </pre>
 */
final class RouteMessage {

    /** Where the body starts. */
    static final int BODY = Netlink.HEADER_LENGTH;

    private final UnsafeBuffer buffer;

    private int end;

    RouteMessage(UnsafeBuffer buffer) {
        this.buffer = buffer;
    }

    void begin(int type, int flags, int family, int bodyLength) {
        end = BODY + bodyLength;
        buffer.setMemory(0, end, (byte) 0);
        buffer.putShort(4, (short) type);
        buffer.putShort(6, (short) (Netlink.NLM_F_REQUEST | flags));
        buffer.putByte(BODY, (byte) family);
    }

    /** Sets a byte of the body. */
    void putBody(int offset, int value) {
        buffer.putByte(BODY + offset, (byte) value);
    }

    void putBodyInt(int offset, int value) {
        buffer.putInt(BODY + offset, value);
    }

    void putByte(int type, int value) {
        put(type, Byte.BYTES);
        buffer.putInt(end - Integer.BYTES, 0); // padding
        buffer.putByte(end - Integer.BYTES, (byte) value);
    }

    void putInt(int type, int value) {
        put(type, Integer.BYTES);
        buffer.putInt(end - Integer.BYTES, value);
    }

    /** A text of ASCII characters, with a zero behind it. */
    void putText(int type, String text) {
        final int data = end + Netlink.ATTRIBUTE_HEADER_LENGTH;
        put(type, text.length() + 1);
        buffer.setMemory(data, end - data, (byte) 0); // padding too
        buffer.putStringWithoutLengthAscii(data, text);
    }

    /** @param address in host order */
    void putAddress(int type, int address) {
        put(type, Integer.BYTES);
        buffer.putInt(end - Integer.BYTES, address, ByteOrder.BIG_ENDIAN);
    }

    /** Begins an attribute of attributes; returns where, for {@link #endNest}. */
    int beginNest(int type) {
        final int start = end;
        put(type, 0);
        return start;
    }

    void endNest(int start) {
        buffer.putShort(start, (short) (end - start));
    }

    /** {@code struct rtnexthop { u16 len; u8 flags, hops; s32 ifindex; }}; ends as a nest does, with attributes in between. */
    int beginNextHop(int flags, int weight, int interfaceIndex) {
        final int start = end;
        append(0);
        buffer.putByte(start + 2, (byte) flags);
        buffer.putByte(start + 3, (byte) (weight - 1));
        append(interfaceIndex);
        return start;
    }

    /** {@code struct rtvia { u16 family; u8 addr[]; }} */
    void putVia(int type, Inet6Address address) {
        final int data = end + Netlink.ATTRIBUTE_HEADER_LENGTH;
        put(type, Short.BYTES + address.getAddress().length);
        buffer.putInt(end - Integer.BYTES, 0); // padding
        buffer.putShort(data, (short) Libc.AF_INET6);
        buffer.putBytes(data + Short.BYTES, address.getAddress());
    }

    /** Appends a word to a nest. */
    void append(int word) {
        buffer.putInt(end, word);
        end += Integer.BYTES;
    }

    private void put(int type, int length) {
        buffer.putShort(end, (short) (Netlink.ATTRIBUTE_HEADER_LENGTH + length));
        buffer.putShort(end + 2, (short) type);
        end += Netlink.ATTRIBUTE_HEADER_LENGTH + Netlink.align(length);
    }

    /** Ends the message; its length in bytes. */
    int end() {
        buffer.putInt(0, end);
        return end;
    }

    /** Where the data of the first attribute of this type is, or -1. */
    int attribute(int type, int first, int limit) {
        return Netlink.attribute(buffer, type, first, limit);
    }

    /** The length of an attribute's data in bytes. */
    int length(int data) {
        return Netlink.attributeLength(buffer, data);
    }

    /** The number that an attribute holds, 0 if it is not there. */
    int number(int type, int first, int limit) {
        final int data = attribute(type, first, limit);
        return data < 0 ? 0 : buffer.getInt(data);
    }

    /** The IPv4 address that an attribute holds, in host order; 0 if it is not there. */
    int address(int type, int first, int limit) {
        final int data = attribute(type, first, limit);
        return data < 0 ? 0 : buffer.getInt(data, ByteOrder.BIG_ENDIAN);
    }
}
