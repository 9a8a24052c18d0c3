// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.markcast.config.Uplink;
import org.markcast.config.Uplinks;
import org.markcast.linux.Route;
import org.markcast.linux.RouteNetlink.Link;
import org.markcast.linux.RoutingTables;
import org.markcast.linux.RoutingTables.Rule;

class PinnedUplinksTest {

    private static final int MASK = 0xff00_0000;
    private static final int DSL = 0xc000_0202; // 192.0.2.2
    private static final int DSL_GATEWAY = 0xc000_0201;
    private static final int CABLE = 0xc633_6402; // 198.51.100.2
    private static final int LINK_LOCAL = 0xa9fe_0102; // 169.254.1.2
    private static final int LAN = 0x0a01_0001;

    private final FakeUplinkKernel kernel = new FakeUplinkKernel();
    private long nowNs;

    private PinnedUplinks open(Uplink... all) {
        return new PinnedUplinks(config(all), kernel, () -> nowNs);
    }

    private static Uplinks config(Uplink... all) {
        return new Uplinks(MASK, List.of("eth1"), List.of(), Duration.ofSeconds(60), List.of(all));
    }

    private static Uplink uplink(String name, String interfaceName) {
        return new Uplink(name, interfaceName, Optional.empty(), Optional.empty(), Optional.empty(), true);
    }

    private static Route defaultRoute(int table, int index, int gateway) {
        return Route.toAll(table, new Route.Hop(index, gateway, null, false, 1, 0), List.of());
    }

    /** The route to a network that an interface is in. */
    private static Route direct(int table, int network, int prefixLength, int index, int source) {
        final Route.Hop hop = new Route.Hop(index, 0, null, false, 1, 0);
        return new Route(
                table, Route.Kind.UNICAST, network, prefixLength, 0, 0, source, 253, 0, List.of(hop), List.of());
    }

    private static Rule sourceRule(int address, int table) {
        return new Rule(20_001, 0, 0, address, table);
    }

    private static Route unreachable(int table) {
        return Route.unreachable(table);
    }

    private static List<String> conditions(PinnedUplinks uplinks) {
        return uplinks.states().stream().map(UplinkState::condition).toList();
    }

    /** A turn of the control thread. */
    private static boolean turn(PinnedUplinks uplinks) {
        final boolean hasChanged = uplinks.refresh();
        uplinks.release();
        return hasChanged;
    }

    @Test
    void shouldReplaceWhatAnEarlierRunLeft() {
        kernel.up("ppp0", 3, true, DSL);
        kernel.up("eth2", 4, false, CABLE);
        kernel.rules.add(new Rule(20_000, 0x0900_0000, MASK, 20_009));
        kernel.routes.add(unreachable(20_009));
        kernel.main.add(direct(RoutingTables.MAIN, LAN & 0xffff_ff00, 24, 2, LAN));
        kernel.main.add(direct(RoutingTables.MAIN, CABLE & 0xffff_ff00, 24, 4, CABLE));

        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"), uplink("cable", "eth2"));

        assertEquals(
                Set.of(
                        new Rule(20_000, 0x0100_0000, MASK, 20_001),
                        new Rule(20_000, 0x0200_0000, MASK, 20_002),
                        sourceRule(DSL, 20_001)),
                kernel.rules);
        assertEquals(
                Set.of(
                        direct(20_001, LAN & 0xffff_ff00, 24, 2, LAN),
                        defaultRoute(20_001, 3, 0),
                        unreachable(20_001),
                        direct(20_002, LAN & 0xffff_ff00, 24, 2, LAN),
                        direct(20_002, CABLE & 0xffff_ff00, 24, 4, CABLE),
                        unreachable(20_002)),
                kernel.routes);
        assertEquals(List.of("up", "no gateway"), conditions(uplinks));

        uplinks.close();
        assertEquals(Set.of(), kernel.rules);
        assertEquals(Set.of(), kernel.routes);
        assertTrue(kernel.isClosed);
    }

    @Test
    void shouldTryAgainWhatFailed() {
        kernel.failure = LinuxFailure.of("adding a rule");
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        assertTrue(conditions(uplinks).get(0).contains("adding a rule"));
        assertTrue(uplinks.table().text().contains("ppp0"));

        turn(uplinks);
        assertEquals(0, kernel.rules.size());
        nowNs += 1_000_000_000;
        turn(uplinks);

        assertEquals(List.of("no interface"), conditions(uplinks));
        assertEquals(1, kernel.rules.size());
    }

