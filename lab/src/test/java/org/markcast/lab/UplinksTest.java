// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.lab.UplinkNetwork.ALICE;
import static org.markcast.lab.UplinkNetwork.BOTH;
import static org.markcast.lab.UplinkNetwork.CABLE_ADDRESS;
import static org.markcast.lab.UplinkNetwork.CABLE_GATEWAY;
import static org.markcast.lab.UplinkNetwork.DSL_ADDRESS;
import static org.markcast.lab.UplinkNetwork.DSL_GATEWAY;
import static org.markcast.lab.UplinkNetwork.SERVER;

import java.io.IOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.lab.UplinkNetwork.Session;
import org.markcast.linux.ConntrackSocket;

/** Connections stay on the uplink that they began on, with real connection tracking, routing and TCP. */
@NetworkNamespaceTest
class UplinksTest {

    private static final int TIMEOUT_MS = 20_000;

    private static final String LTE = "lte { interface = lte\ngateway = 198.18.0.1\nmasquerade = yes }";

    private UplinkNetwork network;

    @BeforeEach
    void build() {
        network = new UplinkNetwork();
        network.defaultRoute("dsl");
    }

    @AfterEach
    void close() {
        network.close();
    }

    private ServerSocket server() {
        return network.listen(network.outside(), 8080);
    }

    private void startWithBoth() {
        network.start(BOTH);
        network.awaitState("dsl", "up");
        network.awaitState("cable", "up");
    }

    @Test
    void shouldKeepASessionWhenTheDefaultRouteChanges() throws IOException {
        startWithBoth();
        final ServerSocket server = server();
        final Session session = network.connectAlice(server);
        session.exchange("before");
        assertEquals(DSL_ADDRESS, session.clientAddress());

        network.defaultRoute("cable");

        session.exchange("after");
        final Session later = network.connectAlice(server);
        later.exchange("by the other one");
        assertEquals(CABLE_ADDRESS, later.clientAddress());
        network.defaultRoute("dsl");
        later.exchange("still");
        assertEquals(1, network.uplink("dsl").get("connections").getAsInt());
        assertEquals(1, network.uplink("cable").get("connections").getAsInt());
    }

    /** What the test above sees without the service. */
    @Test
    void shouldLoseTheSessionWithoutPinning() throws IOException {
        network.masqueradeByHand();
        final ServerSocket server = server();
        final Session session = network.connectAlice(server);
        session.exchange("before");

        network.defaultRoute("cable");

        session.write("lost");
        network.connectAlice(server).exchange("by the other one");
        assertEquals(0, session.arrived());
    }

    @Test
    void shouldKeepASessionOfTheGatewayItself() throws IOException {
        startWithBoth();
        final Session session = network.connect(network.gateway().namespace(), null, SERVER, server());
        session.exchange("before");

        network.defaultRoute("cable");

        session.exchange("after");
        assertEquals(DSL_ADDRESS, session.clientAddress());
    }

    @Test
    void shouldLetTheGatewayChooseAnUplinkByItsAddress() throws IOException {
        startWithBoth();
        final ServerSocket server = server();
        for (final String address : List.of(DSL_ADDRESS, CABLE_ADDRESS)) {
            final Session session = network.connect(network.gateway().namespace(), address, SERVER, server);
            session.exchange("from " + address);
            assertEquals(address, session.clientAddress());
        }
        assertEquals(1, network.uplink("cable").get("connections").getAsInt());
    }

    @Test
    void shouldKeepASessionWhenItsUplinkFails() throws IOException {
        startWithBoth();
        final Session session = network.connectAlice(server());
        session.exchange("before");
        network.defaultRoute("cable");

        network.gateway().ip("link set dsl down");
        network.awaitState("dsl", "down");
        session.write("while it is down");
        network.gateway().ip("link set dsl up");

        session.awaitAtServer("while it is down");
        session.exchange("after");
        assertEquals(DSL_ADDRESS, session.clientAddress());
    }

