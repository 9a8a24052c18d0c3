// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The key of a set's element as the kernel compares it: its parts in a row, each padded to 4 bytes. Immutable. */
final class Key implements Comparable<Key> {

    private final byte[] bytes;
    private final int hash;

    private Key(byte[] bytes) {
        this.bytes = bytes;
        hash = hash(bytes);
    }

    /** Addresses in a row differ in few bits, which Arrays.hashCode() would spread over few values. */
    private static int hash(byte[] bytes) {
        final ByteBuffer words = ByteBuffer.wrap(bytes);
        int mixed = 0;
        while (words.hasRemaining()) {
            mixed = (mixed ^ words.getInt()) * 0x9e37_79b1;
            mixed ^= mixed >>> 15;
        }
        return mixed;
    }

    static Key of(byte[]... parts) {
        final int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
        final ByteBuffer joined = ByteBuffer.allocate(length);
        for (final byte[] part : parts) {
            joined.put(part);
        }
        return new Key(joined.array());
    }

    /** A part in network order: an address, an SPI. */
    static byte[] network(int value) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
    }

    /** A part of one byte: a protocol. */
    static byte[] networkByte(int value) {
        return network(value << 24);
    }

    /** A part of two bytes: a port. */
    static byte[] networkShort(int value) {
        return network(value << 16);
    }

    /** A part in the machine's order: a mark. */
    static byte[] host(int value) {
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.nativeOrder())
                .putInt(value)
                .array();
    }

    /** A number of two bytes in the machine's order: a conntrack zone. */
    static byte[] hostShort(int value) {
        return ByteBuffer.allocate(Short.BYTES)
                .order(ByteOrder.nativeOrder())
                .putShort((short) value)
                .array();
    }

    byte[] bytes() {
        return bytes.clone();
    }

    byte[] bytes(int offset, int length) {
        return Arrays.copyOfRange(bytes, offset, offset + length);
    }

    int networkInt(int offset) {
        return ByteBuffer.wrap(bytes).getInt(offset);
    }

    int hostInt(int offset) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).getInt(offset);
    }

    @Override
    public int compareTo(Key other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Key key && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
