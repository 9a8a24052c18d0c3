// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static java.util.stream.Collectors.joining;

import java.net.Inet4Address;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.markcast.config.AddressLiteral;
import org.markcast.config.Firewall;
import org.markcast.config.Firewall.Mode;
import org.markcast.config.Mark;
import org.markcast.config.Prefix;
import org.markcast.config.Service;
import org.markcast.config.TrafficSelector;

/**
 * The table that looks at what comes in by the WAN, as text. A packet with a secpath ({@code meta ipsec exists}) was decrypted,
 * whatever interface it names; one without is what somebody on the WAN sent.
 *
 * <ol>
 *   <li>Decrypted packets come in. With marks to choose from, that is decided before anybody changes the mark: what goes on to
 *       another client gets that client's.
 *   <li>Of plain packets, IKE, ESP and DHCP come in from whatever address. What has a source that nobody on the WAN can have
 *       pretends, also if it looks like the next packet of a conversation that others have inside. Only ICMP errors about
 *       connections may have one of the LAN's.
 *   <li>Then come those of known connections, what the link needs and what the configuration allows.
 *   <li>A connection that has used IPsec gets a label in conntrack. What goes on with it in clear pretends: addresses and ports
 *       are no secret, and to conntrack it looks like a reply.
 * </ol>
 *
 * <p>Accepting here ends this table's say only: other tables may still drop. The counters are the same whatever the configuration
 * says, so that they go on when it changes.
 */
public final class FirewallRules {

    /**
     * Of connections whose packets in the original direction come out of SAs. The highest numbers of all (XT_CONNLABEL_MAXBIT):
     * numbers and names are commonly given out from below. A label for each direction, because a client that goes to the internet
     * through its tunnel is answered in clear.
     */
    private static final int ORIGINAL_LABEL = 126;

    /** The same in the reply direction. */
    private static final int REPLY_LABEL = 127;

    private static final String DECRYPTED = "meta ipsec exists goto decrypted";

    private static final String KNOWN = "ct state established,related";

    /** The kernel puts an ICMP error into the connection that it is about. */
    private static final String ABOUT_A_CONNECTION = "ct state related meta l4proto { icmp, ipv6-icmp }";

    private static final String PRETENDED = "goto " + FirewallVerdict.PRETENDED.word();

    /**
     * A neighbour's link-local address: each link has them, and on another one it may be ours. In front of the lookup for any
     * interface.
     */
    private static final String NEIGHBOUR = "ip6 saddr fe80::/10 fib saddr . iif type != local return";

    /** Addresses that stand for IPv4 ones in programs, and that of the machine itself. */
    private static final String NEVER_SENT6 = "::1, ::ffff:0.0.0.0/96";

    private static final String ICMP_ERRORS = "destination-unreachable, time-exceeded, parameter-problem";

    private static final String ICMPV6_ERRORS =
            "destination-unreachable, packet-too-big, time-exceeded, parameter-problem";

    /** Errors, and what RFC 4890, section 4.4.1, has every node need. */
    private static final String ICMPV6_LINK =
            ICMPV6_ERRORS + ", mld-listener-query, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert";

    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;

    private final Firewall firewall;
    private final List<String> lans;
    private final StringBuilder text = new StringBuilder();

    private FirewallRules(Firewall firewall, List<String> lans) {
        this.firewall = firewall;
        this.lans = lans.stream().filter(lan -> !firewall.hasInterface(lan)).toList();
    }

    /**
     * The table; empty if the configuration wants none.
     *
     * @param lans LAN interfaces, whose networks are no plausible source for a plain packet from the WAN; one that is the WAN's
     *     too says nothing
     */
    public static Optional<TableText> table(Firewall firewall, List<String> lans) {
        return firewall.isEnabled()
                ? Optional.of(new TableText(Table.FIREWALL, new FirewallRules(firewall, lans).text()))
                : Optional.empty();
    }

    private String text() {
        text.append("table " + Table.FIREWALL + " {\n");
        for (final FirewallVerdict verdict : FirewallVerdict.values()) {
            text.append("\tcounter " + verdict.counter() + " {\n\t}\n\n");
        }
        final boolean hasMarks = !firewall.decrypted().any();
        hook(
                "prerouting",
                "raw",
                wan -> (hasMarks ? "iifname " + wan + " meta ipsec exists jump marks\n" : "") + "iifname " + wan
                        + " meta ipsec missing ip daddr 224.0.0.0/4 jump multicast\niifname " + wan
                        + " meta ipsec missing ip6 daddr ff00::/8 jump multicast");
        if (hasMarks) {
            marks();
            refusal(FirewallVerdict.UNMARKED);
        }
        multicast();
        hook("input", "filter", wan -> "iifname " + wan + " jump gateway");
        hook("forward", "filter", wan -> "iifname " + wan + " jump behind");
        // behind source NAT, after which the kernel looks for a policy again
        hook(
                "postrouting",
                "srcnat + 1",
                wan -> "oifname " + wan + " ct state new rt ipsec exists ct label set " + REPLY_LABEL);
        gateway();
        behind();
        decrypted();
        connection();
        source();
        nowhere();
        refusal(FirewallVerdict.PRETENDED);
        refusal(FirewallVerdict.TO_GATEWAY);
        refusal(FirewallVerdict.TO_LAN);
        text.setLength(text.length() - 1);
        return text.append("}\n").toString();
    }

