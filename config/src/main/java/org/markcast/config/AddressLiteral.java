// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Addresses as text, without ever asking a name server. */
public final class AddressLiteral {

    /** What InetAddress reads as IPv6 or refuses, but never looks up: a colon, and a digit or colon first. */
    private static final Pattern IPV6 = Pattern.compile("(?=[^:]*:)[0-9A-Fa-f:][0-9A-Fa-f:.]*");

    private static final Pattern ZERO_GROUPS = Pattern.compile("\\b0(:0)+\\b");

    private AddressLiteral() {}

    /**
     * Reads a dotted IPv4 address, or an IPv6 address (RFC 4291, section 2.2) without scope.
     *
     * @throws IllegalArgumentException if it is neither, or an IPv4 address mapped into IPv6
     */
    public static InetAddress parse(String text) {
        final byte[] ipv4 = ipv4Bytes(text);
        if (ipv4 != null) {
            return of(ipv4);
        }
        if (IPV6.matcher(text).matches()) {
            try {
                if (InetAddress.getByName(text) instanceof Inet6Address address) {
                    return address;
                }
            } catch (UnknownHostException e) {
                // falls through to the one message for all that is no address
            }
        }
        throw new IllegalArgumentException("'" + text + "' is not an IP address");
    }

    /** The bytes of four decimal numbers from 0 to 255 without leading zeros, separated by dots; null if it is anything else. */
    private static byte[] ipv4Bytes(String text) {
        final byte[] bytes = new byte[4];
        int at = 0;
        for (int i = 0; i < bytes.length; i++) {
            final int start = at;
            int number = 0;
            for (; at < text.length() && isDigit(text.charAt(at)) && at < start + 3; at++) {
                number = 10 * number + text.charAt(at) - '0';
            }
            final boolean hasNumber = at > start && number <= 255 && (at == start + 1 || text.charAt(start) != '0');
            final boolean endsWell = i == 3 ? at == text.length() : at < text.length() && text.charAt(at) == '.';
            if (!hasNumber || !endsWell) {
                return null;
            }
            bytes[i] = (byte) number;
            at++;
        }
        return bytes;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /** The usual notation, for IPv6 that of RFC 5952. */
    public static String format(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return address.getHostAddress();
        }
        final String full = of(address.getAddress()).getHostAddress(); // drops the scope
        final Optional<MatchResult> longest = ZERO_GROUPS
                .matcher(full)
                .results()
                .reduce((a, b) -> b.group().length() > a.group().length() ? b : a);
        if (longest.isEmpty()) {
            return full;
        }
        final String head = full.substring(0, longest.get().start());
        final String tail = full.substring(longest.get().end());
        return (head.isEmpty() ? ":" : head) + (tail.isEmpty() ? ":" : tail);
    }

    /** An address from its 4 or 16 bytes. */
    static InetAddress of(byte[] bytes) {
        try {
            return bytes.length == 4 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, -1);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + bytes.length, e);
        }
    }
}