    @Test
    void shouldKeepASessionWhenItsUplinkIsMadeAnew() throws IOException {
        startWithBoth();
        final Session session = network.connectAlice(server());
        session.exchange("before");
        network.defaultRoute("cable");

        network.gateway().ip("link del dsl");
        network.awaitState("dsl", "no interface");
        session.write("while it is gone");
        network.create("dsl", DSL_ADDRESS, DSL_GATEWAY);

        session.awaitAtServer("while it is gone");
        session.exchange("after");
        assertEquals(DSL_ADDRESS, session.clientAddress());
    }

    /** What the two tests above see without the service. */
    @Test
    void shouldLoseTheSessionWithItsUplinkWithoutPinning() throws IOException {
        network.masqueradeByHand();
        final ServerSocket server = server();
        final Session session = network.connectAlice(server);
        session.exchange("before");
        network.defaultRoute("cable");

        network.gateway().ip("link set dsl down", "link set dsl up");

        session.write("lost");
        network.connectAlice(server).exchange("by the other one");
        assertEquals(0, session.arrived());
    }

    @Test
    void shouldReleaseConnectionsWhoseAddressIsGone() throws IOException {
        startWithBoth();
        final ServerSocket server = server();
        network.connectAlice(server).exchange("before");
        network.defaultRoute("cable");
        final Session other = network.connectAlice(server);
        other.exchange("by cable");

        network.gateway().ip("link del dsl");
        network.awaitState("dsl", "no interface");
        assertEquals(1, network.uplink("dsl").get("connections").getAsInt());
        network.create("dsl", "192.0.2.77", DSL_GATEWAY);

        network.await("dsl", "release", uplink -> uplink.get("connections").getAsInt() == 0);
        network.awaitState("dsl", "up");
        other.exchange("untouched");
        network.defaultRoute("dsl");
        final Session later = network.connectAlice(server);
        later.exchange("with the new address");
        assertEquals("192.0.2.77", later.clientAddress());
    }

    @Test
    void shouldReleaseConnectionsWhenTheirUplinkStaysAway() throws IOException {
        network.start(with("linger = 1s"));
        network.awaitState("cable", "up");
        final ServerSocket server = server();
        final Session session = network.connectAlice(server);
        session.exchange("before");

        network.gateway().ip("link set dsl down");
        network.defaultRoute("cable");

        network.await("dsl", "release", uplink -> uplink.get("connections").getAsInt() == 0);
        assertEquals("down", network.uplink("dsl").get("state").getAsString());
        final Session later = network.connectAlice(server);
        later.exchange("by the other one");
        assertEquals(CABLE_ADDRESS, later.clientAddress());
    }

    @Test
    void shouldAnswerByTheUplinkThatAConnectionCameInBy() throws IOException {
        dnatToAlice();
        startWithBoth();
        final ServerSocket own = network.listen(network.gateway().namespace(), 8081);
        final ServerSocket alices = network.listen(network.alice().namespace(), 8082);

        for (final String route : List.of("dsl", "cable")) {
            network.defaultRoute(route);
            for (final String address : List.of(DSL_ADDRESS, CABLE_ADDRESS)) {
                network.connect(network.outside(), SERVER, address, own).exchange("to the gateway at " + address);
                network.connect(network.outside(), SERVER, address, alices).exchange("to alice at " + address);
            }
        }
    }

    @Test
    void shouldAnswerWithoutADefaultRoute() throws IOException {
        startWithBoth();
        final ServerSocket own = network.listen(network.gateway().namespace(), 8081);

        network.gateway().ip("route del default");

        for (final String address : List.of(DSL_ADDRESS, CABLE_ADDRESS)) {
            network.connect(network.outside(), SERVER, address, own).exchange("to the gateway at " + address);
        }
    }

    @Test
    void shouldTakeGatewaysFromADefaultRouteWithSeveral() throws IOException {
        network.gateway()
                .ip("route replace default nexthop via " + DSL_GATEWAY + " dev dsl nexthop via " + CABLE_GATEWAY
                        + " dev cable");
        network.start(
                "lan = eth1",
                "dsl { interface = dsl",
                "masquerade = yes }",
                "cable { interface = cable",
                "masquerade = yes }");
        network.awaitState("dsl", "up");
        network.awaitState("cable", "up");
        network.connectAlice(server()).exchange("by either");
    }

