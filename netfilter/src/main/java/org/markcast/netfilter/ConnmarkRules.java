// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.List;
import java.util.stream.Collectors;
import org.markcast.config.Mark;
import org.markcast.config.NumberRange;

/**
 * The nftables rules that lead replies back to the SA that a connection came in through, as text:
 *
 * <ul>
 *   <li>A decapsulated packet for this machine gives its mark to its connection. The ESP packet around it passes here first and
 *       has the mark too; its connection is that of the IKE daemon and gets none.
 *   <li>A packet from this machine gets the outbound mark of its connection's SA, whatever its destination says, which several
 *       clients behind one NAT share. If that SA is gone, and none has the connection's mark below another mask, the packet
 *       reaches nobody. Of other packets only those of connections that begin here go by their destination: behind the NAT there
 *       may be hosts without a tunnel, too.
 *   <li>TCP is asked for segments that leave room for ESP: its path has no mark when it looks for the path's MTU, so it would
 *       never learn it.
 *   <li>What a client sends through PPP inside L2TP keeps the mark of the packet around it, and loses it.
 *   <li>L2TP: the mark chooses the conntrack zone in which a packet from a client is looked up, since otherwise all clients
 *       behind one NAT were one connection, and the source port is translated, so that the L2TP daemon can answer each of them.
 *       Each has but a few connections at a time, so that none takes the ports that others need.
 *       L2TP that came in transport mode and has no zone, and what the daemon sends to a port that is no client's, go nowhere: the
 *       kernel delivers the former without a policy, also from an SA not yet heard of, and the latter would leave in clear.
 *       In tunnel mode each client has an address of its own and needs no zone.
 *   <li>The guard drops and counts packets of clients' connections that would leave without IPsec.
 * </ul>
 *
 * <p>Packets from this machine have no mark yet when they are looked up, so only the original direction has a zone.
 */
final class ConnmarkRules {

    /** Packets of connections whose SA is gone. */
    static final String ORPHANS = "orphans";

    /** First packets of connections that are too many of one L2TP client. */
    static final String FLOODS = "floods";

    /** A client needs one; another one for each time that it begins anew from another port. */
    private static final int MAX_CONNECTIONS = 8;

    /** At least so many clients behind one NAT have to flood before another one finds no port. */
    private static final int MIN_FLOODERS = 16;

    private static final String LOST = " counter name " + ORPHANS + " drop";

    /** In the order in which packets are looked up: what comes later overrides. */
    private static final List<ElementSet> PEERS =
            List.of(ElementSet.PEERS, ElementSet.PEER_PROTOCOLS, ElementSet.PEER_PORTS);

    private ConnmarkRules() {}

    /** The table for all connections. */
    static String connmark(MarkTables tables) {
        final Connections.Shape shape = tables.shape().connections();
        final boolean isMasked = tables.shape().isMasked();
        final StringBuilder text = new StringBuilder("table " + Table.CONNMARK + " {\n");
        PEERS.forEach(set -> MarkRules.declare(set, tables, text));
        shape.masks().forEach(mask -> {
            MarkRules.declare(ElementSet.clientConnections(mask), tables, text);
            MarkRules.declare(ElementSet.lostConnections(mask), tables, text);
            MarkRules.declare(ElementSet.connections(mask), tables, text);
            MarkRules.declare(ElementSet.replies(mask), tables, text);
        });
        text.append("\tcounter " + ORPHANS + " {\n\t}\n\n");
        if (tables.shape().hasGuard()) {
            text.append("\tcounter " + MarkRules.LEAKS + " {\n\t}\n\n");
        }
        if (isMasked) {
            chains(tables, text);
        }
        begin("prerouting", "filter hook prerouting priority raw - 10", text);
        shape.masks()
                .forEach(mask -> rule(
                        "meta iiftype ppp meta ipsec missing " + isClients("meta mark", mask) + " "
                                + MarkText.statement(new Mark(0, mask)),
                        text));
        input(shape, isMasked, text);
        output(tables.shape(), text);
        if (tables.shape().hasGuard()) {
            next("guard", "filter hook output priority filter", text);
            shape.masks()
                    .forEach(mask -> rule(
                            isClients("ct mark", mask) + " rt ipsec missing counter name " + MarkRules.LEAKS + " drop",
                            text));
        }
        return text.append("\t}\n}\n").toString();
    }

    private static void input(Connections.Shape shape, boolean isMasked, StringBuilder text) {
        final String ports = shape.encapPorts().stream().map(String::valueOf).collect(Collectors.joining(", "));
        next("input", "filter hook input priority mangle", text);
        rule("meta l4proto esp return", text);
        rule("udp dport { " + ports + " } return", text);
        if (shape.config().tcpMss() != 0) {
            shape.masks()
                    .forEach(mask -> rule(
                            "tcp flags & syn == syn " + isClients("meta mark", mask) + " tcp option maxseg size set "
                                    + shape.config().tcpMss(),
                            text));
        }
        shape.masks()
                .forEach(mask ->
                        lookup(ElementSet.connections(mask), "meta mark", "ct mark set ", mask, isMasked, text));
    }

