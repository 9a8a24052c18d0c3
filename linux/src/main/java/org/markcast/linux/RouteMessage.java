// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One message of NETLINK_ROUTE at the start of a buffer (rtnetlink(7)).
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
}