    /** What the test above sees without the service. */
    @Test
    void shouldAnswerByTheDefaultRouteWithoutPinning() throws IOException {
        dnatToAlice();
        final ServerSocket own = network.listen(network.gateway().namespace(), 8081);
        network.listen(network.alice().namespace(), 8082);
        network.connect(network.outside(), SERVER, DSL_ADDRESS, own).exchange("by the default route");
        for (final int port : new int[] {8081, 8082}) {
            network.outside().call(() -> {
                try (Socket socket = new Socket()) {
                    socket.bind(new InetSocketAddress(InetAddress.getByName(SERVER), 0));
                    assertThrows(
                            IOException.class, () -> socket.connect(new InetSocketAddress(CABLE_ADDRESS, port), 1_500));
                }
                return null;
            });
        }
    }

    private void dnatToAlice() {
        network.gateway()
                .nft("table ip forwarded {\n chain pre {\n type nat hook prerouting priority dstnat;\n"
                        + " iifname { \"dsl\", \"cable\" } tcp dport 8082 dnat to " + ALICE + "\n }\n}\n");
    }

    @Test
    void shouldTakeTheGatewayFromTheDefaultRoute() throws IOException {
        network.start(
                "lan = eth1",
                "networks = 10.1.0.0/16",
                "dsl { interface = dsl",
                "masquerade = yes }",
                "cable { interface = cable",
                "masquerade = yes }");
        network.awaitState("dsl", "up");
        network.awaitState("cable", "no gateway");
        assertEquals(DSL_GATEWAY, network.uplink("dsl").get("gateway").getAsString());
        final Session session = network.connectAlice(server());
        session.exchange("before");

        network.defaultRoute("cable");

        network.awaitState("cable", "up");
        network.gateway().ip("link set dsl down", "link set dsl up");
        network.awaitState("dsl", "up");
        session.exchange("after");
        assertEquals(DSL_ADDRESS, session.clientAddress());
    }

    /** The packet that it is about is pinned, and so is what this machine says of it. */
    @Test
    void shouldSendErrorsOfItsOwnBackToTheLan() throws IOException {
        startWithBoth();
        final Session session = network.connectAlice(server());
        session.exchange("before");
        network.gateway().nft("""
                table ip refuse {
                 chain forward {
                  type filter hook forward priority filter;
                  iifname "eth1" tcp dport 8080 reject with tcp reset
                 }
                }
                """);
        session.write("refused");
        assertThrows(SocketException.class, session::readAtClient);
    }

    @Test
    void shouldFollowRoutesOfTheMainTable() {
        startWithBoth();
        network.gateway().ip("route add 172.16.0.0/12 via 192.0.2.9 dev dsl");
        network.await("dsl", "follow", uplink -> routesOf(20_001).contains("172.16.0.0/12 via 192.0.2.9 dev dsl"));
        network.gateway().ip("route del 172.16.0.0/12");
        network.await("dsl", "follow", uplink -> !routesOf(20_001).contains("172.16.0.0/12"));
        assertEquals(
                List.of(
                        "10.1.0.0/16 dev eth1 proto 109 scope link src 10.1.0.1",
                        "192.0.2.0/24 dev dsl proto 109 scope link src " + DSL_ADDRESS,
                        "default via " + DSL_GATEWAY + " dev dsl proto 109",
                        "unreachable default proto 109 metric 4294967295"),
                routesOf(20_001).lines().map(String::strip).sorted().toList());
    }

