// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.net.Inet6Address;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.linux.Route.Hop;
import org.markcast.linux.Route.Kind;

/**
 * IPv4 routes and the rules that choose a routing table (rtnetlink(7), ip-rule(8)). Those that we make carry a protocol number of our
 * own, by which they are told from all others, also after a crash. Works on the network namespace of the thread that made it;
 * for one thread. Changes need CAP_NET_ADMIN.
 *
 * <pre>
 *   struct rtmsg        { u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags; }
 *   struct fib_rule_hdr { u8 family, dst_len, src_len, tos, table, res1, res2, action; u32 flags; }
 * </pre>
 */
public final class RoutingTables implements AutoCloseable {

    /** The table that packets look in unless a rule says otherwise. */
    public static final int MAIN = 254;

    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_DELROUTE = 25;
    private static final int RTM_GETROUTE = 26;
    private static final int RTM_NEWRULE = 32;
    private static final int RTM_DELRULE = 33;
    private static final int RTM_GETRULE = 34;
    private static final int BODY_LENGTH = 12;

    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int RTA_PRIORITY = 6;
    private static final int RTA_PREFSRC = 7;
    private static final int RTA_METRICS = 8;
    private static final int RTA_MULTIPATH = 9;
    private static final int RTA_FLOW = 11;
    private static final int RTA_TABLE = 15;
    private static final int RTA_VIA = 18;
    private static final int RTA_ENCAP = 22;
    private static final int RTA_NH_ID = 30;
    private static final int RTNH_F_DEAD = 1;
    private static final int RTNH_F_ONLINK = 4;
    private static final int RT_SCOPE_NOWHERE = 255;
    private static final int NEXT_HOP_LENGTH = 8;
    private static final int IPV6_LENGTH = 16;

    private static final int FRA_SRC = 2;
    private static final int FRA_IIFNAME = 3;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_FWMARK = 10;
    private static final int FRA_TABLE = 15;
    private static final int FRA_FWMASK = 16;
    private static final int FRA_PROTOCOL = 21;
    private static final int FR_ACT_TO_TBL = 1;
    private static final String THIS_MACHINE = "lo";

    private final int protocol;
    private final NetlinkDialogue dialogue = new NetlinkDialogue(Netlink.NETLINK_ROUTE);
    private final UnsafeBuffer buffer = dialogue.buffer();
    private final RouteMessage message = new RouteMessage(buffer);

    /**
     * Packets with this mark under this mask are looked up in this table.
     *
     * @param priority where the rule stands: a smaller one comes first
     * @param source if not 0, only packets of this machine's own that have this address count, in host order
     */
    public record Rule(int priority, int mark, int mask, int source, int table) {

        /** For packets with any source. */
        public Rule(int priority, int mark, int mask, int table) {
            this(priority, mark, mask, 0, table);
        }
    }

    /** @param protocol of our routes and rules; numbers from 5 on are not the kernel's (linux/rtnetlink.h) */
    public RoutingTables(int protocol) {
        this.protocol = protocol;
    }

    /** Our rules. */
    public List<Rule> rules() {
        return dialogue.list("routing rules", this::askForRules, RTM_NEWRULE, this::rule);
    }

    private int askForRules() {
        message.begin(RTM_GETRULE, Netlink.NLM_F_DUMP, Libc.AF_INET, BODY_LENGTH);
        return message.end();
    }

    private Rule rule(int body, int end) {
        final int attributes = body + BODY_LENGTH;
        final int owner = message.attribute(FRA_PROTOCOL, attributes, end);
        if (owner < 0 || (buffer.getByte(owner) & 0xff) != protocol) {
            return null;
        }
        return new Rule(
                message.number(FRA_PRIORITY, attributes, end),
                message.number(FRA_FWMARK, attributes, end),
                message.number(FRA_FWMASK, attributes, end),
                message.address(FRA_SRC, attributes, end),
                message.number(FRA_TABLE, attributes, end));
    }

    /** Adds a rule of ours; {@code false} if there is the same one already, whosever it is. */
    public boolean add(Rule rule) {
        return unlessThere(
                () -> change("adding the routing rule ", RTM_NEWRULE, Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, rule));
    }

    /** Deletes a rule of ours; one that is not there is no error. */
    public void delete(Rule rule) {
        unlessGone(() -> change("deleting the routing rule ", RTM_DELRULE, 0, rule));
    }