    private void hook(String hook, String priority, UnaryOperator<String> rule) {
        chain(
                hook,
                "type filter hook " + hook + " priority " + priority + "; policy accept;",
                firewall.interfaces().stream()
                        .map(name -> rule.apply(quoted(name)))
                        .collect(joining("\n")));
    }

    private void marks() {
        final List<Mark> marks = firewall.decrypted().marks();
        final List<String> comparisons = marks.isEmpty()
                ? List.of("meta mark != 0")
                : marks.stream()
                        .map(mark -> MarkText.below("meta mark", mark.mask()) + " == " + MarkText.hex(mark.value()))
                        .toList();
        chain("marks", each(comparisons, mark -> mark + " return"), "goto " + FirewallVerdict.UNMARKED.word());
    }

    /**
     * Multicasts with one of the gateway's addresses. Those that it sends are given back to it as if they came in; what others
     * send must not pass for them, and IPv6 does not look. The lookup for an interface finds the one that such a packet is on if
     * it was given back (nft_fib_is_loopback()), and none for one that was received. Before Linux 6.16 it does so in prerouting
     * only, so they are counted here and {@link #gateway} lets them pass.
     */
    private void multicast() {
        chain(
                "multicast",
                NEIGHBOUR,
                "fib saddr type != local return",
                "fib saddr . iif oif exists " + accept(FirewallVerdict.LINK),
                PRETENDED);
    }

    /**
     * What is for the gateway itself. It gets its broadcasts back too, and lets nobody else use its IPv4 addresses
     * (ip_route_input_slow()). In UDP, ESP has its SPI where IKE has zeros (RFC 3948, section 2.2). DHCP servers have addresses of
     * networks that the LAN may have too. Those of DHCPv6, and relays, have any; no router leads to a link-local address.
     */
    private void gateway() {
        chain(
                "gateway",
                DECRYPTED,
                "ip daddr 224.0.0.0/4 jump counted",
                "ip6 daddr ff00::/8 jump counted",
                "udp dport 4500 @th,64,32 != 0 " + accept(FirewallVerdict.ESP),
                "udp dport { 500, 4500 } " + accept(FirewallVerdict.IKE),
                "meta l4proto { esp, ah } " + accept(FirewallVerdict.ESP),
                "udp sport 67 udp dport 68 " + accept(FirewallVerdict.LINK),
                "ip6 daddr fe80::/10 udp dport 546 " + accept(FirewallVerdict.LINK),
                "fib saddr type local fib daddr type broadcast " + accept(FirewallVerdict.LINK),
                "jump source",
                "jump connection",
                "icmp type { " + ICMP_ERRORS + " } " + accept(FirewallVerdict.LINK),
                "icmpv6 type { " + ICMPV6_LINK + " } " + accept(FirewallVerdict.LINK),
                "ct status dnat " + accept(FirewallVerdict.DNAT),
                each(firewall.allow(), service -> service(service) + accept(FirewallVerdict.ALLOWED)),
                each(firewall.management(), network -> address("saddr", network) + accept(FirewallVerdict.MANAGEMENT)),
                "goto " + FirewallVerdict.TO_GATEWAY.word());
        chain("counted", NEIGHBOUR, "fib saddr type local accept");
    }

    /** What the gateway would forward. */
    private void behind() {
        chain(
                "behind",
                DECRYPTED,
                "jump source",
                "jump connection",
                "ct status dnat " + accept(FirewallVerdict.DNAT),
                each(
                        firewall.allowForward(),
                        selector -> address("daddr", selector.prefix())
                                + ports(selector.protocol(), selector)
                                + accept(FirewallVerdict.ALLOWED)),
                "goto " + FirewallVerdict.TO_LAN.word());
    }

    /** Only packets of a connection itself give it a label: whoever has a tunnel may send errors about everybody's. */
    private void decrypted() {
        chain(
                "decrypted",
                ABOUT_A_CONNECTION + " " + accept(FirewallVerdict.DECRYPTED),
                "ct direction original ct label set " + ORIGINAL_LABEL,
                "ct direction reply ct label set " + REPLY_LABEL,
                accept(FirewallVerdict.DECRYPTED));
    }