    @Test
    void shouldCopyRoutesOfEveryKind() {
        UplinkNetwork.set(network.gateway().namespace(), "ipv6/conf/eth1/disable_ipv6", "0");
        network.gateway()
                .ip(
                        "route add blackhole 172.16.1.0/24 metric 7",
                        "route add unreachable 172.16.2.0/24",
                        "route add prohibit 172.16.3.0/24",
                        "route add throw 172.16.4.0/24",
                        "route add 172.16.5.0/24 via 10.1.0.7 mtu lock 1400 advmss 1360 congctl reno",
                        "route add 172.16.6.0/24 tos 0x10 via 10.1.0.7 src 10.1.0.1",
                        "route add 172.16.7.0/24 via 10.9.9.9 dev eth1 onlink",
                        "route add 172.16.8.0/24 nexthop via 10.1.0.7 weight 3 nexthop via 10.1.0.8 weight 2",
                        "route add 172.16.9.0/24 nexthop via 10.1.0.7 nexthop via " + CABLE_GATEWAY,
                        "route add 172.16.10.0/24 via inet6 fe80::1 dev eth1",
                        "route add 172.16.11.0/24 nexthop via inet6 fe80::1 dev eth1 nexthop via 10.1.0.7",
                        "nexthop add id 7 via 10.1.0.7 dev eth1",
                        "nexthop add id 8 via 10.1.0.8 dev eth1",
                        "nexthop add id 9 group 7,3/8",
                        "nexthop add id 10 via " + CABLE_GATEWAY + " dev cable",
                        "nexthop add id 11 group 7/10",
                        "nexthop add id 12 blackhole",
                        "route add 172.16.12.0/24 nhid 9 metric 5",
                        "route add 172.16.13.0/24 nhid 11",
                        "route add 172.16.14.0/24 nhid 12",
                        "route add 172.16.15.0/24 dev eth1 scope link realm 4",
                        "route replace default via " + DSL_GATEWAY + " dev dsl mtu 1400 advmss 1360");
        startWithBoth();
        assertEquals(
                Stream.of(
                                "10.1.0.0/16 dev eth1 scope link src 10.1.0.1",
                                "172.16.10.0/24 via inet6 fe80::1 dev eth1",
                                "172.16.11.0/24 nexthop via inet6 fe80::1 dev eth1 weight 1 nexthop via 10.1.0.7 dev eth1"
                                        + " weight 1",
                                "172.16.12.0/24 nhid 9 metric 5 nexthop via 10.1.0.7 dev eth1 weight 3 nexthop via"
                                        + " 10.1.0.8 dev eth1 weight 1",
                                "172.16.13.0/24 via 10.1.0.7 dev eth1",
                                "blackhole 172.16.14.0/24",
                                "172.16.15.0/24 dev eth1 scope link realm 4",
                                "172.16.5.0/24 via 10.1.0.7 dev eth1 mtu lock 1400 advmss 1360 congctl reno",
                                "172.16.6.0/24 tos 0x10 via 10.1.0.7 dev eth1 src 10.1.0.1",
                                "172.16.7.0/24 via 10.9.9.9 dev eth1 onlink",
                                "172.16.8.0/24 nexthop via 10.1.0.7 dev eth1 weight 3 nexthop via 10.1.0.8 dev eth1"
                                        + " weight 2",
                                "172.16.9.0/24 via 10.1.0.7 dev eth1",
                                "192.0.2.0/24 dev dsl scope link src 192.0.2.2",
                                "blackhole 172.16.1.0/24 metric 7",
                                "default via 192.0.2.1 dev dsl mtu 1400 advmss 1360",
                                "prohibit 172.16.3.0/24",
                                "throw 172.16.4.0/24",
                                "unreachable 172.16.2.0/24",
                                "unreachable default metric 4294967295")
                        .sorted()
                        .toList(),
                copies());

        network.gateway().ip("nexthop del id 11", "nexthop del id 9");

        network.await(
                "dsl",
                "follow next hops",
                uplink -> copies().stream()
                        .noneMatch(route -> route.contains("172.16.12.0/24") || route.contains("172.16.13.0/24")));
        assertEquals(17, copies().size());
    }

    /** The routes of the first uplink's table, each in one line, without our protocol number. */
    private List<String> copies() {
        return network.gateway()
                .run("ip", "-oneline", "route", "show", "table", "20001")
                .lines()
                .map(line -> line.replace("proto 109", "")
                        .replaceAll("[\\s\\\\]+", " ")
                        .strip())
                .sorted()
                .toList();
    }

