// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.markcast.config.Mark;
import org.markcast.linux.NetfilterFamily;

/**
 * A set or map of our tables.
 *
 * @param expression what a packet is looked up by, in nft's words
 * @param content what an element leads to
 */
record ElementSet(Table table, String name, String expression, List<KeyPart> parts, Content content)
        implements Comparable<ElementSet> {

    /** What the elements of a set or map lead to. Chains take the place of marks where some have masks. */
    enum Content {
        /** Nothing: being in the set is all. */
        NOTHING("", ""),
        /** The packet's mark. */
        MARK("meta mark", "mark_"),
        /** The mark of the packet's connection. */
        CONNECTION_MARK("ct mark", "connection_"),
        /** The conntrack zone in the original direction. */
        ZONE("ct zone", "");

        private final String type;
        private final String chainPrefix;

        Content(String type, String chainPrefix) {
            this.type = type;
            this.chainPrefix = chainPrefix;
        }

        /** What a map's data are, in nft's words. */
        String type(boolean isMasked) {
            return isMasked && this != ZONE ? "verdict" : type;
        }

        /** What an element leads to, in nft's words. */
        String target(Mark mark, boolean isMasked) {
            if (this == ZONE) {
                return Integer.toString(mark.value());
            }
            return isMasked ? "goto " + chain(mark) : MarkText.hex(mark.value());
        }

        /** The chain that an element leads to where some marks have masks. */
        String chain(Mark mark) {
            return chainPrefix + MarkText.suffixed(mark);
        }
    }

    private static final Comparator<ElementSet> ORDER =
            Comparator.comparing(ElementSet::table).thenComparing(ElementSet::name);

    /** Single addresses of clients. */
    static final ElementSet CLIENTS = map("client_marks", "ip daddr", KeyPart.ADDRESS);

    /** Everything wider than one address, as intervals that do not overlap. */
    static final ElementSet SUBNETS = map("subnet_marks", "ip daddr", KeyPart.RANGE);

    static final ElementSet PROTOCOLS =
            map("protocol_marks", "ip daddr . ip protocol", KeyPart.ADDRESS, KeyPart.PROTOCOL);

    static final ElementSet PORTS =
            map("port_marks", "ip daddr . ip protocol . th dport", KeyPart.ADDRESS, KeyPart.PROTOCOL, KeyPart.PORT);

    /** Addresses of SAs whose connections find back to them, which only connections from here go by. */
    static final ElementSet PEERS = peers("peer_marks", CLIENTS);

    static final ElementSet PEER_PROTOCOLS = peers("peer_protocol_marks", PROTOCOLS);

    static final ElementSet PEER_PORTS = peers("peer_port_marks", PORTS);

    private static ElementSet peers(String name, ElementSet likewise) {
        return new ElementSet(Table.CONNMARK, name, likewise.expression, likewise.parts, Content.MARK);
    }

    /** Broadcast addresses that the guard watches besides 224.0.0.0/4. */
    static final ElementSet BROADCASTS =
            new ElementSet(Table.MARKS, "broadcasts", "ip daddr", List.of(KeyPart.ADDRESS), Content.NOTHING);

    private static final List<ElementSet> ESP = Stream.of(NetfilterFamily.IP, NetfilterFamily.IP6)
            .map(family -> new ElementSet(
                    Table.marks(family),
                    "esp_marks",
                    family.keyword() + " daddr . esp spi",
                    List.of(KeyPart.ADDRESS, KeyPart.HEX),
                    Content.MARK))
            .toList();

    private static final List<ElementSet> NATT = Stream.of(NetfilterFamily.IP, NetfilterFamily.IP6)
            .map(family -> new ElementSet(
                    Table.marks(family),
                    "natt_marks",
                    family.keyword() + " daddr . udp dport . @th,64,32",
                    List.of(KeyPart.ADDRESS, KeyPart.PORT, KeyPart.HEX),
                    Content.MARK))
            .toList();

    private static final List<ElementSet> ESP_PEERS = Stream.of(NetfilterFamily.IP, NetfilterFamily.IP6)
            .map(family -> new ElementSet(
                    Table.marks(family),
                    "esp_peers",
                    family.keyword() + " saddr . " + family.keyword() + " daddr",
                    List.of(KeyPart.ADDRESS, KeyPart.ADDRESS),
                    Content.MARK))
            .toList();

    private static final List<ElementSet> NATT_PEERS = Stream.of(NetfilterFamily.IP, NetfilterFamily.IP6)
            .map(family -> new ElementSet(
                    Table.marks(family),
                    "natt_peers",
                    family.keyword() + " saddr . " + family.keyword() + " daddr . @th,0,32",
                    List.of(KeyPart.ADDRESS, KeyPart.ADDRESS, KeyPart.HEX),
                    Content.MARK))
            .toList();

    private static ElementSet map(String name, String expression, KeyPart... parts) {
        return new ElementSet(Table.MARKS, name, expression, List.of(parts), Content.MARK);
    }

    /**
     * Inbound ESP by destination and SPI, by which the kernel finds an SA (RFC 4301, section 4.1): a peer may have moved, or its
     * NAT may have given it another address, before its IKE daemon says so.
     */
    static ElementSet esp(NetfilterFamily family) {
        return ESP.get(family.ordinal());
    }

    /**
     * Inbound UDP-encapsulated ESP by destination, its port, and the SPI, which is the first word behind the UDP header (RFC 3948,
     * section 2.1). IKE has zeros there and keepalives have nothing, so neither is found.
     */
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
                Table.MARKS, "sa_marks" + MarkText.suffix(mask), "meta mark", List.of(KeyPart.MARK), Content.NOTHING);
    }

    /** By the inbound mark of a decapsulated packet, the mark that its connection gets: the same. */
    static ElementSet connections(int mask) {
        return byMark(Table.CONNMARK, "connection_marks", "meta mark", mask, Content.CONNECTION_MARK);
    }

    /** The inbound marks of SAs whose connections find back to them. */
    static ElementSet clientConnections(int mask) {
        return byMark(Table.CONNMARK, "client_connections", "ct mark", mask, Content.NOTHING);
    }

    /** The inbound marks of such SAs that have just gone, or were there in an earlier run and have not come yet. */
    static ElementSet lostConnections(int mask) {
        return byMark(Table.CONNMARK, "lost_connections", "ct mark", mask, Content.NOTHING);
    }

    /** By the mark of a connection, the outbound mark that its packets get. */
    static ElementSet replies(int mask) {
        return byMark(Table.CONNMARK, "reply_marks", "ct mark", mask, Content.MARK);
    }

    /** By the inbound mark of a decapsulated packet, the conntrack zone in which it is looked up. */
    static ElementSet zones(int mask) {
        return byMark(Table.L2TP, "zones", "meta mark", mask, Content.ZONE);
    }

    private static ElementSet byMark(Table table, String name, String expression, int mask, Content content) {
        return new ElementSet(table, name + MarkText.suffix(mask), expression, List.of(KeyPart.MARK), content);
    }

    /** Whether an element leads to something. */
    boolean isMap() {
        return content != Content.NOTHING;
    }

    boolean isIp6() {
        return table.family() == NetfilterFamily.IP6;
    }

    boolean isInterval() {
        return parts.contains(KeyPart.RANGE);
    }

    String text(Key key) {
        final StringBuilder text = new StringBuilder();
        int offset = 0;
        for (final KeyPart part : parts) {
            text.append(offset == 0 ? "" : " . ").append(part.text(key, offset, table.family()));
            offset += part.length(table.family());
        }
        return text.toString();
    }

    /** The kernel knows a set by its table and its name. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ElementSet set && table == set.table && name.equals(set.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode() + table.ordinal();
    }

    @Override
    public int compareTo(ElementSet other) {
        return ORDER.compare(this, other);
    }
}