    private void connection() {
        chain(
                "connection",
                KNOWN + " ct direction original ct label " + ORIGINAL_LABEL + " " + PRETENDED,
                KNOWN + " ct direction reply ct label " + REPLY_LABEL + " " + PRETENDED,
                KNOWN + " " + accept(FirewallVerdict.ESTABLISHED));
    }

    /**
     * Sources that nobody on the WAN can have. Who has no address yet asks whether it is taken (RFC 4862, section 5.4.2). What
     * nobody can have as its destination is looked at here too, since only few packets have one.
     */
    private void source() {
        chain(
                "source",
                "ip saddr 127.0.0.0/8 " + PRETENDED,
                "ip daddr 127.0.0.0/8 jump nowhere",
                "ip6 saddr { " + NEVER_SENT6 + ", ff00::/8 } " + PRETENDED,
                "ip6 daddr { ::, " + NEVER_SENT6 + " } jump nowhere",
                "ip6 saddr :: icmpv6 type nd-neighbor-solicit return",
                "ip6 saddr :: " + PRETENDED,
                NEIGHBOUR,
                "fib saddr type local " + PRETENDED,
                lans.isEmpty() ? "" : sourceInside());
    }

    /**
     * Routers on the way commonly have private addresses, which the LAN may have too. Without their errors about connections, path
     * MTU discovery fails.
     */
    private String sourceInside() {
        return "ct state related icmp type { " + ICMP_ERRORS + " } return\n"
                + "ct state related icmpv6 type { " + ICMPV6_ERRORS + " } return\n"
                + "fib saddr oifname { "
                + lans.stream().map(FirewallRules::quoted).collect(joining(", ")) + " } " + PRETENDED;
    }

    /** Destinations that only NAT leads to. */
    private void nowhere() {
        chain("nowhere", "ct status dnat,snat return", PRETENDED);
    }

    private void refusal(FirewallVerdict verdict) {
        final boolean isEnforced = firewall.mode() == Mode.ENFORCE;
        final String prefix =
                "markcast firewall: " + (isEnforced ? "dropped, " : "would drop, ") + verdict.word() + ": ";
        chain(
                verdict.word(),
                "counter name " + verdict.counter(),
                firewall.log()
                        .map(rate -> "limit rate " + rate + " log prefix " + quoted(prefix))
                        .orElse(""),
                isEnforced ? "drop" : "accept");
    }

    private static String accept(FirewallVerdict verdict) {
        return "counter name " + verdict.counter() + " accept";
    }

    /** With a blank behind it, as those below. */
    private static String service(Service service) {
        if (service.protocol() == ICMP && service.isAnyPort()) {
            return "meta l4proto { icmp, ipv6-icmp } ";
        }
        return ports(service.protocol(), service.firstPort(), service.lastPort(), service.isAnyPort());
    }

    private static String ports(int protocol, TrafficSelector selector) {
        return ports(protocol, selector.firstPort(), selector.lastPort(), selector.isAnyPort());
    }

    /** Spelt so that nft draws no conclusions about the family, which may then be at odds with an address. */
    private static String ports(int protocol, int first, int last, boolean isAny) {
        final String layer = protocol == 0
                ? (isAny ? "" : "meta l4proto { tcp, udp, udplite, dccp, sctp } ")
                : "meta l4proto " + protocol + " ";
        if (isAny) {
            return layer;
        }
        final String field = protocol == ICMP || protocol == ICMPV6 ? "@th,0,8 " : "th dport ";
        return layer + field + (first == last ? first : first + "-" + last) + " ";
    }

    private static String address(String field, Prefix prefix) {
        final boolean isIpv4 = prefix.address() instanceof Inet4Address;
        if (prefix.length() == 0) {
            return "meta nfproto " + (isIpv4 ? "ipv4 " : "ipv6 ");
        }
        return (isIpv4 ? "ip " : "ip6 ") + field + " " + AddressLiteral.format(prefix.address()) + "/" + prefix.length()
                + " ";
    }

    private static String quoted(String name) {
        return '"' + name + '"';
    }

    private static <T> String each(Collection<T> items, Function<T, String> rule) {
        return items.stream().map(rule).collect(joining("\n"));
    }

    /** @param rules one or several lines each; empty ones are left out */
    private void chain(String name, String... rules) {
        text.append("\tchain " + name + " {\n");
        for (final String rule : rules) {
            rule.lines().forEach(line -> text.append("\t\t" + line + "\n"));
        }
        text.append("\t}\n\n");
    }
}
