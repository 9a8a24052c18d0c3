// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.markcast.config.Mark;
import org.markcast.config.Prefix;
import org.markcast.config.Uplinks;
import org.markcast.engine.packet.Ipv4Address;

/**
 * The nftables rules that keep connections on their uplink, as text:
 *
 * <ul>
 *   <li>A connection is pinned once, by the conntrack mark: to the uplink that a packet of it came in by, else to the one that its first
 *       packet leaves by. What IPsec protects is not pinned: it follows its SA, whose own packets are.
 *   <li>Packets of pinned connections get the uplink's mark, from the LAN before they are routed, from this machine with another
 *       look at the routes. Routing rules lead them to the uplink's table; they also lead there what this machine begins from the
 *       address of an uplink.
 *   <li>ESP has the mark of the packet inside, which may be that of another uplink, and belongs to the uplink that it has the address of.
 *   <li>Sources are translated to the uplink's address by {@code snat}: the kernel forgets what {@code masquerade} translated as soon
 *       as the interface goes down (nf_nat_masquerade.c). That one only stands in while the address is not known.
 * </ul>
 *
 * <p>SAs come first, also those whose marks have bits in common with those of uplinks. In prerouting their marks are set afterwards and
 * override. In output they are set before, and what meets a policy then is left alone: the mark of an uplink beside that of an SA, on the
 * packet or on its connection, would have it miss the policy and leave in clear.
 */
public final class UplinkRules {

    /** Before a general masquerade rule, which stands at 100 (srcnat). */
    private static final String NAT_PRIORITY = "srcnat - 5";

    /** Before SAs' marks are set. */
    private static final String PREROUTING_PRIORITY = "mangle - 10";

    /** When SAs' marks have been set, by destination and by connection. */
    private static final int OUTPUT_PRIORITY = MarkRules.OUTPUT_PRIORITY + 10;

    private static final String FOR_MANY = "{ 224.0.0.0/4, 255.255.255.255 }";

    private final Uplinks config;
    private final List<NumberedUplink> uplinks;
    private final Map<String, List<Integer>> sources;
    private final Set<String> closed;
    private final Set<String> dead;
    private final int overlap;
    private final StringBuilder text = new StringBuilder("table " + Table.UPLINKS + " {\n");

    private UplinkRules(
            Uplinks config,
            List<NumberedUplink> uplinks,
            Map<String, List<Integer>> sources,
            Set<String> closed,
            Set<String> dead,
            int overlap) {
        this.config = config;
        this.uplinks = uplinks;
        this.sources = sources;
        this.closed = closed;
        this.dead = dead;
        this.overlap = overlap;
    }

    /**
     * The table for some uplinks, at least one.
     *
     * @param sources the addresses that uplinks have now, the main one first, in host order, by name
     * @param closed names of uplinks that no connection is pinned to now
     * @param dead names of those of them that nothing leaves by: a connection that began there would keep the address to which its
     *     source is translated
     * @param overlap the masks of SAs' marks that have bits in common with the mask of uplinks, put together: connections with one of
     *     these bits are not pinned, and neither is what comes out of tunnels; 0 if there are none
     */
    public static TableText table(
            Uplinks config,
            List<NumberedUplink> uplinks,
            Map<String, List<Integer>> sources,
            Set<String> closed,
            Set<String> dead,
            int overlap) {
        return new TableText(Table.UPLINKS, new UplinkRules(config, uplinks, sources, closed, dead, overlap).render());
    }

    private String render() {
        declareNetworks();
        for (final NumberedUplink uplink : uplinks) {
            final Mark mark = new Mark(uplink.mark(), config.mask());
            chain(name("pin", uplink), MarkText.statement("ct mark", mark));
            chain(name("restore", uplink), MarkText.statement(mark));
            chain(name("claim", uplink), "jump " + name("pin", uplink), "goto " + name("restore", uplink));
        }
        restore();
        pin();
        translate();
        text.setLength(text.length() - 1); // no empty line behind the last chain
        return text.append("}\n").toString();
    }

    private void declareNetworks() {
        if (!config.networks().isEmpty()) {
            final String elements =
                    config.networks().stream().map(Prefix::toString).collect(Collectors.joining(",\n\t\t\t"));
            text.append("\tset networks {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\tauto-merge\n");
            text.append("\t\telements = {\n\t\t\t" + elements + "\n\t\t}\n\t}\n\n");
        }
    }

    private void restore() {
        final String lan = config.lan().stream().map(UplinkRules::quoted).collect(Collectors.joining(", "));
        final String restores = uplinks.stream()
                .map(uplink -> MarkText.hex(uplink.mark()) + " : goto " + name("restore", uplink))
                .collect(Collectors.joining(", "));
        chain("restore", MarkText.below("ct mark", config.mask()) + " vmap { " + restores + " }");
        chain(
                "prerouting",
                "type filter hook prerouting priority " + PREROUTING_PRIORITY + "; policy accept;",
                "iifname { " + lan + " } " + ofNetworks("saddr") + "jump restore",
                overlap == 0
                        ? "meta ipsec exists " + ofNetworks("saddr") + "jump restore"
                        : "# decapsulated packets would miss their policies");
        chain(
                "output",
                "type route hook output priority " + OUTPUT_PRIORITY + "; policy accept;",
                "rt ipsec exists return",
                "jump restore",
                claim(lan));
    }