    private static void output(MarkTables.Shape all, StringBuilder text) {
        final Connections.Shape shape = all.connections();
        next("output", "route hook output priority " + (MarkRules.OUTPUT_PRIORITY + 1), text);
        shape.masks()
                .forEach(mask ->
                        lookup(ElementSet.replies(mask), "ct mark", "meta mark set ", mask, all.isMasked(), text));
        if (!all.isMasked()) { // with verdicts that was the end
            rule(isClients("ct mark", Mark.FULL_MASK) + " return", text);
        }
        shape.masks()
                .forEach(mask -> rule(
                        MarkText.below("ct mark", mask) + " @"
                                + ElementSet.lostConnections(mask).name() + LOST,
                        text));
        rule("ct mark " + MarkText.hex(Connections.NOBODY) + LOST, text);
        rule("ct direction reply return", text);
        rule(unmarked(shape, all.isMasked()) + " jump peers", text);
        text.append("\t}\n\n\tchain peers {\n");
        for (int i = 0; i < PEERS.size(); i++) { // with verdicts the first match is the last
            rule(MarkRules.lookup(PEERS.get(all.isMasked() ? PEERS.size() - 1 - i : i), all), text);
        }
    }

    private static String isClients(String expression, int mask) {
        return MarkText.below(expression, mask) + " @"
                + ElementSet.clientConnections(mask).name();
    }

    private static void begin(String chain, String hook, StringBuilder text) {
        text.append("\tchain " + chain + " {\n\t\ttype " + hook + "; policy accept;\n");
    }

    private static void next(String chain, String hook, StringBuilder text) {
        text.append("\t}\n\n");
        begin(chain, hook, text);
    }

    private static void rule(String rule, StringBuilder text) {
        text.append("\t\t" + rule + "\n");
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
        tables.chains().forEach(mark -> {
            chain(ElementSet.Content.CONNECTION_MARK.chain(mark), MarkText.statement("ct mark", mark), text);
            chain(ElementSet.Content.MARK.chain(mark), MarkText.statement(mark), text);
        });
    }

    private static void chain(String name, String statement, StringBuilder text) {
        text.append("\tchain " + name + " {\n\t\t" + statement + "\n\t}\n\n");
    }

    /** The table for UDP port 1701. */
    static String l2tp(MarkTables tables) {
        final Connections.Shape shape = tables.shape().connections();
        final StringBuilder text = new StringBuilder("table " + Table.L2TP + " {\n");
        shape.masks().forEach(mask -> MarkRules.declare(ElementSet.zones(mask), tables, text));
        text.append("\tset connections {\n\t\ttypeof ct original zone\n\t\tsize 65535\n\t\tflags dynamic\n\t}\n\n");
        text.append("\tcounter " + ORPHANS + " {\n\t}\n\n");
        text.append("\tcounter " + FLOODS + " {\n\t}\n\n");
        begin("zone", "filter hook prerouting priority raw", text);
        shape.masks()
                .forEach(mask -> rule(
                        "udp dport 1701 ct original zone set " + MarkText.below("meta mark", mask) + " map @"
                                + ElementSet.zones(mask).name(),
                        text));
        next("input", "filter hook input priority mangle", text);
        // only an SA in tunnel mode has these addresses (nft_xfrm.c)
        rule("udp dport 1701 ipsec in ip daddr != 0.0.0.0 return", text);
        rule("udp dport 1701 ipsec in ip6 daddr != :: return", text);
        rule("udp dport 1701 meta ipsec exists ct direction original ct original zone 0" + LOST, text);
        next("port", "nat hook input priority 100", text); // sees only the first packet of a connection
        final String ofClients =
                "udp dport 1701 ct original zone " + shape.config().l2tpZones();
        rule(
                ofClients + " add @connections { ct original zone ct count over "
                        + maxConnections(shape.config().l2tpPorts()) + " } counter name " + FLOODS + " drop",
                text);
        rule(ofClients + " snat to :" + shape.config().l2tpPorts(), text);
        next("output", "filter hook output priority mangle", text);
        rule("udp sport 1701 udp dport " + shape.config().l2tpPorts() + " ct direction original" + LOST, text);
        return text.append("\t}\n}\n").toString();
    }

    private static int maxConnections(NumberRange ports) {
        return Math.max(1, Math.min(MAX_CONNECTIONS, ports.size() / MIN_FLOODERS));
    }
}
