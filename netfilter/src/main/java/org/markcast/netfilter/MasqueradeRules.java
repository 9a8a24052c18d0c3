// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.markcast.config.Masquerade;
import org.markcast.engine.packet.Ipv4Address;

/**
 * The nftables rules that give inside hosts with IPsec clients of their own an external address each, as text. Their number is fixed,
 * clients are elements of maps:
 *
 * <ul>
 *   <li>The first packet of a connection that holds IKE, ESP or AH gets its client's external address, before any other NAT rule
 *       sees it. From the server it goes to the client, also if the client's connection has been forgotten.
 *   <li>Who has no address yet is asked for: its packets are logged for us, and dropped for a few seconds, since another address
 *       would only confuse the server. If nobody answers they pass for the rest of a minute, and are still logged, but not too many
 *       at once. Where too many ask at once, who was not asked for is dropped, and asked for when it tries again. Who has to wait
 *       for an address passes.
 *   <li>Packets of all that have an address or wait for one are counted.
 *   <li>Where a connection of one with an address leaves by it and by an interface to which it does not belong, or by another address
 *       although it leaves by the right interface, because routes have changed, its packet is logged, too.
 * </ul>
 */
public final class MasqueradeRules {

    /** The number under which packets of those without an address are logged; ulogd and others use small ones. */
    static final int LOG_GROUP = 28_003;

    static final String TRAFFIC = "traffic";
    static final String FIXED_OUT = "fixed_out";
    static final String FIXED_IN = "fixed_in";

    private static final String ADDRESSES = "addresses";
    private static final String CLIENTS = "clients";
    private static final String TRANSLATED = "translated";
    private static final String FIXED_TRANSLATED = "fixed_translated";
    private static final String WAITING = "waiting";
    private static final String PEERS = "ip saddr . ip daddr";

    /** A server always has one of these ports, whatever a client has. */
    private static final String TO_SERVER = "udp dport { 500, 4500 }";

    private static final String FROM_SERVER = "udp sport { 500, 4500 }";

    /** Also to a client whose IKE has another port. */
    private static final String ANSWERS = "ct direction reply " + FROM_SERVER;

    /** Who is outside chooses its own port: the client's has to be that of IKE, too, or the server would reach all of its ports. */
    private static final String UNASKED = FROM_SERVER + " " + TO_SERVER;

    private static final String SEPARATOR = ",\n\t\t\t";

    private MasqueradeRules() {}

    /** What stands there before anybody has a lease; only for a configuration that wants it. */
    public static TableText table(Masquerade config) {
        return table(new Leases(config, 0, 0), true);
    }

    /**
     * As the leases are now, whenever the text is made.
     *
     * @param tells whether we get what is logged: nobody is asked for, and so nothing dropped, if not
     */
    static TableText table(Leases leases, boolean tells) {
        final List<Lease> all = List.copyOf(leases.all());
        final boolean asks = leases.config().poolSize() > 0 && tells && !leases.isFull();
        return new TableText(Table.MASQUERADE, () -> text(leases.config(), all, tells, asks));
    }

    private static String text(Masquerade config, List<Lease> leases, boolean tells, boolean asks) {
        final boolean hasPool = config.poolSize() > 0;
        final boolean hasFixed = leases.stream().anyMatch(MasqueradeRules::isForAll);
        final StringBuilder text = new StringBuilder("table " + Table.MASQUERADE + " {\n");
        inside(config, text);
        map(ADDRESSES, PEERS, "ip saddr", outbound(leases), text);
        map(CLIENTS, PEERS, "ip daddr", inbound(leases), text);
        if (tells) {
            set(TRANSLATED, PEERS, "", keys(inbound(leases)), text);
        }
        counted(TRAFFIC, PEERS, traffic(leases), text);
        if (hasFixed) {
            fixed(leases, tells, text);
        }
        if (hasPool) {
            set(WAITING, PEERS, "", waiting(leases), text);
            set("asked", PEERS, limited("5s"), List.of(), text);
            set("unanswered", PEERS, limited("1m"), List.of(), text);
        }
        if (tells) {
            set("told", PEERS, limited("5s"), List.of(), text);
        }
        outbound(hasFixed, asks, text);
        inbound(hasFixed, text);
        counted(config, hasFixed, hasPool, tells, text);
        hooks(config, text);
        return text.append("}\n").toString();
    }

    private static String limited(String timeout) {
        return "\t\tsize 65535\n\t\tflags dynamic,timeout\n\t\ttimeout " + timeout + "\n";
    }

    private static void inside(Masquerade config, StringBuilder text) {
        final List<String> prefixes =
                config.clients().stream().map(Object::toString).toList();
        text.append("\tset inside {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\tauto-merge\n");
        elements(prefixes, text);
        text.append("\t}\n\n");
    }

