// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.linux.Route;
import org.markcast.linux.Route.Hop;
import org.markcast.linux.RouteNetlink;
import org.markcast.linux.RoutingTables;
import org.markcast.linux.RoutingTables.Rule;

/** Routes and routing rules as {@code ip} sees them. */
@NetworkNamespaceTest
class RoutingTablesTest {

    private static final int TABLE = (int) 4_000_000_000L;

    private RulesNetwork network;
    private RoutingTables routing;
    private int out;

    @BeforeEach
    void open() {
        network = new RulesNetwork();
        routing = network.call(() -> new RoutingTables(109));
        out = network.call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                return netlink.links().stream()
                        .filter(link -> link.name().equals("out"))
                        .findFirst()
                        .orElseThrow()
                        .index();
            }
        });
    }

    @AfterEach
    void close() {
        routing.close();
        network.close();
    }

    @Test
    void shouldAddAndDeleteRules() {
        final Rule rule = new Rule(20_000, 0x8100_0000, 0xff00_0000, TABLE);
        assertTrue(routing.add(rule));
        network.program("", "ip", "rule", "add", "pref", "7", "lookup", "9");
        assertEquals(
                "20000:\tfrom all fwmark 0x81000000/0xff000000 lookup 4000000000 proto 109",
                ip("rule", "show", "pref", "20000"));
        assertEquals(List.of(rule), routing.rules());
        assertFalse(routing.add(rule));

        routing.delete(rule);
        routing.delete(rule);

        assertEquals(List.of(), routing.rules());
        assertEquals("7:\tfrom all lookup 9", ip("rule", "show", "pref", "7"));
    }

    @Test
    void shouldAddAndDeleteRulesForASource() {
        final Rule rule = new Rule(20_001, 0, 0, 0xc000_0202, TABLE);
        routing.add(rule);
        assertEquals("20001:\tfrom 192.0.2.2 iif lo lookup 4000000000 proto 109", ip("rule", "show", "pref", "20001"));
        assertEquals(List.of(rule), routing.rules());

        routing.delete(new Rule(20_001, 0, 0, 0xc000_0203, TABLE));
        assertEquals(List.of(rule), routing.rules());
        routing.delete(rule);
        assertEquals(List.of(), routing.rules());
    }

    @Test
    void shouldReadEachNextHop() {
        network.program(
                "",
                "ip",
                "route",
                "add",
                "default",
                "metric",
                "9",
                "nexthop",
                "via",
                "10.1.0.7",
                "nexthop",
                "via",
                "192.0.2.1",
                "dev",
                "out",
                "onlink");
        assertTrue(routing.routesIn(RoutingTables.MAIN).stream()
                .map(Route::hops)
                .toList()
                .contains(List.of(
                        new Hop(out, 0x0a01_0007, null, false, 1, 0), new Hop(out, 0xc000_0201, null, true, 1, 0))));
    }

    @Test
    void shouldAddAndDeleteRoutes() {
        final List<Route> routes = List.of(
                route(TABLE, 0x0a01_0000, 16, 0, 0x0a01_0001, 0, false),
                route(TABLE, 0, 0, 0x0a01_0002, 0, 0, false),
                route(TABLE, 0xc000_0200, 24, 0xcb00_7101, 0, 7, true),
                Route.unreachable(TABLE));
        routes.forEach(route -> assertTrue(routing.add(route)));
        assertFalse(routing.add(routes.get(0)));
        network.program("", "ip", "route", "add", "198.51.100.0/24", "dev", "out", "table", "4000000000");

        assertEquals(
                List.of(
                        "10.1.0.0/16 dev out proto 109 scope link src 10.1.0.1",
                        "192.0.2.0/24 via 203.0.113.1 dev out proto 109 metric 7 onlink",
                        "198.51.100.0/24 dev out scope link",
                        "default via 10.1.0.2 dev out proto 109",
                        "unreachable default proto 109 metric 4294967295"),
                ip("route", "show", "table", "4000000000")
                        .lines()
                        .map(String::strip)
                        .sorted()
                        .toList());
        assertEquals(Set.copyOf(routes), Set.copyOf(routing.routes()));

        routes.forEach(routing::delete);
        routes.forEach(routing::delete);

        assertEquals(List.of(), routing.routes());
        assertEquals("198.51.100.0/24 dev out scope link", ip("route", "show", "table", "4000000000"));
    }

    @Test
    void shouldDeleteTheRouteWithMetricZeroAndNoOther() {
        final Route worse = route(TABLE, 0xc000_0200, 24, 0x0a01_0002, 0, 7, false);
        final Route better = route(TABLE, 0xc000_0200, 24, 0x0a01_0003, 0, 0, false);
        assertTrue(routing.add(worse));
        assertTrue(routing.add(better));

        routing.delete(better);

        assertEquals(List.of(worse), routing.routes());
    }

    @Test
    void shouldDeleteARouteThatHasLostAWay() {
        network.program("link add other type ifb\nlink set other up\n", "ip", "-batch", "-");
        network.program("route add 192.0.2.0/24 nexthop via 10.1.0.9 nexthop dev other\n", "ip", "-batch", "-");
        final Route both = routing.routesIn(RoutingTables.MAIN).stream()
                .filter(route -> route.hops().size() == 2)
                .findFirst()
                .orElseThrow();
        assertTrue(routing.add(both.in(TABLE)));
        network.program("", "ip", "link", "set", "out", "down");
        final List<Route> left = routing.routes();
        assertEquals(1, left.get(0).hops().size());

        left.forEach(routing::delete);

        assertEquals(List.of(), routing.routes());
    }

    @Test
    void shouldReadOthersRoutes() {
        network.program("", "ip", "route", "add", "192.0.2.0/24", "via", "10.1.0.9", "metric", "5");
        network.program("", "ip", "route", "add", "unreachable", "192.0.3.0/24");
        assertEquals(
                Set.of(
                        new Route(
                                RoutingTables.MAIN,
                                Route.Kind.UNREACHABLE,
                                0xc000_0300,
                                24,
                                0,
                                0,
                                0,
                                0,
                                0,
                                List.of(),
                                List.of()),
                        route(RoutingTables.MAIN, 0, 0, 0, 0, 0, false),
                        route(RoutingTables.MAIN, 0x0a01_0000, 16, 0, 0x0a01_0001, 0, false),
                        route(RoutingTables.MAIN, 0xc000_0200, 24, 0x0a01_0009, 0, 5, false)),
                Set.copyOf(routing.routesIn(RoutingTables.MAIN)));
        assertEquals(List.of(), routing.routesIn(4711));
    }

    /** The kernel gives up on a dump at a route that is longer than its first buffer, and says so where the dump ends. */
    @Test
    void shouldReadARouteThatIsLongerThanOtherMessages() {
        network.program("0", "tee", "/proc/sys/net/ipv6/conf/out/disable_ipv6");
        final int hops = 126;
        final String objects = IntStream.rangeClosed(1, hops)
                .mapToObj(id -> "nexthop add id " + id + " via fe80::" + id + " dev out\n")
                .collect(Collectors.joining());
        final String group =
                IntStream.rangeClosed(1, hops).mapToObj(String::valueOf).collect(Collectors.joining("/"));
        network.program(
                objects + "nexthop add id 1000 group " + group + "\nroute replace default nhid 1000\n",
                "ip",
                "-batch",
                "-");

        final List<Route> routes = routing.routesIn(RoutingTables.MAIN);

        assertTrue(
                routes.stream().anyMatch(route -> route.hops().size() == hops),
                () -> routes.stream().map(Route::network).toList().toString());
        assertTrue(routes.stream().anyMatch(route -> route.network() == 0x0a01_0000));
    }

    /** Out of the one interface, unless the gateway is 0 through that. */
    private Route route(
            int table, int network, int prefixLength, int gateway, int source, int metric, boolean isOnLink) {
        return new Route(
                table,
                Route.Kind.UNICAST,
                network,
                prefixLength,
                0,
                metric,
                source,
                gateway == 0 ? 253 : 0,
                0,
                List.of(new Hop(out, gateway, null, isOnLink, 1, 0)),
                List.of());
    }

    private String ip(String... arguments) {
        final String[] command = new String[arguments.length + 1];
        command[0] = "ip";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return network.program("", command).strip();
    }
}