    private void change(String what, int type, int flags, Rule rule) {
        message.begin(type, Netlink.NLM_F_ACK | flags, Libc.AF_INET, BODY_LENGTH);
        message.putBody(7, FR_ACT_TO_TBL);
        message.putInt(FRA_PRIORITY, rule.priority());
        if (rule.mask() != 0) {
            message.putInt(FRA_FWMARK, rule.mark());
            message.putInt(FRA_FWMASK, rule.mask());
        }
        if (rule.source() != 0) {
            message.putBody(2, Integer.SIZE);
            message.putAddress(FRA_SRC, rule.source());
            message.putText(FRA_IIFNAME, THIS_MACHINE);
        }
        message.putInt(FRA_TABLE, rule.table());
        message.putByte(FRA_PROTOCOL, protocol);
        dialogue.request(what + rule.priority(), message.end());
    }

    /** Our routes, of all tables. */
    public List<Route> routes() {
        return dialogue.list("routes", this::askForOwnRoutes, RTM_NEWROUTE, this::ownRoute);
    }

    private int askForOwnRoutes() {
        message.begin(RTM_GETROUTE, Netlink.NLM_F_DUMP, Libc.AF_INET, BODY_LENGTH);
        message.putBody(5, protocol);
        return message.end();
    }

    private Route ownRoute(int body, int end) {
        return (buffer.getByte(body + 5) & 0xff) == protocol ? route(body, end) : null;
    }

    /**
     * Everybody's routes in one table, but for those of kinds that {@link Route} does not know and those that encapsulate what they
     * forward. Next hops that cannot be used now are left out.
     */
    public List<Route> routesIn(int table) {
        try {
            return dialogue.list(
                    "routes", () -> askForRoutes(table), RTM_NEWROUTE, (body, end) -> routeIn(table, body, end));
        } catch (LinuxException e) {
            if (e.errno() == LinuxErrno.ENOENT) { // there is no such table
                return List.of();
            }
            throw e;
        }
    }

    private int askForRoutes(int table) {
        message.begin(RTM_GETROUTE, Netlink.NLM_F_DUMP, Libc.AF_INET, BODY_LENGTH);
        message.putInt(RTA_TABLE, table);
        return message.end();
    }

    private Route routeIn(int table, int body, int end) {
        final Route route = route(body, end);
        return route == null || route.table() != table ? null : route;
    }

    private Route route(int body, int end) {
        final int attributes = body + BODY_LENGTH;
        final Kind kind = kind(buffer.getByte(body + 7));
        final List<Hop> hops = hops(body, end);
        final int nextHopId = message.number(RTA_NH_ID, attributes, end);
        if (kind == null || kind == Kind.UNICAST && nextHopId == 0 && hops.isEmpty()) {
            return null;
        }
        return new Route(
                message.number(RTA_TABLE, attributes, end),
                kind,
                message.address(RTA_DST, attributes, end),
                buffer.getByte(body + 1) & 0xff,
                buffer.getByte(body + 3) & 0xff,
                message.number(RTA_PRIORITY, attributes, end),
                message.address(RTA_PREFSRC, attributes, end),
                buffer.getByte(body + 6) & 0xff,
                nextHopId,
                hops,
                words(message.attribute(RTA_METRICS, attributes, end)));
    }

    private static Kind kind(int type) {
        for (final Kind kind : Kind.values()) {
            if (kind.type == type) {
                return kind;
            }
        }
        return null;
    }

    private List<Integer> words(int data) {
        final List<Integer> words = new ArrayList<>();
        for (int i = 0; data >= 0 && i < message.length(data); i += Integer.BYTES) {
            words.add(buffer.getInt(data + i));
        }
        return words;
    }

    /** {@code struct rtnexthop { u16 len; u8 flags, hops; s32 ifindex; }} and attributes, as often as there are several. */
    private List<Hop> hops(int body, int end) {
        final List<Hop> hops = new ArrayList<>();
        final int attributes = body + BODY_LENGTH;
        final int several = message.attribute(RTA_MULTIPATH, attributes, end);
        if (several < 0) {
            addHop(hops, message.number(RTA_OIF, attributes, end), buffer.getInt(body + 8), 0, attributes, end);
            return hops;
        }
        final int last = several + message.length(several);
        int hop = several;
        while (hop + NEXT_HOP_LENGTH <= last) {
            final int length = Math.max(NEXT_HOP_LENGTH, buffer.getShort(hop) & 0xffff);
            final int weight = buffer.getByte(hop + 3) & 0xff;
            addHop(hops, buffer.getInt(hop + 4), buffer.getByte(hop + 2), weight, hop + NEXT_HOP_LENGTH, hop + length);
            hop += Netlink.align(length);
        }
        return hops;
    }

