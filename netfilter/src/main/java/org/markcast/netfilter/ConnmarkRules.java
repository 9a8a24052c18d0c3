// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.markcast.config.Mark;

/**
 * The nftables rules that lead replies back to the SA that a connection came in through, as text:
 *
 * <ul>
 *   <li>A decapsulated packet for this machine gives its mark to its connection. The ESP packet around it passes here first and
 *       has the mark too; its connection is that of the IKE daemon and gets none.
 *   <li>A packet from this machine without a mark gets the outbound mark of its connection's SA. This comes before unicast is
 *       marked by its destination, which several clients behind one NAT share.
 *   <li>L2TP: the mark chooses the conntrack zone in which a packet from a client is looked up, since otherwise all clients
 *       behind one NAT were one connection, and the source port is translated, so that the L2TP daemon can answer each of them.
 * </ul>
 *
 * <p>Packets from this machine have no mark yet when they are looked up, so only the original direction has a zone.
 */
final class ConnmarkRules {

    private ConnmarkRules() {}

    /** The table for all connections. */
    static String connmark(MarkTables tables) {
        final Connections.Shape shape = tables.shape().connections();
        final boolean isMasked = tables.shape().isMasked();
        final StringBuilder text = new StringBuilder("table " + Table.CONNMARK + " {\n");
        shape.masks().forEach(mask -> {
            MarkRules.declare(ElementSet.connections(mask), tables, text);
            MarkRules.declare(ElementSet.replies(mask), tables, text);
        });
        if (isMasked) {
            chains(tables, text);
        }
        final String ports = shape.encapPorts().stream().map(String::valueOf).collect(Collectors.joining(", "));
        text.append("\tchain input {\n\t\ttype filter hook input priority mangle; policy accept;\n");
        text.append("\t\tmeta l4proto esp return\n\t\tudp dport { " + ports + " } return\n");
        shape.masks()
                .forEach(mask ->
                        lookup(ElementSet.connections(mask), "meta mark", "ct mark set ", mask, isMasked, text));
        text.append("\t}\n\n\tchain output {\n\t\ttype route hook output priority mangle - 1; policy accept;\n");
        text.append("\t\t" + unmarked(shape, isMasked) + " jump reply\n\t}\n\n\tchain reply {\n");
        shape.masks()
                .forEach(mask -> lookup(ElementSet.replies(mask), "ct mark", "meta mark set ", mask, isMasked, text));
        return text.append("\t}\n}\n").toString();
    }

    private static void lookup(
            ElementSet set, String key, String statement, int mask, boolean isMasked, StringBuilder text) {
        final String looked = MarkText.below(key, mask);
        text.append("\t\t" + (isMasked ? looked + " vmap @" : statement + looked + " map @") + set.name() + "\n");
    }

    /** What is true of packets that no outbound mark is on. */
    static String unmarked(Connections.Shape shape, boolean isMasked) {
        if (!isMasked) {
            return "meta mark 0";
        }
        final int all = shape.replyMasks().stream().reduce(0, (some, mask) -> some | mask);
        return "meta mark & " + MarkText.hex(all) + " == 0";
    }

    /** In place of values that nft cannot put together with a packet's mark. */
    private static void chains(MarkTables tables, StringBuilder text) {
        final SortedSet<Mark> connections = new TreeSet<>(MarkTables.MARKS);
        final SortedSet<Mark> replies = new TreeSet<>(MarkTables.MARKS);
        tables.shape().connections().masks().forEach(mask -> {
            connections.addAll(tables.elements(ElementSet.connections(mask)).values());
            replies.addAll(tables.elements(ElementSet.replies(mask)).values());
        });
        connections.forEach(mark ->
                chain(ElementSet.Content.CONNECTION_MARK.chain(mark), MarkText.statement("ct mark", mark), text));
        replies.forEach(mark -> chain(ElementSet.Content.MARK.chain(mark), MarkText.statement(mark), text));
    }

    private static void chain(String name, String statement, StringBuilder text) {
        text.append("\tchain " + name + " {\n\t\t" + statement + "\n\t}\n\n");
    }

    /** The table for UDP port 1701. */
    static String l2tp(MarkTables tables) {
        final Connections.Shape shape = tables.shape().connections();
        final StringBuilder text = new StringBuilder("table " + Table.L2TP + " {\n");
        shape.masks().forEach(mask -> MarkRules.declare(ElementSet.zones(mask), tables, text));
        text.append("\tchain zone {\n\t\ttype filter hook prerouting priority raw; policy accept;\n");
        shape.masks()
                .forEach(mask -> text.append("\t\tudp dport 1701 ct original zone set "
                        + MarkText.below("meta mark", mask) + " map @"
                        + ElementSet.zones(mask).name() + "\n"));
        text.append("\t}\n\n\tchain port {\n\t\ttype nat hook input priority 100; policy accept;\n");
        return text.append(
                        "\t\tudp dport 1701 ct original zone " + shape.config().l2tpZones() + " snat to :"
                                + shape.config().l2tpPorts() + "\n\t}\n}\n")
                .toString();
    }
}