    @Test
    void shouldLeaveAloneWhatOthersHaveInItsPlace() throws IOException {
        network.gateway()
                .ip(
                        "route add default via " + CABLE_GATEWAY + " dev cable table 20001",
                        "rule add pref 20000 fwmark 0x2000000/0xff000000 lookup 20002");
        final String before = network.traces();
        network.start(BOTH);
        final String trouble = "somebody else's route to 0.0.0.0/0 stands in routing table 20001";
        network.awaitState("dsl", trouble);
        network.awaitState("cable", "up");
        assertEquals(
                1,
                network.service()
                        .log()
                        .lines()
                        .filter(line -> line.contains(trouble))
                        .count());
        final ServerSocket own = network.listen(network.gateway().namespace(), 8081);
        network.connect(network.outside(), SERVER, CABLE_ADDRESS, own).exchange("by the other one");

        assertEquals(0, network.service().stop(), network.service().log());
        assertEquals(before, network.traces());

        network.startAgain();
        network.gateway().ip("route del default table 20001");
        network.awaitState("dsl", "up");
        network.connectAlice(server()).exchange("by dsl");
    }

    @Test
    void shouldKeepSessionsWhenUplinksAreRenamedAndMoved() throws IOException {
        startWithBoth();
        final ServerSocket server = server();
        final Session byDsl = network.connectAlice(server);
        byDsl.exchange("before");
        network.defaultRoute("cable");
        final Session byCable = network.connectAlice(server);
        byCable.exchange("before");

        network.service()
                .reload(UplinkNetwork.config(
                        "lan = eth1",
                        "dsl { interface = cable",
                        "gateway = " + CABLE_GATEWAY,
                        "masquerade = yes }",
                        "new { interface = nowhere }",
                        "line { interface = dsl",
                        "gateway = " + DSL_GATEWAY,
                        "masquerade = yes }"));

        network.awaitState("line", "up");
        byDsl.exchange("after");
        byCable.exchange("after");
        network.defaultRoute("dsl");
        byDsl.exchange("after the default route");
        byCable.exchange("after the default route");
        for (final String name : List.of("line", "dsl")) {
            assertEquals(1, network.uplink(name).get("connections").getAsInt(), name);
        }
        assertEquals("0x01000000/0xff000000", network.uplink("line").get("mark").getAsString());
        assertEquals(20_001, network.uplink("line").get("table").getAsInt());
    }

    @Test
    void shouldKeepASessionWhenTheInterfaceIsRenamed() throws IOException {
        startWithBoth();
        final Session session = network.connectAlice(server());
        session.exchange("before");
        network.defaultRoute("cable");
        network.gateway().ip("link set dsl down", "link set dsl name wan0", "link set wan0 up");
        network.awaitState("dsl", "no interface");

        network.service()
                .reload(UplinkNetwork.config(
                        "lan = eth1",
                        "cable { interface = cable",
                        "gateway = " + CABLE_GATEWAY,
                        "masquerade = yes }",
                        "line { interface = wan0",
                        "gateway = " + DSL_GATEWAY,
                        "masquerade = yes }"));

        network.awaitState("line", "up");
        session.exchange("after");
        assertEquals(1, network.uplink("line").get("connections").getAsInt());
    }

    private String routesOf(int table) {
        return network.gateway().run("ip", "route", "show", "table", Integer.toString(table));
    }

    @Test
    void shouldRestoreWhatOthersRemove() {
        startWithBoth();
        final String before = network.traces();
        network.gateway().ip("rule del fwmark 0x1000000/0xff000000 lookup 20001", "route flush table 20001");
        network.await("dsl", "come back", uplink -> network.traces().equals(before));
    }

    @Test
    void shouldLeaveNothingBehind() throws IOException {
        network.gateway().ip("route add 10.99.0.0/16 dev eth1 table 201");
        final String before = network.traces();
        network.start(with("# nothing else"));
        network.awaitState("dsl", "up");
        assertFalse(network.traces().equals(before));

        assertEquals(0, network.service().stop(), network.service().log());

        assertEquals(before, network.traces());
    }