    @Test
    void shouldLeaveAloneWhatOthersHave() {
        kernel.up("ppp0", 3, true, DSL);
        kernel.up("ppp1", 4, true, CABLE);
        kernel.foreign.add(defaultRoute(20_001, 3, 0));
        kernel.foreignRules.add(sourceRule(CABLE, 20_002));
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"), uplink("cable", "ppp1"));
        assertEquals(Optional.empty(), uplinks.problem());
        assertEquals(
                List.of(
                        "somebody else's route to 0.0.0.0/0 stands in routing table 20001",
                        "somebody else has the same routing rule 20001 to table 20002"),
                conditions(uplinks));
        assertEquals(Set.of(unreachable(20_001), defaultRoute(20_002, 4, 0), unreachable(20_002)), kernel.routes);

        kernel.foreign.clear();
        kernel.foreignRules.clear();
        nowNs += 1_000_000_000;
        turn(uplinks);
        assertEquals(List.of("up", "up"), conditions(uplinks));
        assertTrue(kernel.routes.contains(defaultRoute(20_001, 3, 0)));
        assertTrue(kernel.rules.contains(sourceRule(CABLE, 20_002)));
    }

    @Test
    void shouldKeepTheTroubleOfOneFromTheOthers() {
        kernel.up("ppp0", 3, true, DSL);
        kernel.up("ppp1", 4, true, CABLE);
        kernel.impossible.add(defaultRoute(20_001, 3, 0));
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"), uplink("cable", "ppp1"));
        assertTrue(conditions(uplinks).get(0).contains("adding a route"), conditions(uplinks)::toString);
        assertEquals("up", conditions(uplinks).get(1));
        assertEquals(4, kernel.rules.size());
        assertEquals(Set.of(unreachable(20_001), defaultRoute(20_002, 4, 0), unreachable(20_002)), kernel.routes);

        kernel.impossible.clear();
        turn(uplinks);
        assertEquals(3, kernel.routes.size());
        nowNs += 1_000_000_000;
        turn(uplinks);
        assertEquals(4, kernel.routes.size());
        assertEquals(List.of("up", "up"), conditions(uplinks));
    }

    @Test
    void shouldDoWithoutRoutesThatCannotBeCopied() {
        kernel.up("ppp0", 3, true, DSL);
        final Route copy = direct(20_001, LAN & 0xffff_ff00, 24, 2, LAN);
        kernel.main.add(copy.in(RoutingTables.MAIN));
        kernel.impossible.add(copy);
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        assertEquals(List.of("up, routes missing: 1"), conditions(uplinks));
        assertEquals(Set.of(defaultRoute(20_001, 3, 0), unreachable(20_001)), kernel.routes);

        kernel.impossible.clear();
        kernel.hasNews = false;
        nowNs += Duration.ofSeconds(9).toNanos();
        turn(uplinks);
        assertFalse(kernel.routes.contains(copy));
        nowNs += Duration.ofSeconds(1).toNanos();
        turn(uplinks);
        assertTrue(kernel.routes.contains(copy));
        assertEquals(List.of("up"), conditions(uplinks));
    }

    @Test
    void shouldLookOnceAtABurstOfNews() {
        kernel.up("ppp0", 3, true, DSL);
        kernel.whileReading = () -> nowNs += Duration.ofMillis(26).toNanos();
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        kernel.looks = 0;
        for (int i = 0; i < 250; i++) {
            nowNs += Duration.ofMillis(1).toNanos();
            kernel.hasNews = true;
            turn(uplinks);
        }
        assertEquals(0, kernel.looks);
        nowNs += Duration.ofMillis(10).toNanos();
        turn(uplinks);
        assertEquals(1, kernel.looks);
    }

    @Test
    void shouldTakeOtherUplinksOutOfRoutesWithSeveralHops() {
        kernel.up("ppp0", 3, true, DSL);
        kernel.up("ppp1", 4, true, CABLE);
        final Route.Hop lan = new Route.Hop(2, LAN + 1, null, false, 3, 0);
        final Route.Hop cable = new Route.Hop(4, 0, null, false, 2, 0);
        kernel.main.add(route(RoutingTables.MAIN, 0x0a02_0000, 9, lan, cable));
        kernel.main.add(route(RoutingTables.MAIN, 0x0a03_0000, 9, cable));
        open(uplink("dsl", "ppp0"), uplink("cable", "ppp1"));
        assertEquals(
                Set.of(
                        route(20_001, 0x0a02_0000, 0, lan),
                        defaultRoute(20_001, 3, 0),
                        unreachable(20_001),
                        route(20_002, 0x0a02_0000, 9, lan, cable),
                        route(20_002, 0x0a03_0000, 9, cable),
                        defaultRoute(20_002, 4, 0),
                        unreachable(20_002)),
                kernel.routes);
    }

