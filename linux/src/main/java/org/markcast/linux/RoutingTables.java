// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

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
    private static final int RTA_MULTIPATH = 9;
    private static final int RTA_TABLE = 15;
    private static final int RTA_VIA = 18;
    private static final int RTA_ENCAP = 22;
    private static final int RTN_UNICAST = 1;
    private static final int RTN_UNREACHABLE = 7;
    private static final int RTNH_F_ONLINK = 4;
    private static final int RT_SCOPE_UNIVERSE = 0;
    private static final int RT_SCOPE_LINK = 253;
    private static final int RT_SCOPE_NOWHERE = 255;

    private static final int FRA_SRC = 2;
    private static final int FRA_IIFNAME = 3;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_FWMARK = 10;
    private static final int FRA_TABLE = 15;
    private static final int FRA_FWMASK = 16;
    private static final int FRA_PROTOCOL = 21;
    private static final int FR_ACT_TO_TBL = 1;
    private static final String THIS_MACHINE = "lo";
    private static final int NEXT_HOP_LENGTH = 8;

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

    /**
     * Where packets to a network go. Addresses are in host order, 0 is none.
     *
     * @param interfaceIndex 0: nowhere, the sender is told that the network is unreachable
     * @param source address that packets of this machine's own get
     * @param metric of routes to the same network the one with the smallest counts
     * @param isOnLink whether the gateway need not lie in a network of the interface
     */
    public record Route(
            int table,
            int network,
            int prefixLength,
            int interfaceIndex,
            int gateway,
            int source,
            int metric,
            boolean isOnLink) {}

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
        final int owner = attribute(FRA_PROTOCOL, attributes, end);
        if (owner < 0 || (buffer.getByte(owner) & 0xff) != protocol) {
            return null;
        }
        return new Rule(
                number(FRA_PRIORITY, attributes, end),
                number(FRA_FWMARK, attributes, end),
                number(FRA_FWMASK, attributes, end),
                address(FRA_SRC, attributes, end),
                number(FRA_TABLE, attributes, end));
    }

    /** Adds a rule of ours. */
    public void add(Rule rule) {
        change("adding the routing rule ", RTM_NEWRULE, Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, rule);
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
     * Everybody's routes to somewhere in one table. A default route with several next hops is one for each of them; other routes with
     * several, and those with a next hop of IPv6 or into tunnels are left out.
     */
    public List<Route> routesIn(int table) {
        try {
            return dialogue
                    .list("routes", () -> askForRoutes(table), RTM_NEWROUTE, (body, end) -> routesIn(table, body, end))
                    .stream()
                    .flatMap(List::stream)
                    .toList();
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

    private List<Route> routesIn(int table, int body, int end) {
        final Route route = route(body, end);
        if (buffer.getByte(body + 7) != RTN_UNICAST || route.table() != table) {
            return List.of();
        }
        final int hops = attribute(RTA_MULTIPATH, body + BODY_LENGTH, end);
        if (hops >= 0 && route.prefixLength() == 0) {
            return routesByEach(hops, hops + Netlink.attributeLength(buffer, hops), route);
        }
        return route.interfaceIndex() != 0 && isPlain(body + BODY_LENGTH, end) ? List.of(route) : List.of();
    }

    /** {@code struct rtnexthop { u16 len; u8 flags, hops; s32 ifindex; }} and attributes, as often as there are next hops. */
    private List<Route> routesByEach(int first, int end, Route route) {
        final List<Route> found = new ArrayList<>();
        int hop = first;
        while (hop + NEXT_HOP_LENGTH <= end) {
            final int length = Math.max(NEXT_HOP_LENGTH, buffer.getShort(hop) & 0xffff);
            final int attributes = hop + NEXT_HOP_LENGTH;
            if (isPlain(attributes, hop + length)) {
                found.add(new Route(
                        route.table(),
                        route.network(),
                        route.prefixLength(),
                        buffer.getInt(hop + 4),
                        address(RTA_GATEWAY, attributes, hop + length),
                        route.source(),
                        route.metric(),
                        (buffer.getByte(hop + 2) & RTNH_F_ONLINK) != 0));
            }
            hop += Netlink.align(length);
        }
        return found;
    }

    private boolean isPlain(int attributes, int end) {
        return attribute(RTA_VIA, attributes, end) < 0 && attribute(RTA_ENCAP, attributes, end) < 0;
    }

    private Route route(int body, int end) {
        final int attributes = body + BODY_LENGTH;
        return new Route(
                number(RTA_TABLE, attributes, end),
                address(RTA_DST, attributes, end),
                buffer.getByte(body + 1) & 0xff,
                number(RTA_OIF, attributes, end),
                address(RTA_GATEWAY, attributes, end),
                address(RTA_PREFSRC, attributes, end),
                number(RTA_PRIORITY, attributes, end),
                (buffer.getInt(body + 8) & RTNH_F_ONLINK) != 0);
    }

    /** Adds a route of ours; {@code false} if somebody else's stands in its place. */
    public boolean add(Route route) {
        try {
            change("adding a route to table ", RTM_NEWROUTE, Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL, route);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == LinuxErrno.EEXIST) {
                return false;
            }
            throw e;
        }
    }

    /** Deletes a route of ours; one that is not there is no error. */
    public void delete(Route route) {
        unlessGone(() -> change("deleting a route from table ", RTM_DELROUTE, 0, route));
    }

    private void change(String what, int type, int flags, Route route) {
        message.begin(type, Netlink.NLM_F_ACK | flags, Libc.AF_INET, BODY_LENGTH);
        message.putBody(1, route.prefixLength());
        message.putBody(5, protocol);
        message.putBody(6, type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : scope(route));
        message.putBody(7, route.interfaceIndex() == 0 ? RTN_UNREACHABLE : RTN_UNICAST);
        message.putBodyInt(8, route.isOnLink() ? RTNH_F_ONLINK : 0);
        message.putInt(RTA_TABLE, route.table());
        message.putAddress(RTA_DST, route.network());
        putUnlessNone(RTA_OIF, route.interfaceIndex());
        if (route.gateway() != 0) {
            message.putAddress(RTA_GATEWAY, route.gateway());
        }
        if (route.source() != 0) {
            message.putAddress(RTA_PREFSRC, route.source());
        }
        putUnlessNone(RTA_PRIORITY, route.metric());
        dialogue.request(what + Integer.toUnsignedString(route.table()), message.end());
    }

    private static int scope(Route route) {
        return route.interfaceIndex() == 0 || route.gateway() != 0 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    }

    private void putUnlessNone(int type, int value) {
        if (value != 0) {
            message.putInt(type, value);
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

    private int attribute(int type, int first, int end) {
        return Netlink.attribute(buffer, type, first, end);
    }

    private int number(int type, int first, int end) {
        final int data = attribute(type, first, end);
        return data < 0 ? 0 : buffer.getInt(data);
    }

    private int address(int type, int first, int end) {
        final int data = attribute(type, first, end);
        return data < 0 ? 0 : buffer.getInt(data, ByteOrder.BIG_ENDIAN);
    }

    @Override
    public void close() {
        dialogue.close();
    }
}