    @Test
    void shouldTakeOverWhatACrashLeft() throws IOException {
        startWithBoth();
        final String running = network.traces();
        final Session session = network.connectAlice(server());
        session.exchange("before");

        network.service().kill();
        network.defaultRoute("cable");
        network.gateway().ip("rule add pref 20000 fwmark 0x9000000/0xff000000 lookup 20009 protocol 109");
        network.startAgain();

        network.awaitState("dsl", "up");
        session.exchange("after");
        network.defaultRoute("dsl");
        assertEquals(running, network.traces());
    }

    @Test
    void shouldRemoveExactlyTheSectionWhenReloaded() throws IOException {
        network.start();
        final String before = network.traces();
        network.service().reload(UplinkNetwork.config(BOTH));
        network.awaitState("dsl", "up");
        final Session session = network.connectAlice(server());
        session.exchange("before");

        final ServiceConfig without = UplinkNetwork.config("lan = eth1", "cable { interface = cable", "table = 77 }");
        network.service().reload(without);
        network.awaitState("cable", "no gateway");
        assertTrue(network.traces().contains("lookup 77"), network.traces());
        assertFalse(network.traces().contains("lookup 20001"), network.traces());

        network.service().reload(UplinkNetwork.config());
        assertEquals(before, network.traces());
        network.service().kill();
        network.gateway().ip("rule add pref 20000 fwmark 0x9000000/0xff000000 lookup 20009 protocol 109");
        network.startAgain();
        assertEquals(before, network.traces());
    }

    /** Its packets meet the old rules until the new ones are in place. */
    @Test
    void shouldPinABusyConnectionAnewWhenItsLineIsReplaced() throws IOException {
        network.masqueradeByHand();
        network.create("lte", "198.18.0.2", "198.18.0.1");
        network.defaultRoute("cable");
        startWithBoth();
        try (Flow flow = new Flow(SERVER, network.alice());
                DatagramSocket server = network.outside().call(() -> new DatagramSocket(Flow.PORT))) {
            awaitArrival(server, CABLE_ADDRESS, flow.sent());
            assertEquals(1, connections(0x0200_0000, 0xff00_0000));

            network.service().reload(UplinkNetwork.config(replaced(LTE)));

            assertEquals(
                    "0x02000000/0xff000000", network.uplink("lte").get("mark").getAsString());
            awaitArrival(server, CABLE_ADDRESS, flow.sent());
            assertEquals(0, connections(0x0200_0000, 0xff00_0000));
        }
    }

    @Test
    void shouldTakeTheMarksOffBusyConnectionsWhenTheirUplinkIsRemoved() throws IOException {
        network.create("lte", "198.18.0.2", "198.18.0.1");
        network.defaultRoute("cable");
        startWithBoth();
        try (Flow flow = new Flow(SERVER, network.alice());
                DatagramSocket server = network.outside().call(() -> new DatagramSocket(Flow.PORT))) {
            awaitArrival(server, CABLE_ADDRESS, flow.sent());

            network.service().reload(UplinkNetwork.config(replaced("")));
            network.service().reload(UplinkNetwork.config(replaced(LTE)));

            assertEquals(
                    "0x02000000/0xff000000", network.uplink("lte").get("mark").getAsString());
            awaitArrival(server, CABLE_ADDRESS, flow.sent());
            assertEquals(0, connections(0x0200_0000, 0xff00_0000));
        }
    }

    @Test
    void shouldTakeTheMarksOffBusyConnectionsWhenTheSectionIsRemoved() throws IOException {
        network.masqueradeByHand();
        startWithBoth();
        final String running = network.traces();
        try (Flow flow = new Flow(SERVER, network.alice());
                DatagramSocket server = network.outside().call(() -> new DatagramSocket(Flow.PORT))) {
            awaitArrival(server, DSL_ADDRESS, flow.sent());

            network.service().reload(UplinkNetwork.config());

            network.service().awaitStatus("go on", status -> true);
            awaitArrival(server, DSL_ADDRESS, flow.sent());
            assertEquals(0, connections(0x0100_0000, 0xff00_0000));
            network.service().reload(UplinkNetwork.config(BOTH));
            assertEquals(running, network.traces());
        }
    }