    private static Route route(int table, int network, int nextHopId, Route.Hop... hops) {
        return new Route(table, Route.Kind.UNICAST, network, 16, 0, 0, 0, 0, nextHopId, List.of(hops), List.of());
    }

    @Test
    void shouldGiveTheDefaultRouteTheAttributesOfTheMainTables() {
        kernel.up("eth2", 4, false, DSL);
        final Route.Hop hop = new Route.Hop(4, DSL_GATEWAY, null, false, 1, 0);
        kernel.main.add(Route.toAll(RoutingTables.MAIN, hop, List.of(0x0002_0008, 1400)));
        final PinnedUplinks uplinks = open(uplink("dsl", "eth2"));
        final Set<Route> wanted = Set.of(Route.toAll(20_001, hop, List.of(0x0002_0008, 1400)), unreachable(20_001));
        assertEquals(wanted, kernel.routes);
        kernel.main.clear();
        kernel.hasNews = true;
        turn(uplinks);
        assertEquals(wanted, kernel.routes);
    }

    @Test
    void shouldReleaseNothingWhenTheAddressComesBack() {
        kernel.up("ppp0", 3, true, DSL);
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        kernel.gone("ppp0");
        assertTrue(turn(uplinks));
        nowNs += Duration.ofSeconds(59).toNanos();
        assertFalse(turn(uplinks));
        kernel.up("ppp0", 7, true, DSL);
        assertTrue(turn(uplinks));
        nowNs += Duration.ofSeconds(60).toNanos();
        turn(uplinks);
        assertEquals(List.of(), kernel.released);
        assertTrue(kernel.routes.contains(defaultRoute(20_001, 7, 0)));
    }

    @Test
    void shouldReleaseConnectionsOfAnAddressThatIsGone() {
        kernel.up("ppp0", 3, true, DSL);
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        kernel.gone("ppp0");
        turn(uplinks);
        assertEquals(List.of(), kernel.released);
        kernel.up("ppp0", 7, true, DSL + 5);
        turn(uplinks);
        kernel.up("ppp0", 7, true, DSL + 5, DSL + 6);
        turn(uplinks);
        kernel.up("ppp0", 7, true, DSL + 6);
        turn(uplinks);
        assertEquals(List.of("1000000 [192.0.2.2]", "1000000 [192.0.2.7]"), kernel.released);
    }

    @Test
    void shouldReleaseOnceWhatHasWaitedTooLong() {
        kernel.up("ppp0", 3, true, DSL);
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        kernel.gone("ppp0");
        turn(uplinks);
        nowNs += Duration.ofSeconds(60).toNanos();
        turn(uplinks);
        turn(uplinks);
        assertEquals(List.of("1000000 all"), kernel.released);
        kernel.up("ppp0", 7, true, DSL + 5);
        turn(uplinks);
        assertEquals(List.of("1000000 all"), kernel.released);
    }

    @Test
    void shouldGoOnWhenConnectionsCannotBeReleased() {
        kernel.up("ppp0", 3, true, DSL);
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        kernel.up("ppp0", 3, true, DSL + 1);
        uplinks.refresh();
        kernel.failure = LinuxFailure.of("forgetting");
        uplinks.release();
        turn(uplinks);
        assertEquals(List.of(), kernel.released);
        assertEquals(Optional.empty(), uplinks.problem());
    }

    @Test
    void shouldKeepTheGatewayThatItKnew() {
        kernel.up("eth2", 4, false, DSL);
        kernel.main.add(defaultRoute(RoutingTables.MAIN, 4, DSL_GATEWAY));
        final PinnedUplinks uplinks = open(uplink("dsl", "eth2"));
        kernel.main.clear();
        kernel.gone("eth2");
        turn(uplinks);
        kernel.up("eth2", 9, false, DSL + 3);
        turn(uplinks);
        assertEquals(OptionalInt.of(DSL_GATEWAY), uplinks.states().get(0).gateway());
        kernel.gone("eth2");
        turn(uplinks);
        kernel.up("eth2", 9, false, CABLE);
        turn(uplinks);
        assertEquals("no gateway", uplinks.states().get(0).condition());
    }

