// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.markcast.config.Connmark;
import org.markcast.config.Mark;
import org.markcast.engine.sa.Sa;
import org.markcast.linux.NetfilterFamily;

/**
 * The nftables rules that make marks work, as text. The number of rules is fixed, SAs are elements of maps:
 *
 * <ul>
 *   <li>Inbound ESP gets its SA's inbound mark, by destination and SPI, in UDP also by port; with an SPI that is not known yet,
 *       that of the peer's newest SA. It is looked up early, and once more when all else is done, so that nothing overrides it.
 *   <li>Unicast to a client gets its SA's outbound mark, from this machine and from others: the most specific remote selector
 *       counts, and of equal ones that of the SA later in the list. Packets to this machine's own addresses are never marked by
 *       a prefix: with 0.0.0.0/0 as remote selector the policies would let nobody reach the gateway any more. The destination
 *       is that behind NAT: an answer to a client that is masqueraded has the gateway's address before.
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

    /** Behind the kernel's translation of destinations (NF_IP_PRI_NAT_DST), which nft has a name for in prerouting only. */
    static final int OUTPUT_PRIORITY = -90;

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
     * @param connmark whether and how connections find back to their SAs
     */
    public static String text(List<Sa> sas, Collection<Integer> broadcasts, boolean hasGuard, Connmark connmark) {
        return installation(tables(sas, broadcasts, hasGuard, connmark), Set.of());
    }

    static MarkTables tables(List<Sa> sas, Collection<Integer> broadcasts, boolean hasGuard, Connmark connmark) {
        final MarkTables tables = new MarkTables(hasGuard, connmark);
        tables.follow(sas, broadcasts, 0);
        return tables;
    }

    /**
     * The transaction that puts these tables in the place of whatever stands there.
     *
     * @param there our tables that stand there, wanted or not
     */
    static String installation(MarkTables tables, Set<Table> there) {
        final Set<Table> wanted = tables.shape().tables();
        final Set<Table> old = EnumSet.copyOf(wanted);
        old.addAll(there);
        old.retainAll(Table.OF_SAS);
        return removal(old)
                + NL
                + wanted.stream().map(table -> text(table, tables)).collect(Collectors.joining(NL));
    }

    private static String text(Table table, MarkTables tables) {
        return switch (table) {
            case MARKS -> ip(tables);
            case MARKS_IP6 -> ip6(tables);
            case CONNMARK -> ConnmarkRules.connmark(tables);
            case L2TP -> ConnmarkRules.l2tp(tables);
            default -> throw new IllegalArgumentException(table + " does not follow from the SAs");
        };
    }

    /** The transaction that leaves nothing of these tables, whether they were there or not. */
    static String removal(Set<Table> tables) {
        return tables.stream()
                .map(table -> "add table " + table + NL + "delete table " + table + NL)
                .collect(Collectors.joining());
    }

    private static String ip(MarkTables tables) {
        final StringBuilder text = new StringBuilder("table " + Table.MARKS + " {" + NL);
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
        text.append("\n\tchain translated {\n\t\ttype filter hook prerouting priority dstnat + 10; policy accept;\n");
        text.append("\t\tjump unicast\n\t\tjump inbound\n\t}\n");
        text.append("\n\tchain output {\n\t\ttype route hook output priority " + OUTPUT_PRIORITY
                + "; policy accept;\n\t\tjump unicast\n\t}\n");
        if (tables.shape().hasGuard()) {
            guard(tables.shape(), text);
        }
        return text.append("}" + NL).toString();
    }

    private static String ip6(MarkTables tables) {
        final StringBuilder text = new StringBuilder("table " + Table.MARKS_IP6 + " {" + NL);
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

    static void declare(ElementSet set, MarkTables tables, StringBuilder text) {
        final boolean isMasked = tables.shape().isMasked();
        final String result = set.isMap() ? " : " + set.content().type(isMasked) : "";
        text.append("\t" + (set.isMap() ? "map " : "set ") + set.name() + " {\n\t\ttypeof " + set.expression() + result
                + NL);
        if (set.isInterval()) {
            text.append("\t\tflags interval\n");
        }
        final Map<Key, Mark> elements = tables.elements(set);
        if (!elements.isEmpty()) {
            text.append("\t\telements = {\n\t\t\t");
            text.append(elementsText(set, elements, set.isMap(), isMasked));
            text.append("\n\t\t}\n");
        }
        text.append("\t}\n\n");
    }

    private static String elementsText(ElementSet set, Map<Key, Mark> elements, boolean hasTargets, boolean isMasked) {
        return elements.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(element -> set.text(element.getKey())
                        + (hasTargets ? " : " + set.content().target(element.getValue(), isMasked) : ""))
                .collect(Collectors.joining(ELEMENT_SEPARATOR));
    }

    private static void markChains(MarkTables tables, StringBuilder text) {
        tables.chains()
                .forEach(mark -> text.append("\tchain " + ElementSet.Content.MARK.chain(mark) + " {\n\t\t"
                        + MarkText.statement(mark) + "\n\t}\n\n"));
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

    static String lookup(ElementSet set, MarkTables.Shape shape) {
        return (shape.isMasked() ? set.expression() + " vmap @" : "meta mark set " + set.expression() + " map @")
                + set.name();
    }

    private static void prerouting(NetfilterFamily family, MarkTables tables, StringBuilder text) {
        text.append("\tchain inbound {\n");
        espRules(family, tables.shape()).forEach(rule -> text.append("\t\t" + rule + NL));
        text.append("\t}\n\n\tchain prerouting {\n\t\ttype filter hook prerouting priority mangle; policy accept;\n");
        text.append("\t\tjump inbound\n\t}\n");
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

    /** The transaction that does the changes in tables of this shape; empty if there are none. */
    static String change(ElementChanges changes, MarkTables.Shape shape) {
        final StringBuilder text = new StringBuilder();
        elementCommands("delete", changes.deleted(), false, shape.isMasked(), text);
        chains(changes.newChains(), shape)
                .forEach((chain, statement) -> text.append("add chain " + chain + " { " + statement + "; }\n"));
        elementCommands("add", changes.added(), true, shape.isMasked(), text);
        chains(changes.oldChains(), shape).keySet().forEach(chain -> text.append("delete chain " + chain + NL));
        return text.toString();
    }

    private static void elementCommands(
            String command,
            Map<ElementSet, Map<Key, Mark>> elements,
            boolean hasTargets,
            boolean isMasked,
            StringBuilder text) {
        elements.forEach((set, some) -> text.append(command + " element " + set.table() + " " + set.name()
                + " {\n\t\t\t" + elementsText(set, some, hasTargets && set.isMap(), isMasked) + "\n}\n"));
    }

    /** The chains that these marks have in tables of this shape, with their family and table, and what each does. */
    private static Map<String, String> chains(Collection<Mark> marks, MarkTables.Shape shape) {
        final Map<String, String> chains = new TreeMap<>();
        if (!shape.isMasked()) {
            return chains;
        }
        for (final Mark mark : marks) {
            final String name = " " + ElementSet.Content.MARK.chain(mark);
            final String statement = MarkText.statement(mark);
            chains.put(Table.MARKS + name, statement);
            if (shape.hasIp6()) {
                chains.put(Table.MARKS_IP6 + name, statement);
            }
            if (shape.connections().config().enabled()) {
                chains.put(Table.CONNMARK + name, statement);
                chains.put(
                        Table.CONNMARK + " " + ElementSet.Content.CONNECTION_MARK.chain(mark),
                        MarkText.statement("ct mark", mark));
            }
        }
        return chains;
    }
}
