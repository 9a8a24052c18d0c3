// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

/**
 * The IPv4 unicast addresses from the first to the last one, both included, as {@code int} in host order.
 *
 * @param first not above {@code last}, unsigned
 */
public record Ipv4Range(int first, int last) {

    private static final int IPV4_BITS = 32;

    public Ipv4Range {
        if (Integer.compareUnsigned(first, last) > 0) {
            throw new IllegalArgumentException(text(first, last) + " ends before it begins");
        }
        if (!isUnicast(first) || !isUnicast(last) || first >>> 24 < 127 && last >>> 24 >= 127) {
            throw new IllegalArgumentException(text(first, last) + " holds addresses that no host may have");
        }
    }

    /** Reads {@code FIRST-LAST}, {@code ADDRESS/LENGTH} with all its addresses, or a single address. */
    static Ipv4Range parse(String text) {
        final int dash = text.indexOf('-');
        if (dash >= 0) {
            return new Ipv4Range(
                    Values.ipv4(text.substring(0, dash).strip()),
                    Values.ipv4(text.substring(dash + 1).strip()));
        }
        final Prefix prefix = Prefix.parse(text);
        final int address = Values.toInt(prefix.address());
        final String written = text.split("/", 2)[0];
        if (Values.ipv4(written) != address) { // as an interface's own address is written
            throw new IllegalArgumentException(
                    text + " is neither a network nor an address: write " + prefix + ", or " + written + " alone");
        }
        final int hostBits = IPV4_BITS - prefix.length();
        return new Ipv4Range(address, hostBits == IPV4_BITS ? -1 : address + (1 << hostBits) - 1);
    }

    /** Neither 0.0.0.0/8, loopback, multicast nor reserved (RFC 6890). */
    static boolean isUnicast(int address) {
        final int network = address >>> 24;
        return network != 0 && network != 127 && network < 224;
    }

    /** How many addresses. */
    public int size() {
        return last - first + 1;
    }

    public boolean contains(int address) {
        return Integer.compareUnsigned(first, address) <= 0 && Integer.compareUnsigned(address, last) <= 0;
    }

    boolean overlaps(Ipv4Range other) {
        return contains(other.first) || other.contains(first);
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return text(first, last);
    }

    private static String text(int first, int last) {
        return first == last ? Values.text(first) : Values.text(first) + "-" + Values.text(last);
    }
}
