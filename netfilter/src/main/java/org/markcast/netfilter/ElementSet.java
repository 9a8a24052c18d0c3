// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Arrays;
import java.util.List;
import org.markcast.linux.NetfilterFamily;

/**
 * A set or map of our tables.
 *
 * @param expression what a packet is looked up by, in nft's words
 * @param isMap whether an element says which mark the packet gets
 */
record ElementSet(NetfilterFamily family, String name, String expression, List<KeyPart> parts, boolean isMap)
        implements Comparable<ElementSet> {

    /** Single addresses of clients. */
    static final ElementSet CLIENTS = map("client_marks", "ip daddr", KeyPart.ADDRESS);

    /** Everything wider than one address, as intervals that do not overlap. */
    static final ElementSet SUBNETS = map("subnet_marks", "ip daddr", KeyPart.RANGE);

    static final ElementSet PROTOCOLS =
            map("protocol_marks", "ip daddr . ip protocol", KeyPart.ADDRESS, KeyPart.PROTOCOL);

    static final ElementSet PORTS =
            map("port_marks", "ip daddr . ip protocol . th dport", KeyPart.ADDRESS, KeyPart.PROTOCOL, KeyPart.PORT);

    /** Broadcast addresses that the guard watches besides 224.0.0.0/4. */
    static final ElementSet BROADCASTS =
            new ElementSet(NetfilterFamily.IP, "broadcasts", "ip daddr", List.of(KeyPart.ADDRESS), false);

    private static final List<ElementSet> ESP = Arrays.stream(NetfilterFamily.values())
            .map(family -> new ElementSet(
                    family,
                    "esp_marks",
                    family.keyword() + " saddr . " + family.keyword() + " daddr . esp spi",
                    List.of(KeyPart.ADDRESS, KeyPart.ADDRESS, KeyPart.HEX),
                    true))
            .toList();

    /**
     * Two SAs of one peer share addresses and ports; the SPI, first word behind the UDP header, tells them apart (RFC 3948,
     * section 2.1). IKE has zeros there and keepalives have nothing, so neither is found. The ports are one word because nft
     * 1.0.6 forgets the types of a key of more than four parts and then cannot list it.
     */
    private static final List<ElementSet> NATT = Arrays.stream(NetfilterFamily.values())
            .map(family -> new ElementSet(
                    family,
                    "natt_marks",
                    family.keyword() + " saddr . " + family.keyword() + " daddr . @th,0,32 . @th,64,32",
                    List.of(KeyPart.ADDRESS, KeyPart.ADDRESS, KeyPart.HEX, KeyPart.HEX),
                    true))
            .toList();

    private static final List<ElementSet> ESP_PEERS = Arrays.stream(NetfilterFamily.values())
            .map(family -> new ElementSet(
                    family,
                    "esp_peers",
                    family.keyword() + " saddr . " + family.keyword() + " daddr",
                    List.of(KeyPart.ADDRESS, KeyPart.ADDRESS),
                    true))
            .toList();

    private static final List<ElementSet> NATT_PEERS = Arrays.stream(NetfilterFamily.values())
            .map(family -> new ElementSet(
                    family,
                    "natt_peers",
                    family.keyword() + " saddr . " + family.keyword() + " daddr . @th,0,32",
                    List.of(KeyPart.ADDRESS, KeyPart.ADDRESS, KeyPart.HEX),
                    true))
            .toList();

    private static ElementSet map(String name, String expression, KeyPart... parts) {
        return new ElementSet(NetfilterFamily.IP, name, expression, List.of(parts), true);
    }

    /** Inbound ESP by addresses and SPI. */
    static ElementSet esp(NetfilterFamily family) {
        return ESP.get(family.ordinal());
    }

    /** Inbound UDP-encapsulated ESP by addresses, ports (source in the upper half) and SPI. */
    static ElementSet natt(NetfilterFamily family) {
        return NATT.get(family.ordinal());
    }

    /**
     * Inbound ESP by addresses alone. A peer may use the new SPI of a rekey before its IKE daemon's news of it has got here; until
     * then the packet gets the mark of the peer's newest SA, which a rekey keeps.
     */
    static ElementSet espPeers(NetfilterFamily family) {
        return ESP_PEERS.get(family.ordinal());
    }

    /** The same for UDP-encapsulated ESP, by addresses and ports. */
    static ElementSet nattPeers(NetfilterFamily family) {
        return NATT_PEERS.get(family.ordinal());
    }

    /** The outbound marks of one mask, that the guard watches. */
    static ElementSet guarded(int mask) {
        return new ElementSet(
                NetfilterFamily.IP, "sa_marks" + MarkText.suffix(mask), "meta mark", List.of(KeyPart.MARK), false);
    }

    boolean isIp6() {
        return family == NetfilterFamily.IP6;
    }

    boolean isInterval() {
        return parts.contains(KeyPart.RANGE);
    }

    String text(Key key) {
        final StringBuilder text = new StringBuilder();
        int offset = 0;
        for (final KeyPart part : parts) {
            text.append(offset == 0 ? "" : " . ").append(part.text(key, offset, family));
            offset += part.length(family);
        }
        return text.toString();
    }

    /** The kernel knows a set by its table and its name. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ElementSet set && family == set.family && name.equals(set.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode() + family.ordinal();
    }

    @Override
    public int compareTo(ElementSet other) {
        final int byFamily = family.compareTo(other.family);
        return byFamily != 0 ? byFamily : name.compareTo(other.name);
    }
}