    /** The old rules go on if the kernel refuses the new ones, here because a table of theirs belongs to a program. */
    @Test
    void shouldLeaveBusyConnectionsTheirMarksUntilTheRulesAreInPlace() throws Exception {
        network.defaultRoute("cable");
        startWithBoth();
        try (Flow flow = new Flow(SERVER, network.alice());
                DatagramSocket server = network.outside().call(() -> new DatagramSocket(Flow.PORT))) {
            awaitArrival(server, CABLE_ADDRESS, flow.sent());
            final ServiceConfig without = UplinkNetwork.config(replaced("")).connmark();
            final Process owner = network.gateway()
                    .namespace()
                    .call(() -> new ProcessBuilder("nft", "-i")
                            .inheritIO()
                            .redirectInput(Redirect.PIPE)
                            .start());
            try (Writer commands = owner.outputWriter()) {
                commands.write("add table ip markcast_connmark { flags owner; }\n");
                commands.flush();
                network.await("cable", "go on", uplink -> network.traces().contains("markcast_connmark"));
                network.service().reload(without);
                network.service().awaitStatus("go on", status -> true);
                assertTrue(
                        network.service().log().contains("the nftables rules are not in place"),
                        network.service().log());
                flow.awaitMore(100);
            }
            assertTrue(owner.waitFor(TIMEOUT_MS, TimeUnit.MILLISECONDS));

            network.service().reload(without);

            network.service().awaitStatus("go on", status -> true);
            awaitArrival(server, CABLE_ADDRESS, flow.sent());
            assertEquals(0, connections(0x0200_0000, 0xff00_0000));
        }
    }

    private static String[] replaced(String cable) {
        return new String[] {BOTH[0], BOTH[1], BOTH[2], BOTH[3], cable};
    }

    /** Waits until the server gets a later one of a flow's packets, from this address. */
    private static void awaitArrival(DatagramSocket server, String source, int number) throws IOException {
        final DatagramPacket packet = new DatagramPacket(new byte[Integer.BYTES], Integer.BYTES);
        server.setSoTimeout(TIMEOUT_MS);
        do {
            server.receive(packet);
        } while (ByteBuffer.wrap(packet.getData()).getInt() <= number);
        assertEquals(source, packet.getAddress().getHostAddress());
    }

    private int connections(int mark, int mask) {
        try (ConntrackSocket conntrack = network.gateway().namespace().call(ConntrackSocket::new)) {
            return conntrack.count(mark, mask);
        }
    }

    @Test
    void shouldRefuseABadSectionAndGoOn() {
        startWithBoth();
        final String before = network.traces();
        network.service()
                .hangUp(UplinkNetwork.config("dsl { interface = dsl", "mark = 1 }")
                        .text());
        network.service()
                .awaitStatus("complain", status -> network.service().log().contains("not reloaded"));
        assertTrue(
                network.service().log().contains("mark: 0x1 has bits outside uplinks.mask, which is 0xff000000"),
                network.service().log());
        assertEquals(before, network.traces());
    }

    @Test
    void shouldWarnOfStrictFilters() {
        UplinkNetwork.set(network.gateway().namespace(), "ipv4/conf/cable/rp_filter", "1");
        startWithBoth();
        assertTrue(
                network.service().log().contains("uplink cable: rp_filter is strict on cable"),
                network.service().log());
        final Program check = Program.markcast(
                network.gateway(), "check", "-c", network.service().configuration());
        assertEquals(0, check.exitStatus());
        assertEquals(1, check.err().lines().count(), check::toString);
        assertTrue(check.err().startsWith("warning: rp_filter is strict on cable"), check::toString);
    }

    @Test
    void shouldPrintTheRulesOfUplinks() {
        startWithBoth();
        final Program rules = Program.markcast(
                network.gateway(), "rules", "-c", network.service().configuration());
        assertTrue(
                rules.out().contains("snat to oifname map { \"dsl\" : 192.0.2.2, \"cable\" : 198.51.100.2 }"),
                rules.out());
        network.gateway().nft(rules.out());
    }

    private static String[] with(String setting) {
        final String[] settings = BOTH.clone();
        settings[0] += "\n" + setting;
        return settings;
    }
}