    private static void fixed(Collection<Lease> leases, boolean tells, StringBuilder text) {
        final List<Lease> forAll =
                leases.stream().filter(MasqueradeRules::isForAll).toList();
        map(
                "fixed_addresses",
                "ip saddr",
                "ip saddr",
                texts(forAll, lease -> client(lease) + " : " + address(lease)),
                text);
        map(
                "fixed_clients",
                "ip daddr",
                "ip daddr",
                texts(forAll, lease -> address(lease) + " : " + client(lease)),
                text);
        if (tells) {
            set(FIXED_TRANSLATED, "ip daddr", "", texts(forAll, MasqueradeRules::address), text);
        }
        counted(FIXED_OUT, "ip saddr", texts(forAll, MasqueradeRules::client), text);
        counted(FIXED_IN, "ip daddr", texts(forAll, MasqueradeRules::client), text);
    }

    private static void outbound(boolean hasFixed, boolean asks, StringBuilder text) {
        text.append("\tchain outbound {\n\t\trt ipsec exists return\n");
        text.append("\t\tsnat to " + PEERS + " map @" + ADDRESSES + "\n");
        if (hasFixed || asks) {
            text.append("\t\tip daddr @inside return\n");
        }
        if (hasFixed) {
            text.append("\t\tsnat to ip saddr map @fixed_addresses\n");
        }
        if (asks) {
            text.append("""
                    \t\tip saddr != @inside return
                    \t\tfib saddr type local return
                    \t\tip saddr . ip daddr @waiting return
                    \t\tip saddr . ip daddr @asked drop
                    \t\tip saddr . ip daddr @unanswered limit rate 20/second burst 100 packets log group %1$d
                    \t\tip saddr . ip daddr @unanswered return
                    \t\tlimit rate over 20/second burst 100 packets drop
                    \t\tadd @asked { ip saddr . ip daddr } add @unanswered { ip saddr . ip daddr } log group %1$d drop
                    """.formatted(LOG_GROUP));
        }
        text.append("\t}\n\n");
    }

    private static void inbound(boolean hasFixed, StringBuilder text) {
        text.append("\tchain inbound {\n\t\tdnat to " + PEERS + " map @" + CLIENTS + "\n");
        if (hasFixed) {
            text.append("\t\tdnat to ip daddr map @fixed_clients\n");
        }
        text.append("\t}\n\n");
    }

    private static void counted(
            Masquerade config, boolean hasFixed, boolean hasPool, boolean tells, StringBuilder text) {
        if (tells) {
            text.append("""
                    \tchain astray {
                    \t\tip saddr . ip daddr @told return
                    \t\tlimit rate 20/second burst 100 packets add @told { ip saddr . ip daddr } log group %d
                    \t}

                    """.formatted(LOG_GROUP));
            checked(
                    "checked",
                    "ip daddr . ct reply ip daddr @" + TRANSLATED,
                    "ct original ip saddr . ct original ip daddr @" + TRANSLATED,
                    hasPool ? PEERS + " @" + WAITING : "",
                    config,
                    text);
            if (hasFixed) {
                checked(
                        "checked_fixed",
                        "ct reply ip daddr @" + FIXED_TRANSLATED,
                        "ct original ip daddr @" + FIXED_TRANSLATED,
                        "ip daddr @inside",
                        config,
                        text);
            }
        }
        text.append("\tchain counted {\n\t\t" + PEERS + " @" + TRAFFIC + (tells ? " goto checked\n" : " return\n"));
        if (hasFixed) {
            text.append("\t\tip saddr @" + FIXED_OUT + (tells ? " goto checked_fixed\n" : " return\n"));
            text.append("\t\tip daddr @" + FIXED_IN + " return\n");
        }
        text.append("\t}\n\n");
    }

    /**
     * What a client sends by an interface to which its address does not belong, or not by its address. A connection's first packet is
     * not translated yet.
     *
     * @param begun tells the connections that the client began and that are translated
     * @param answered tells those that the server began
     * @param excepted whose connections are not translated; empty if there are none
     */
    private static void checked(
            String name, String begun, String answered, String excepted, Masquerade config, StringBuilder text) {
        final boolean isAnywhere = config.interfaces().isEmpty();
        final String elsewhere = interfaces("oifname !=", config);
        final String misled = isAnywhere ? "return" : elsewhere + "goto astray";
        text.append("\tchain " + name + " {\n\t\tct status & confirmed == 0 return\n");
        for (final String translated : List.of("ct direction original " + begun, "ct direction reply " + answered)) {
            if (!isAnywhere) {
                text.append("\t\t" + translated + " " + misled + "\n");
            }
            text.append("\t\t" + translated + " return\n");
        }
        text.append("\t\tct direction reply return\n\t\tct status dnat return\n\t\trt ipsec exists return\n");
        if (!excepted.isEmpty()) {
            text.append("\t\t" + excepted + " return\n");
        }
        text.append("\t\t" + interfaces("oifname", config) + "goto astray\n\t}\n\n");
    }

    private static void hooks(Masquerade config, StringBuilder text) {
        hook(
                "postrouting",
                "nat hook postrouting priority srcnat - 10",
                interfaces("oifname", config),
                List.of(TO_SERVER),
                "outbound",
                text);
        hook(
                "prerouting",
                "nat hook prerouting priority dstnat - 10",
                interfaces("iifname", config),
                List.of(UNASKED),
                "inbound",
                text);
        hook("forward", "filter hook forward priority filter + 10", "", List.of(TO_SERVER, ANSWERS), "counted", text);
        text.setLength(text.length() - 1);
    }

