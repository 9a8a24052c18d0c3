// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.markcast.config.Mark;
import org.markcast.engine.sa.Sa;
import org.markcast.linux.NetfilterFamily;

/**
 * The nftables rules that make marks work, as text. The number of rules is fixed, SAs are elements of maps:
 *
 * <ul>
 *   <li>Inbound ESP gets its SA's inbound mark, by addresses and SPI, in UDP also by ports; with an SPI that is not known yet,
 *       that of the peer's newest SA. This comes last, so that nothing overrides it.
 *   <li>Unicast to a client gets its SA's outbound mark, from this machine and from others: the most specific remote selector
 *       counts, and of equal ones that of the SA later in the list. Packets to this machine's own addresses are never marked by
 *       a prefix: with 0.0.0.0/0 as remote selector the policies would let nobody reach the gateway any more.
 *   <li>The guard drops and counts multicast and broadcast packets with an outbound mark that would leave without IPsec.
 * </ul>
 *
 * <p>No element, no change: a map without the key leaves a packet's mark alone.
 */
public final class MarkRules {

    /** The counter of the guard. */
    static final String LEAKS = "leaks";

    private static final String NL = "\n";
    private static final String ELEMENT_SEPARATOR = ",\n\t\t\t";

    /** In the order in which packets are looked up: what comes later overrides. */
    private static final List<ElementSet> UNICAST =
            List.of(ElementSet.SUBNETS, ElementSet.CLIENTS, ElementSet.PROTOCOLS, ElementSet.PORTS);

    private static final List<ElementSet> UNICAST_BUT_SUBNETS = UNICAST.subList(1, UNICAST.size());

    private MarkRules() {}

    /**
     * What the service installs for these SAs, as one transaction that {@code nft -f} takes.
     *
     * @param broadcasts broadcast addresses of the LANs, in host order
     * @param hasGuard whether the leak guard is wanted
     */
    public static String text(List<Sa> sas, Collection<Integer> broadcasts, boolean hasGuard) {
        return installation(tables(sas, broadcasts, hasGuard), false);
    }

    static MarkTables tables(List<Sa> sas, Collection<Integer> broadcasts, boolean hasGuard) {
        return new MarkTablesBuilder(sas.stream().map(SaElements::of).toList()).build(hasGuard, broadcasts);
    }

    /**
     * The transaction that puts these tables in the place of whatever stands there.
     *
     * @param isIp6There whether a table for IPv6 stands there, which has to go even if none is wanted
     */
    static String installation(MarkTables tables, boolean isIp6There) {
        final boolean hasIp6 = tables.shape().hasIp6();
        return removal(isIp6There || hasIp6) + NL + ip(tables) + (hasIp6 ? NL + ip6(tables) : "");
    }

    /** The transaction that leaves nothing of ours, whether there was something or not. */
    static String removal(boolean isIp6There) {
        return removal(NetfilterFamily.IP) + (isIp6There ? removal(NetfilterFamily.IP6) : "");
    }

    private static String removal(NetfilterFamily family) {
        final String table = "table " + family.keyword() + " " + MarkTables.TABLE + NL;
        return "add " + table + "delete " + table;
    }

    private static String ip(MarkTables tables) {
        final StringBuilder text = new StringBuilder("table ip " + MarkTables.TABLE + " {" + NL);
        declareEsp(NetfilterFamily.IP, tables, text);
        unicast(tables.shape()).forEach(set -> declare(set, tables, text));
        if (tables.shape().hasGuard()) {
            declare(ElementSet.BROADCASTS, tables, text);
            tables.shape().guardedMasks().forEach(mask -> declare(ElementSet.guarded(mask), tables, text));
            text.append("\tcounter " + LEAKS + " {\n\t}\n\n");
        }
        markChains(tables, text);
        unicastChain(tables.shape(), text);
        prerouting(NetfilterFamily.IP, tables, text);
        text.append(
                "\n\tchain output {\n\t\ttype route hook output priority mangle; policy accept;\n\t\tjump unicast\n\t}\n");
        if (tables.shape().hasGuard()) {
            guard(tables.shape(), text);
        }
        return text.append("}" + NL).toString();
    }

    private static String ip6(MarkTables tables) {
        final StringBuilder text = new StringBuilder("table ip6 " + MarkTables.TABLE + " {" + NL);
        declareEsp(NetfilterFamily.IP6, tables, text);
        markChains(tables, text);
        prerouting(NetfilterFamily.IP6, tables, text);
        return text.append("}" + NL).toString();
    }

    private static void declareEsp(NetfilterFamily family, MarkTables tables, StringBuilder text) {
        declare(ElementSet.espPeers(family), tables, text);
        declare(ElementSet.esp(family), tables, text);
        declare(ElementSet.nattPeers(family), tables, text);
        declare(ElementSet.natt(family), tables, text);
    }

    private static void declare(ElementSet set, MarkTables tables, StringBuilder text) {
        final String result = !set.isMap() ? "" : tables.shape().isMasked() ? " : verdict" : " : meta mark";
        text.append("\t" + (set.isMap() ? "map " : "set ") + set.name() + " {\n\t\ttypeof " + set.expression() + result
                + NL);
        if (set.isInterval()) {
            text.append("\t\tflags interval\n");
        }
        final Map<Key, Mark> elements = tables.elements().getOrDefault(set, Map.of());
        if (!elements.isEmpty()) {
            text.append("\t\telements = {\n\t\t\t");
            text.append(elementsText(set, elements, set.isMap(), tables.shape().isMasked()));
            text.append("\n\t\t}\n");
        }
        text.append("\t}\n\n");
    }

