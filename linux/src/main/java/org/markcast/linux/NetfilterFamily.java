// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

/** The packets that an nftables table sees (nft(8), ADDRESS FAMILIES). */
public enum NetfilterFamily {
    IP("ip", 2, 4),
    IP6("ip6", 10, 16),
    /** IPv4 and IPv6 together: an address has no length of its own. */
    INET("inet", 1, 0);

    private final String keyword;
    private final int number;
    private final int addressLength;

    NetfilterFamily(String keyword, int number, int addressLength) {
        this.keyword = keyword;
        this.number = number;
        this.addressLength = addressLength;
    }

    /** As nft writes it, in front of a table's name and of header fields. */
    public String keyword() {
        return keyword;
    }

    /** In bytes. */
    public int addressLength() {
        return addressLength;
    }

    /** NFPROTO_IPV4 and so on. */
    int number() {
        return number;
    }
}