    /** While the old rules are in place they would give the marks back to whoever sends. */
    @Test
    void shouldReleaseMarksWhenTheNewRulesAreInPlace() {
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"), uplink("cable", "eth2"));
        uplinks.configure(config(uplink("cable", "eth2")));
        assertEquals(List.of(), kernel.released);
        assertEquals(Set.of(new Rule(20_000, 0x0200_0000, MASK, 20_002)), kernel.rules);
        uplinks.release();
        assertEquals(List.of("1000000 disowned"), kernel.released);
        uplinks.configure(config(uplink("modem", "eth2")));
        uplinks.release();
        assertEquals(List.of("1000000 disowned"), kernel.released);
        uplinks.configure(config(uplink("modem", "eth3")));
        assertEquals(List.of("1000000 disowned"), kernel.released);
        uplinks.release();
        uplinks.release();
        assertEquals(List.of("1000000 disowned", "2000000 all"), kernel.released);
        uplinks.abandon();
        assertEquals(List.of("1000000 disowned", "2000000 all", "2000000 disowned"), kernel.released);
        assertTrue(kernel.isClosed);
    }

    @Test
    void shouldReleaseByWhatIsThereInTheEnd() {
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"), uplink("cable", "eth2"), uplink("lte", "wwan0"));
        uplinks.configure(config(uplink("dsl", "ppp0")));
        uplinks.configure(config(uplink("dsl", "ppp0"), uplink("fibre", "eth3"), uplink("lte", "wwan0")));
        uplinks.configure(config(uplink("fibre", "eth3"), uplink("lte", "wwan0")));
        uplinks.release();
        assertEquals(List.of("1000000 disowned", "2000000 all"), kernel.released);
    }

    @Test
    void shouldReleaseAllMarksWhenAbandoned() {
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"), uplink("cable", "eth2"));
        uplinks.configure(config(uplink("cable", "eth3")));
        uplinks.abandon();
        uplinks.abandon();
        assertEquals(List.of("1000000 disowned", "2000000 disowned"), kernel.released);
    }

    @Test
    void shouldFollowAnInterfaceToItsNewName() {
        kernel.up("ppp0", 3, true, DSL);
        kernel.up("eth2", 4, true, CABLE);
        final PinnedUplinks uplinks = open(uplink("cable", "eth2"), uplink("dsl", "ppp0"));
        kernel.links.remove("ppp0");
        kernel.hasNews = true;
        turn(uplinks);
        kernel.up("wan0", 3, true, DSL);
        turn(uplinks);
        uplinks.configure(config(uplink("line", "wan0"), uplink("cable", "eth2")));
        turn(uplinks);
        assertEquals(List.of(), kernel.released);
        assertTrue(kernel.rules.contains(new Rule(20_000, 0x0200_0000, MASK, 20_002)));
        assertTrue(kernel.routes.contains(defaultRoute(20_002, 3, 0)));
        assertEquals(List.of("up", "up"), conditions(uplinks));
        assertEquals("line", uplinks.states().get(0).numbered().uplink().name());
    }

    @Test
    void shouldLeadOwnSourcesToTheirUplink() {
        kernel.up("ppp0", 3, true, DSL, DSL + 1, LINK_LOCAL);
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        assertEquals(
                Set.of(
                        new Rule(20_000, 0x0100_0000, MASK, 20_001),
                        sourceRule(DSL, 20_001),
                        sourceRule(DSL + 1, 20_001)),
                kernel.rules);
        kernel.up("ppp0", 3, true, DSL + 1);
        turn(uplinks);
        assertEquals(Set.of(new Rule(20_000, 0x0100_0000, MASK, 20_001), sourceRule(DSL + 1, 20_001)), kernel.rules);
    }

    @Test
    void shouldTakeTheAddressThatTheGatewayIsANeighbourOf() {
        kernel.up("eth2", 4, false, LINK_LOCAL, CABLE, DSL);
        kernel.main.add(defaultRoute(RoutingTables.MAIN, 4, DSL_GATEWAY));
        final PinnedUplinks uplinks = open(uplink("dsl", "eth2"));
        assertEquals(OptionalInt.of(DSL), uplinks.states().get(0).address());
        assertTrue(
                uplinks.table().text().contains("snat to oifname map { \"eth2\" : 192.0.2.2 }"),
                uplinks.table().text());
        assertFalse(uplinks.table().text().contains("169.254"), uplinks.table().text());
    }