    private void addHop(List<Hop> hops, int interfaceIndex, int flags, int weight, int attributes, int end) {
        if (interfaceIndex != 0 && (flags & RTNH_F_DEAD) == 0 && message.attribute(RTA_ENCAP, attributes, end) < 0) {
            hops.add(new Hop(
                    interfaceIndex,
                    message.address(RTA_GATEWAY, attributes, end),
                    gateway6(message.attribute(RTA_VIA, attributes, end)),
                    (flags & RTNH_F_ONLINK) != 0,
                    weight + 1,
                    message.number(RTA_FLOW, attributes, end)));
        }
    }

    /** {@code struct rtvia { u16 family; u8 addr[]; }} */
    private Inet6Address gateway6(int via) {
        if (via < 0 || buffer.getShort(via) != Libc.AF_INET6 || message.length(via) < Short.BYTES + IPV6_LENGTH) {
            return null;
        }
        final byte[] address = new byte[IPV6_LENGTH];
        buffer.getBytes(via + Short.BYTES, address);
        try {
            return Inet6Address.getByAddress(null, address, -1);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // 16 bytes are an address
        }
    }

    /** Adds a route of ours; {@code false} if somebody else's stands in its place. */
    public boolean add(Route route) {
        begin(RTM_NEWROUTE, Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, route.scope(), route);
        if (route.source() != 0) {
            message.putAddress(RTA_PREFSRC, route.source());
        }
        if (!route.attributes().isEmpty()) {
            final int nest = message.beginNest(RTA_METRICS);
            route.attributes().forEach(message::append);
            message.endNest(nest);
        }
        putHops(route);
        return unlessThere(() -> end("adding a route to table ", route));
    }

    /**
     * Deletes the route of ours that stands in the place of this one, whichever ways it has lost; none is no error.
     *
     * <p>The kernel takes metric 0 for any and deletes the smallest: where the route with metric 0 has vanished, the next one of the same
     * kind goes instead, and that is news. Naming the way would tell the two apart, but not find a route that has lost its first one.
     */
    public void delete(Route route) {
        begin(RTM_DELROUTE, 0, RT_SCOPE_NOWHERE, route);
        unlessGone(() -> end("deleting a route from table ", route));
    }

    private void begin(int type, int flags, int scope, Route route) {
        message.begin(type, Netlink.NLM_F_ACK | flags, Libc.AF_INET, BODY_LENGTH);
        message.putBody(1, route.prefixLength());
        message.putBody(3, route.tos());
        message.putBody(5, protocol);
        message.putBody(6, scope);
        message.putBody(7, route.kind().type);
        message.putInt(RTA_TABLE, route.table());
        message.putAddress(RTA_DST, route.network());
        putUnlessNone(RTA_PRIORITY, route.metric());
    }

    private void end(String what, Route route) {
        dialogue.request(what + Integer.toUnsignedString(route.table()), message.end());
    }

    private void putHops(Route route) {
        if (route.nextHopId() != 0) {
            message.putInt(RTA_NH_ID, route.nextHopId());
        } else if (route.hops().size() == 1) {
            final Hop hop = route.hops().get(0);
            message.putBodyInt(8, flags(hop));
            message.putInt(RTA_OIF, hop.interfaceIndex());
            putHop(hop);
        } else if (!route.hops().isEmpty()) {
            final int nest = message.beginNest(RTA_MULTIPATH);
            route.hops().forEach(this::putOneOfSeveral);
            message.endNest(nest);
        }
    }

    private void putOneOfSeveral(Hop hop) {
        final int start = message.beginNextHop(flags(hop), hop.weight(), hop.interfaceIndex());
        putHop(hop);
        message.endNest(start);
    }

    private static int flags(Hop hop) {
        return hop.isOnLink() ? RTNH_F_ONLINK : 0;
    }

    private void putHop(Hop hop) {
        if (hop.gateway() != 0) {
            message.putAddress(RTA_GATEWAY, hop.gateway());
        } else if (hop.gateway6() != null) {
            message.putVia(RTA_VIA, hop.gateway6());
        }
        putUnlessNone(RTA_FLOW, hop.realm());
    }

    private void putUnlessNone(int type, int value) {
        if (value != 0) {
            message.putInt(type, value);
        }
    }

    private static boolean unlessThere(Runnable addition) {
        try {
            addition.run();
            return true;
        } catch (LinuxException e) {
            if (e.errno() == LinuxErrno.EEXIST) {
                return false;
            }
            throw e;
        }
    }

    private static void unlessGone(Runnable deletion) {
        try {
            deletion.run();
        } catch (LinuxException e) {
            if (e.errno() != LinuxErrno.ENOENT && e.errno() != LinuxErrno.ESRCH) {
                throw e;
            }
        }
    }

    @Override
    public void close() {
        dialogue.close();
    }
}