    private static String elementsText(ElementSet set, Map<Key, Mark> elements, boolean hasTargets, boolean isMasked) {
        return new TreeMap<>(elements)
                .entrySet().stream()
                        .map(element -> set.text(element.getKey())
                                + (hasTargets ? " : " + target(element.getValue(), isMasked) : ""))
                        .collect(Collectors.joining(ELEMENT_SEPARATOR));
    }

    private static String target(Mark mark, boolean isMasked) {
        return isMasked ? "goto " + MarkText.chain(mark) : MarkText.hex(mark.value());
    }

    private static void markChains(MarkTables tables, StringBuilder text) {
        tables.chains()
                .forEach(mark -> text.append(
                        "\tchain " + MarkText.chain(mark) + " {\n\t\t" + MarkText.statement(mark) + "\n\t}\n\n"));
    }

    /** Subnets ask the routing tables about every packet, which is dear: they have a rule only where some SA claims one. */
    private static List<ElementSet> unicast(MarkTables.Shape shape) {
        return shape.hasSubnets() ? UNICAST : UNICAST_BUT_SUBNETS;
    }

    /** With a map of verdicts the first match is the last, so the most specific map comes first. */
    private static void unicastChain(MarkTables.Shape shape, StringBuilder text) {
        final List<ElementSet> sets = unicast(shape);
        text.append("\tchain unicast {\n");
        for (int i = 0; i < sets.size(); i++) {
            final ElementSet set = sets.get(shape.isMasked() ? sets.size() - 1 - i : i);
            final String condition = set.isInterval() ? "fib daddr type != local " : "";
            text.append("\t\t" + condition + lookup(set, shape) + NL);
        }
        text.append("\t}\n\n");
    }

    private static String lookup(ElementSet set, MarkTables.Shape shape) {
        return (shape.isMasked() ? set.expression() + " vmap @" : "meta mark set " + set.expression() + " map @")
                + set.name();
    }

    private static void prerouting(NetfilterFamily family, MarkTables tables, StringBuilder text) {
        text.append("\tchain prerouting {\n\t\ttype filter hook prerouting priority mangle; policy accept;\n");
        if (family == NetfilterFamily.IP) {
            text.append("\t\tjump unicast\n");
        }
        for (final String rule : espRules(family, tables.shape())) {
            text.append("\t\t" + rule + NL);
        }
        text.append("\t}\n");
    }

    /** What is known by SPI counts before what is known by addresses alone: it overrides it, or with verdicts it comes first. */
    private static List<String> espRules(NetfilterFamily family, MarkTables.Shape shape) {
        final List<String> rules = new ArrayList<>(List.of(
                "meta l4proto esp " + lookup(ElementSet.espPeers(family), shape),
                lookup(ElementSet.esp(family), shape),
                // IKE has zeros where ESP has its SPI (RFC 3948, section 2.2)
                "meta l4proto udp @th,64,32 != 0 " + lookup(ElementSet.nattPeers(family), shape),
                "meta l4proto udp " + lookup(ElementSet.natt(family), shape)));
        if (shape.isMasked()) {
            Collections.reverse(rules);
        }
        return rules;
    }

    /** Only these destinations: the ESP packet around a copy carries the mark too. */
    private static void guard(MarkTables.Shape shape, StringBuilder text) {
        text.append("\n\tchain leaving {\n");
        shape.guardedMasks()
                .forEach(mask -> text.append("\t\tmeta mark "
                        + (mask == Mark.FULL_MASK ? "" : "& " + MarkText.hex(mask) + " ")
                        + "@" + ElementSet.guarded(mask).name() + " rt ipsec missing counter name " + LEAKS
                        + " drop\n"));
        text.append("\t}\n\n\tchain guard {\n\t\ttype filter hook postrouting priority filter; policy accept;\n");
        text.append("\t\tip daddr 224.0.0.0/4 jump leaving\n\t\tip daddr @broadcasts jump leaving\n\t}\n");
    }

    /** The transaction that leads from one content to another of the same shape; empty if they are equal. */
    static String change(MarkTables from, MarkTables to) {
        final StringBuilder text = new StringBuilder();
        final boolean isMasked = to.shape().isMasked();
        final ElementChanges changes = ElementChanges.between(from.elements(), to.elements());
        elementCommands("delete", changes.deleted(), false, isMasked, text);
        chainsOf(to, from)
                .forEach((chain, mark) ->
                        text.append("add chain " + chain + " { " + MarkText.statement(mark) + "; }\n"));
        elementCommands("add", changes.added(), true, isMasked, text);
        chainsOf(from, to).forEach((chain, mark) -> text.append("delete chain " + chain + NL));
        return text.toString();
    }

    private static void elementCommands(
            String command,
            Map<ElementSet, Map<Key, Mark>> elements,
            boolean hasTargets,
            boolean isMasked,
            StringBuilder text) {
        elements.forEach(
                (set, some) -> text.append(command + " element " + set.family().keyword() + " "
                        + MarkTables.TABLE + " " + set.name() + " {\n\t\t\t"
                        + elementsText(set, some, hasTargets && set.isMap(), isMasked) + "\n}\n"));
    }

    /** The chains for marks that only the first tables have, with their family and table. */
    private static Map<String, Mark> chainsOf(MarkTables tables, MarkTables others) {
        final Set<Mark> marks = new HashSet<>(tables.chains());
        marks.removeAll(others.chains());
        final Map<String, Mark> chains = new TreeMap<>();
        for (final Mark mark : marks) {
            final String name = MarkTables.TABLE + " " + MarkText.chain(mark);
            chains.put("ip " + name, mark);
            if (tables.shape().hasIp6()) {
                chains.put("ip6 " + name, mark);
            }
        }
        return chains;
    }
}