    @Test
    void shouldRemoveWhatItCanWhenItCloses() {
        kernel.up("ppp0", 3, true, DSL);
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        kernel.undeletable = LinuxFailure.of("deleting a rule");
        uplinks.close();
        assertEquals(Set.of(), kernel.routes);
        assertTrue(kernel.isClosed);
    }

    @Test
    void shouldForgetTheGatewayOfAnotherNetwork() {
        kernel.up("eth2", 4, false, DSL);
        kernel.main.add(defaultRoute(RoutingTables.MAIN, 4, DSL_GATEWAY));
        final PinnedUplinks uplinks = open(uplink("dsl", "eth2"));
        kernel.main.clear();
        kernel.up("eth2", 4, false, CABLE);
        turn(uplinks);
        assertEquals("no gateway", uplinks.states().get(0).condition());
        assertEquals(Set.of(unreachable(20_001)), kernel.routes);
    }

    @Test
    void shouldKeepAGatewayOutsideOfAllNetworksWhileTheAddressStays() {
        kernel.up("eth2", 4, false, CABLE);
        kernel.main.add(defaultRoute(RoutingTables.MAIN, 4, DSL_GATEWAY));
        final PinnedUplinks uplinks = open(uplink("cable", "eth2"));
        kernel.main.clear();
        kernel.hasNews = true;
        turn(uplinks);
        assertEquals("up", uplinks.states().get(0).condition());
    }

    @Test
    void shouldPinNothingWhileTheGatewayIsNotKnown() {
        kernel.up("eth2", 4, false, CABLE);
        final PinnedUplinks uplinks = open(uplink("cable", "eth2"));
        assertFalse(
                uplinks.table().text().contains("vmap { \"eth2\""),
                uplinks.table().text());
        kernel.main.add(defaultRoute(RoutingTables.MAIN, 4, CABLE - 1));
        kernel.hasNews = true;
        assertTrue(turn(uplinks));
        assertTrue(
                uplinks.table().text().contains("vmap { \"eth2\""),
                uplinks.table().text());
    }

    @Test
    void shouldGoOnReleasingWhileAnUplinkStaysAway() {
        kernel.up("ppp0", 3, true, DSL);
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        kernel.links.put("ppp0", new Link(3, "ppp0", true, false, false, true, false, 0, 1500));
        kernel.hasNews = true;
        turn(uplinks);
        assertFalse(uplinks.table().text().contains("drop"), uplinks.table().text());
        nowNs += Duration.ofSeconds(60).toNanos();
        assertTrue(turn(uplinks));
        assertTrue(
                uplinks.table().text().contains("oifname vmap { \"ppp0\" : drop }"),
                uplinks.table().text());
        nowNs += Duration.ofSeconds(5).toNanos();
        assertFalse(turn(uplinks));
        assertEquals(List.of("1000000 all", "1000000 all"), kernel.released);
        kernel.up("ppp0", 3, true, DSL);
        assertTrue(turn(uplinks));
        assertFalse(uplinks.table().text().contains("drop"), uplinks.table().text());
    }

    @Test
    void shouldRememberTheAddressWhenReloadedWhileItIsDown() {
        kernel.up("ppp0", 3, true, DSL);
        final PinnedUplinks uplinks = open(uplink("dsl", "ppp0"));
        kernel.gone("ppp0");
        turn(uplinks);
        uplinks.configure(
                config(new Uplink("dsl", "ppp0", Optional.empty(), Optional.of(77), Optional.empty(), false)));
        kernel.up("ppp0", 7, true, DSL + 5);
        turn(uplinks);
        assertEquals(List.of("1000000 [192.0.2.2]"), kernel.released);
    }

    @Test
    void shouldNotCopyHalvesOfEverything() {
        kernel.up("ppp0", 3, true, DSL);
        kernel.main.add(direct(RoutingTables.MAIN, 0x8000_0000, 1, 2, 0));
        open(uplink("dsl", "ppp0"));
        assertEquals(Set.of(defaultRoute(20_001, 3, 0), unreachable(20_001)), kernel.routes);
    }
}