    private static String interfaces(String key, Masquerade config) {
        return config.interfaces().isEmpty()
                ? ""
                : config.interfaces().stream()
                        .map(name -> '"' + name + '"')
                        .collect(Collectors.joining(", ", key + " { ", " } "));
    }

    private static void hook(
            String name, String type, String condition, List<String> ike, String target, StringBuilder text) {
        text.append("\tchain " + name + " {\n\t\ttype " + type + "; policy accept;\n");
        text.append("\t\t" + condition + "meta l4proto { esp, ah } goto " + target + "\n");
        ike.forEach(ports -> text.append("\t\t" + condition + ports + " goto " + target + "\n"));
        text.append("\t}\n\n");
    }

    private static void map(String name, String key, String value, List<String> elements, StringBuilder text) {
        text.append("\tmap " + name + " {\n\t\ttypeof " + key + " : " + value + "\n");
        elements(elements, text);
        text.append("\t}\n\n");
    }

    private static void counted(String name, String key, List<String> elements, StringBuilder text) {
        set(name, key, "\t\tcounter\n", elements, text);
    }

    private static void set(String name, String key, String properties, List<String> elements, StringBuilder text) {
        text.append("\tset " + name + " {\n\t\ttypeof " + key + "\n" + properties);
        elements(elements, text);
        text.append("\t}\n\n");
    }

    private static void elements(List<String> elements, StringBuilder text) {
        if (!elements.isEmpty()) {
            text.append("\t\telements = {\n\t\t\t" + String.join(SEPARATOR, elements) + "\n\t\t}\n");
        }
    }

    /**
     * The transaction that does the change, among those that have a server of their own.
     *
     * @param tells as in the table that is there
     */
    static String change(Leases.Change change, boolean tells) {
        final StringBuilder text = new StringBuilder();
        command("delete", ADDRESSES, keys(outbound(change.gone())), text);
        command("delete", CLIENTS, keys(inbound(change.gone())), text);
        if (tells) {
            command("delete", TRANSLATED, keys(inbound(change.gone())), text);
        }
        command("delete", WAITING, waiting(change.gone()), text);
        command("delete", TRAFFIC, traffic(change.gone()), text);
        command("add", ADDRESSES, outbound(change.come()), text);
        command("add", CLIENTS, inbound(change.come()), text);
        if (tells) {
            command("add", TRANSLATED, keys(inbound(change.come())), text);
        }
        command("add", WAITING, waiting(change.come()), text);
        command("add", TRAFFIC, traffic(change.come()), text);
        return text.toString();
    }

    private static void command(String command, String set, List<String> elements, StringBuilder text) {
        if (!elements.isEmpty()) {
            text.append(command + " element " + Table.MASQUERADE + " " + set + " {\n\t\t\t"
                    + String.join(SEPARATOR, elements) + "\n}\n");
        }
    }

    private static List<String> keys(List<String> elements) {
        return elements.stream().map(element -> element.split(" : ")[0]).toList();
    }

    private static List<String> outbound(Collection<Lease> leases) {
        return texts(granted(leases), lease -> client(lease) + " . " + server(lease) + " : " + address(lease));
    }

    private static List<String> inbound(Collection<Lease> leases) {
        return texts(granted(leases), lease -> server(lease) + " . " + address(lease) + " : " + client(lease));
    }

    private static List<String> waiting(Collection<Lease> leases) {
        final List<Lease> waiting =
                leases.stream().filter(lease -> !lease.isGranted()).toList();
        return texts(waiting, lease -> client(lease) + " . " + server(lease));
    }

    private static List<String> traffic(Collection<Lease> leases) {
        final List<Lease> some =
                leases.stream().filter(lease -> !isForAll(lease)).toList();
        final List<String> both = new ArrayList<>(texts(some, lease -> client(lease) + " . " + server(lease)));
        both.addAll(texts(some, lease -> server(lease) + " . " + client(lease)));
        return both;
    }

    private static List<Lease> granted(Collection<Lease> leases) {
        return leases.stream()
                .filter(lease -> lease.isGranted() && !isForAll(lease))
                .toList();
    }

    /** Sorted, so that the same leases make the same text. */
    private static List<String> texts(List<Lease> leases, Function<Lease, String> form) {
        final List<String> texts = new ArrayList<>(leases.stream().map(form).toList());
        Collections.sort(texts);
        return texts;
    }

    private static boolean isForAll(Lease lease) {
        return lease.peers().server() == Peers.ANY;
    }

    private static String client(Lease lease) {
        return Ipv4Address.text(lease.peers().client());
    }

    private static String server(Lease lease) {
        return Ipv4Address.text(lease.peers().server());
    }

    private static String address(Lease lease) {
        return Ipv4Address.text(lease.address());
    }
}
