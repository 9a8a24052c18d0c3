// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.math.BigInteger;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * An address prefix (RFC 4632 for IPv4, RFC 4291 for IPv6). Bits behind the prefix length are zero.
 *
 * @param address the network address
 * @param length number of leading bits that count, 0 to 32 or 128
 */
public record Prefix(InetAddress address, int length) {

    public Prefix {
        final int bits = bitsOf(address);
        if (length < 0 || length > bits) {
            throw new IllegalArgumentException("a prefix length is a number from 0 to " + bits + ", not " + length);
        }
        if (length < bits && !network(address, length).equals(address)) {
            throw new IllegalArgumentException(
                    AddressLiteral.format(address) + " has bits behind its prefix length " + length);
        }
    }

    /** The prefix of that length that holds the address. */
    public static Prefix of(InetAddress address, int length) {
        return new Prefix(network(address, length), length);
    }

    /** The prefix that is this address alone. */
    public static Prefix of(InetAddress address) {
        return new Prefix(address, bitsOf(address));
    }

    /**
     * Reads {@code ADDRESS/LENGTH} or {@code ADDRESS}; bits behind the length may be set and are cleared.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public static Prefix parse(String text) {
        final int slash = text.indexOf('/');
        if (slash < 0) {
            return of(AddressLiteral.parse(text));
        }
        final InetAddress address = AddressLiteral.parse(text.substring(0, slash));
        return of(address, (int) Numbers.parse(text.substring(slash + 1), "prefix length", 0, bitsOf(address)));
    }

    /** The fewest prefixes that hold all addresses from {@code first} to {@code last} and no other, in order. */
    public static List<Prefix> ofRange(InetAddress first, InetAddress last) {
        final int bits = bitsOf(first);
        final BigInteger end = numberOf(last);
        BigInteger next = numberOf(first);
        if (bits != bitsOf(last) || next.compareTo(end) > 0) {
            throw new IllegalArgumentException(
                    AddressLiteral.format(first) + "-" + AddressLiteral.format(last) + " is not a range of addresses");
        }
        final List<Prefix> prefixes = new ArrayList<>();
        while (next.compareTo(end) <= 0) {
            final int alignedBits = next.signum() == 0 ? bits : next.getLowestSetBit();
            final int fittingBits = end.subtract(next).add(BigInteger.ONE).bitLength() - 1;
            final int hostBits = Math.min(alignedBits, fittingBits);
            prefixes.add(new Prefix(addressOf(next, bits), bits - hostBits));
            next = next.add(BigInteger.ONE.shiftLeft(hostBits));
        }
        return prefixes;
    }

    /** Whether the address is of the same family and starts with the prefix. */
    public boolean contains(InetAddress other) {
        return bitsOf(other) == bitsOf(address) && network(other, length).equals(address);
    }

    /** As {@link #parse} reads it; a single address stands without its length. */
    @Override
    public String toString() {
        final String text = AddressLiteral.format(address);
        return length == bitsOf(address) ? text : text + "/" + length;
    }

    private static InetAddress network(InetAddress address, int length) {
        final byte[] bytes = address.getAddress();
        for (int i = 0; i < bytes.length; i++) {
            final int bitsLeft = Math.max(0, Math.min(8, length - 8 * i));
            bytes[i] &= (byte) (0xff00 >> bitsLeft);
        }
        return AddressLiteral.of(bytes);
    }

    private static int bitsOf(InetAddress address) {
        return address instanceof Inet4Address ? 32 : 128;
    }

    private static BigInteger numberOf(InetAddress address) {
        return new BigInteger(1, address.getAddress());
    }

    private static InetAddress addressOf(BigInteger number, int bits) {
        final byte[] digits = number.toByteArray();
        final byte[] bytes = new byte[bits / 8];
        final int count = Math.min(digits.length, bytes.length); // a leading zero byte may hold the sign
        System.arraycopy(digits, digits.length - count, bytes, bytes.length - count, count);
        return AddressLiteral.of(bytes);
    }
}