    /** An address that two uplinks have belongs to the first one. */
    private String claim(String lan) {
        final Map<Integer, NumberedUplink> owners = new LinkedHashMap<>();
        open().forEach(uplink -> addresses(uplink).forEach(address -> owners.putIfAbsent(address, uplink)));
        final String claims = owners.entrySet().stream()
                .map(owner -> Ipv4Address.text(owner.getKey()) + " : goto " + name("claim", owner.getValue()))
                .collect(Collectors.joining(", "));
        return claims.isEmpty()
                ? "# nothing is pinned by its address"
                : "meta l4proto { esp, ah } " + connectionMark() + " == 0 oifname != { \"lo\", " + lan
                        + " } ip saddr vmap { " + claims + " }";
    }

    /** Those that connections are pinned to. */
    private List<NumberedUplink> open() {
        return uplinks.stream()
                .filter(uplink -> !closed.contains(uplink.uplink().name()))
                .toList();
    }

    private List<Integer> addresses(NumberedUplink uplink) {
        return sources.getOrDefault(uplink.uplink().name(), List.of());
    }

    private void pin() {
        final String known = connectionMark() + " != 0 return";
        final String forMany = "ip daddr " + FOR_MANY + " return";
        final String pins = open().stream().map(UplinkRules::pin).collect(Collectors.joining(", "));
        final String drops = uplinks.stream()
                .filter(uplink -> dead.contains(uplink.uplink().name()))
                .map(uplink -> quoted(uplink.uplink().interfaceName()) + " : drop")
                .collect(Collectors.joining(", "));
        final String separator = pins.isEmpty() || drops.isEmpty() ? "" : ", ";
        chain("inbound", known, forMany, "meta ipsec exists return", verdicts("iifname", pins));
        chain(
                "outbound",
                known,
                forMany,
                "rt ipsec exists return",
                verdicts("ct direction original oifname", pins + separator + drops));
        chain("input", "type filter hook input priority mangle; policy accept;", "jump inbound");
        chain(
                "forward",
                "type filter hook forward priority mangle; policy accept;",
                ofNetworks("daddr") + "jump inbound");
        final String local = config.networks().isEmpty() ? "" : "\n\t\tfib saddr type local jump outbound";
        chain(
                "postrouting",
                "type filter hook postrouting priority mangle; policy accept;",
                ofNetworks("saddr") + "jump outbound" + local);
    }

    private void translate() {
        final List<NumberedUplink> translating =
                uplinks.stream().filter(uplink -> uplink.uplink().masquerade()).toList();
        if (translating.isEmpty()) {
            return;
        }
        final String addresses = translating.stream()
                .filter(uplink -> !addresses(uplink).isEmpty())
                .map(uplink -> quoted(uplink.uplink().interfaceName()) + " : "
                        + Ipv4Address.text(addresses(uplink).get(0)))
                .collect(Collectors.joining(", "));
        final String others = translating.stream()
                .flatMap(uplink -> addresses(uplink).stream().skip(1).map(address -> fixed(uplink, address)))
                .collect(Collectors.joining(", "));
        final String protectedOrOther = "rt ipsec missing " + ofNetworks("saddr");
        final String names = translating.stream()
                .map(uplink -> quoted(uplink.uplink().interfaceName()))
                .collect(Collectors.joining(", "));
        text.append("\tchain source {\n\t\ttype nat hook postrouting priority " + NAT_PRIORITY + "; policy accept;\n");
        if (!others.isEmpty()) {
            text.append("\t\trt ipsec missing snat to oifname . ip saddr map { " + others + " }\n");
        }
        if (!addresses.isEmpty()) {
            text.append("\t\t" + protectedOrOther + "snat to oifname map { " + addresses + " }\n");
        }
        text.append("\t\t" + protectedOrOther + "oifname { " + names + " } masquerade\n\t}\n\n");
    }

    private void chain(String name, String... lines) {
        text.append("\tchain " + name + " {\n");
        for (final String line : lines) {
            text.append("\t\t" + line + "\n");
        }
        text.append("\t}\n\n");
    }

    /** What is 0 if a connection is neither pinned nor maybe an SA's. */
    private String connectionMark() {
        return MarkText.below("ct mark", config.mask() | overlap);
    }

    private String ofNetworks(String address) {
        return config.networks().isEmpty() ? "" : "ip " + address + " @networks ";
    }

    private static String pin(NumberedUplink uplink) {
        return quoted(uplink.uplink().interfaceName()) + " : goto " + name("pin", uplink);
    }

    private static String verdicts(String key, String elements) {
        return elements.isEmpty() ? "# no uplink is usable" : key + " vmap { " + elements + " }";
    }

    /** An address of an uplink stays what it is. */
    private static String fixed(NumberedUplink uplink, int address) {
        final String text = Ipv4Address.text(address);
        return quoted(uplink.uplink().interfaceName()) + " . " + text + " : " + text;
    }

    private static String name(String chains, NumberedUplink uplink) {
        return chains + "_" + MarkText.hex(uplink.mark());
    }

    private static String quoted(String interfaceName) {
        return '"' + interfaceName + '"';
    }
}
