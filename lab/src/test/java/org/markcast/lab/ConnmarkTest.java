// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.ipsec.vici.ScriptedCharon;
import org.markcast.linux.ConntrackSocket;

/**
 * Clients in transport mode behind one NAT: to the gateway all have the NAT's address.
 *
 * <pre>
 *   gateway 10.1.0.1 +-- tun1 ---- carol 203.0.113.7
 *                    +-- tun2 ---- dave  203.0.113.7
 * </pre>
 */
@NetworkNamespaceTest
class ConnmarkTest {

    private static final String NAT = "203.0.113.7";
    private static final String OTHER_NAT = "203.0.113.8";
    private static final String L2TP = "l2tp = yes";
    private static final int TCP_PORT = 8080;
    private static final int UDP_PORT = 5353;

    private EmulatedNetwork network;
    private ServiceProcess service;
    private L2tpServer server;

    @AfterEach
    void close() {
        if (server != null) {
            server.close();
        }
        if (service != null) {
            service.close();
        }
        network.close();
    }

    private void build(EmulatedNetwork.Builder builder, String... settings) {
        network = builder.build();
        // As every gateway has one: without it the kernel refuses a reply before any rule sees it.
        network.gateway().ip("route add default dev eth1");
        // What comes out of a tunnel is for this machine, though its mark is the one that leads into the tunnel.
        network.clients()
                .forEach(client -> network.gateway().ip("rule add pref 0 iif " + client.tunnel() + " lookup local"));
        service = ServiceProcess.start(network.gateway(), config(settings));
    }

    private ServiceConfig config(String... settings) {
        final ServiceConfig config = network.serviceConfig().connmark(settings);
        for (final Client client : network.clients()) {
            config.change(
                    client.name(),
                    tunnel -> tunnel.transport().withLocalTs(L2tpServer.ADDRESS).withRemoteTs(client.address()));
        }
        return config;
    }

    private static EmulatedNetwork.Builder behind(String nat, EmulatedNetwork.Builder builder, String name, int mark) {
        return builder.client(name, new Mark(mark, Mark.FULL_MASK), new Mark(mark, Mark.FULL_MASK), nat);
    }

    private static EmulatedNetwork.Builder carolAndDave() {
        return behind(NAT, behind(NAT, EmulatedNetwork.builder().lan("alice"), "carol", 1), "dave", 2);
    }

    private void startServer() {
        server = new L2tpServer(network);
    }

    /** The conntrack mark alone: the kernel takes both for one connection, which belongs to whoever spoke last. */
    @Test
    void shouldSendBothRepliesToTheLastSpeakerWithoutZones() {
        build(carolAndDave());
        startServer();
        server.speak("carol");
        server.speak("dave");
        assertEquals(server.peer("carol"), server.peer("dave"));

        server.tell("carol", "for-carol");
        server.tell("dave", "for-dave");

        assertEquals(List.of("for-carol", "for-dave"), server.heardUntil("dave", "for-dave"));
    }

    @Test
    void shouldGiveEachL2tpClientItsOwnReplies() {
        build(carolAndDave(), L2TP);
        startServer();
        server.speak("carol");
        server.speak("dave");
        assertNotEquals(server.peer("carol"), server.peer("dave"));

        // delayed, unasked, and in another order than the clients spoke
        server.tell("dave", "for-dave");
        server.tell("carol", "for-carol");
        server.speak("dave");
        server.tell("carol", "late-for-carol");
        server.tell("dave", "late-for-dave");

        assertEquals(List.of("for-carol", "late-for-carol"), server.heardUntil("carol", "late-for-carol"));
        assertEquals(List.of("for-dave", "late-for-dave"), server.heardUntil("dave", "late-for-dave"));
    }

    @Test
    void shouldServeAHundredClientsBehindTwoNatsAtOnce() {
        final EmulatedNetwork.Builder builder = EmulatedNetwork.builder().lan("alice");
        final List<String> names =
                IntStream.rangeClosed(1, 100).mapToObj(i -> "c" + i).toList();
        for (int i = 0; i < names.size(); i++) {
            behind(i % 2 == 0 ? NAT : OTHER_NAT, builder, names.get(i), 70_000 + i);
        }
        build(builder, L2TP);
        startServer();
        names.forEach(server::speak);
        assertEquals(100, names.stream().map(server::peer).distinct().count());

        final List<String> reversed = new ArrayList<>(names);
        Collections.reverse(reversed);
        reversed.forEach(name -> server.tell(name, "for-" + name));

        names.forEach(name -> assertEquals(List.of("for-" + name), server.heardUntil(name, "for-" + name)));
    }

    @Test
    void shouldKeepSessionsOverARestart() throws IOException {
        build(carolAndDave(), L2TP);
        startServer();
        server.speak("carol");
        server.speak("dave");

        for (final String end : List.of("TERM", "KILL")) {
            if (end.equals("TERM")) {
                assertEquals(0, service.stop(), service.log());
                assertEquals(
                        "",
                        network.gateway()
                                .run("nft", "list", "tables", "ip")
                                .replaceAll("(?m)^.*probe.*$", "")
                                .strip());
            } else {
                service.kill();
            }
            final ServiceProcess before = service;
            service = before.startAgain(network.gateway());

            server.tell("carol", "for-carol-after-" + end);
            server.tell("dave", "for-dave-after-" + end);

            assertEquals(List.of("for-carol-after-" + end), server.heardUntil("carol", "for-carol-after-" + end));
            assertEquals(List.of("for-dave-after-" + end), server.heardUntil("dave", "for-dave-after-" + end));
        }
    }

    /** Another client gets carol's mark: what the gateway still has for carol must not reach it. */
    @Test
    void shouldForgetTheConnectionsOfAnSaThatIsGone() throws IOException {
        build(carolAndDave(), L2TP);
        startServer();
        server.speak("carol");
        server.speak("dave");
        final SocketAddress carolsPort = server.peer("carol");

        service.reload(config(L2TP).without("carol"));
        service.reload(config(L2TP));
        assertFalse(server.canTell("carol", "stale"), "the server's packet to " + carolsPort + " went out");
        server.speak("carol");
        server.tell("carol", "for-carol");
        server.speak("dave");
        server.tell("dave", "for-dave");

        assertEquals(List.of("for-carol"), server.heardUntil("carol", "for-carol"));
        assertEquals(List.of("for-dave"), server.heardUntil("dave", "for-dave"));
    }

    @Test
    void shouldServeAClientThatComesBackWithAnotherPort() throws IOException {
        build(carolAndDave(), L2TP);
        startServer();
        server.speak("carol");
        server.speak("dave");

        service.reload(config(L2TP).without("carol"));
        server.returnAt(network.client("carol"), 40_000);
        service.reload(config(L2TP));
        server.speak("carol");
        server.tell("dave", "for-dave");
        server.tell("carol", "for-carol");

        assertNotEquals(server.peer("carol"), server.peer("dave"));
        assertEquals(List.of("for-carol"), server.heardUntil("carol", "for-carol"));
        assertEquals(List.of("for-dave"), server.heardUntil("dave", "for-dave"));
    }

    /** The SA is gone, its connection is still known, and another client has the same address: nobody gets what was carol's. */
    @Test
    void shouldSendWhatBelongsToAnSaThatIsGoneToNobody() throws IOException {
        build(carolAndDave());
        final InetSocketAddress address = new InetSocketAddress(L2tpServer.ADDRESS, TCP_PORT);
        try (ServerSocket listening = network.gateway().namespace().call(() -> new ServerSocket(TCP_PORT));
                Socket carol = connect("carol", address);
                Socket carolsEnd = listening.accept();
                Socket dave = connect("dave", address);
                Socket davesEnd = listening.accept()) {
            service.reload(config().without("carol"));
            write(carolsEnd, "for-carol-1");
            write(davesEnd, "for-dave");
            assertEquals("for-dave", read(dave));
            awaitOrphans();

            service.reload(config());
            write(carol, "from-carol"); // the connection is hers again
            assertEquals("from-carol", read(carolsEnd));
            assertEquals("for-carol-1", read(carol));
        }
    }

    /** None has a mask any more when the service starts again, and rules know only masks that somebody has or had lately. */
    @Test
    void shouldSendWhatBelongsToAnSaThatIsGoneToNobodyWhenNoneHasItsMask() throws IOException {
        build(behind(
                OTHER_NAT,
                EmulatedNetwork.builder().lan("alice").client("carol", mark("1/0x00ffffff"), mark("1/0x00ffffff"), NAT),
                "dave",
                2));
        final InetSocketAddress address = new InetSocketAddress(L2tpServer.ADDRESS, TCP_PORT);
        try (ServerSocket listening = network.gateway().namespace().call(() -> new ServerSocket(TCP_PORT));
                Socket carol = connect("carol", address);
                Socket carolsEnd = listening.accept()) {
            service.reload(config().without("carol"));
            write(carolsEnd, "for-carol");
            awaitOrphans();
            service.reload(config().without("carol").without("dave")); // and what is remembered is written anew

            end("KILL");
            service = service.startAgain(network.gateway(), config().without("carol"));
            awaitOrphans(); // TCP sends again
            assertEquals(0, carol.getInputStream().available());
        }
    }

    /** Carol's mark is another's when the service starts again; to the emulation whoever has it is at carol's end. */
    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void shouldSendWhatBelongsToWhoHadAMarkInAFormerRunToNobody(String end) throws IOException {
        build(carolAndDave());
        final InetSocketAddress address = new InetSocketAddress(L2tpServer.ADDRESS, TCP_PORT);
        try (ServerSocket listening = network.gateway().namespace().call(() -> new ServerSocket(TCP_PORT));
                Socket carol = connect("carol", address);
                Socket carolsEnd = listening.accept();
                Socket dave = connect("dave", address);
                Socket davesEnd = listening.accept()) {
            end(end);
            service = service.startAgain(network.gateway(), carolsMarkAtErin());
            write(carolsEnd, "for-carol");
            awaitOrphans();
            write(davesEnd, "for-dave");
            assertEquals("for-dave", read(dave));
            assertEquals(0, carol.getInputStream().available());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void shouldForgetTheL2tpClientWhoHadAMarkInAFormerRun(String end) throws IOException {
        build(carolAndDave(), L2TP);
        startServer();
        server.speak("carol");
        server.speak("dave");
        end(end);
        service = service.startAgain(network.gateway(), carolsMarkAtErin(L2TP));

        assertFalse(server.canTell("carol", "stale"), "what the server had for carol went out");
        server.tell("dave", "for-dave");
        assertEquals(List.of("for-dave"), server.heardUntil("dave", "for-dave"));
    }

    /** No charon has said yet who has which mark. */
    @Test
    void shouldHoldBackWhatBelongsToAMarkUntilCharonAnswers(@TempDir Path directory) throws IOException {
        build(carolAndDave());
        final InetSocketAddress address = new InetSocketAddress(L2tpServer.ADDRESS, TCP_PORT);
        try (ServerSocket listening = network.gateway().namespace().call(() -> new ServerSocket(TCP_PORT));
                Socket carol = connect("carol", address);
                Socket carolsEnd = listening.accept();
                Socket dave = connect("dave", address);
                Socket davesEnd = listening.accept()) {
            end("TERM");
            service = service.startAgain(network.gateway(), withoutCarolUntilCharonAnswers(directory));
            write(carolsEnd, "for-carol");
            awaitOrphans();
            write(davesEnd, "for-dave");
            assertEquals("for-dave", read(dave));

            service.reload(config()); // carol's SA is found after all
            assertEquals("for-carol", read(carol)); // which TCP sends again
        }
    }

    @Test
    void shouldTakeConnectionsFromAMarkThatCharonDoesNotKnow(@TempDir Path directory) throws IOException {
        build(carolAndDave());
        startServer();
        server.speak("carol");
        end("KILL");
        service = service.startAgain(network.gateway(), withoutCarolUntilCharonAnswers(directory));
        try (ConntrackSocket connections = network.gateway().namespace().call(ConntrackSocket::new)) {
            assertEquals(1, connections.count(1, Mark.FULL_MASK));
            final ScriptedCharon charon = ScriptedCharon.start(directory.resolve("charon.vici"), List.of());
            service.awaitStatus("disown", status -> connections.count(1, Mark.FULL_MASK) == 0);
            charon.stop();
        }
    }

    private ServiceConfig withoutCarolUntilCharonAnswers(Path directory) {
        return config().without("carol")
                .vici(directory.resolve("charon.vici"), Duration.ofMinutes(5))
                .set("sources", "static, vici");
    }

    private ServiceConfig carolsMarkAtErin(String... settings) {
        return config(settings)
                .change("carol", tunnel -> tunnel.withName("erin"))
                .without("carol");
    }

    private void end(String how) {
        if (how.equals("TERM")) {
            assertEquals(0, service.stop(), service.log());
        } else {
            service.kill();
        }
    }

    private void awaitOrphans() {
        service.awaitStatus("count what is dropped", status -> rules(status, "orphans") > 0);
    }

    private long orphans() throws IOException {
        return rules(service.status(), "orphans");
    }

    private static long rules(ServiceStatus status, String figure) {
        return status.json().getAsJsonObject("rules").get(figure).getAsLong();
    }

    /** Carol goes on with a mask, which uplinks need, and for a while the mark without it counts as that of an SA that is gone. */
    @Test
    void shouldServeAnSaThatHasAMarkThatIsGoneBelowAnotherMask() throws IOException {
        build(carolAndDave());
        final InetSocketAddress address = new InetSocketAddress(L2tpServer.ADDRESS, TCP_PORT);
        try (ServerSocket listening = network.gateway().namespace().call(() -> new ServerSocket(TCP_PORT));
                Socket before = connect("carol", address);
                Socket beforesEnd = listening.accept()) {
            write(beforesEnd, "in time");
            assertEquals("in time", read(before));
            for (final String mark : List.of("1/0xffff", "1", "1/0xff")) {
                service.reload(config().change("carol", tunnel -> tunnel.withMarks(mark(mark), mark(mark))));
                try (Socket carol = connect("carol", address);
                        Socket carolsEnd = listening.accept()) {
                    write(carolsEnd, "for-carol");
                    assertEquals("for-carol", read(carol), mark);
                }
            }
            assertEquals(0, orphans());
            write(beforesEnd, "too late");
            awaitOrphans();
            write(before, "from-carol"); // the connection is hers again
            assertEquals("from-carol", read(beforesEnd));
        }
    }

    /** The mark of connections whose SA is gone has all ones below one mask, and is just a number below another. */
    @Test
    void shouldServeAnSaWhoseMarkHasAllOnesBelowAnotherMask() throws IOException {
        build(EmulatedNetwork.builder()
                .lan("alice")
                .client("carol", mark("1/0xffff"), mark("1/0xffff"), NAT)
                .client("dave", mark("0xffff"), mark("0xffff"), NAT));
        shouldKeepTcpConnectionsApart();
    }

    /** On the path of a reply nobody tells TCP how much room ESP needs. */
    @Test
    void shouldHaveClientsSentSegmentsThatFit() throws IOException {
        build(carolAndDave(), "tcp_mss = 1000");
        final InetSocketAddress address = new InetSocketAddress(L2tpServer.ADDRESS, TCP_PORT);
        try (ServerSocket listening = network.gateway().namespace().call(() -> new ServerSocket(TCP_PORT));
                Socket carol = connect("carol", address);
                Socket carolsEnd = listening.accept()) {
            write(carolsEnd, "hello");
            assertEquals("hello", read(carol));
            final String socket = network.gateway().run("ss", "-tin", "dst", NAT);
            assertTrue(socket.matches("(?s).* mss:9[0-9]{2} .* advmss:14[0-9]{2} .*"), socket);
        }
    }

    @Test
    void shouldServeWhoHasAZoneWhenZonesRunOut() throws IOException {
        build(behind(NAT, carolAndDave(), "eve", 3), L2TP, "l2tp_zones = 7-8");
        startServer();
        server.speak("carol");
        server.speak("dave");
        server.speak("eve");
        server.tell("dave", "for-dave");
        server.tell("carol", "for-carol");

        assertEquals(List.of("for-carol"), server.heardUntil("carol", "for-carol"));
        assertEquals(List.of("for-dave"), server.heardUntil("dave", "for-dave"));
        assertEquals(
                1,
                service.log()
                        .lines()
                        .filter(line -> line.contains("no conntrack zone is left for SA eve"))
                        .count(),
                service.log());
        assertEquals(7, service.status().sa("carol").get("zone").getAsInt());
        assertEquals(8, service.status().sa("dave").get("zone").getAsInt());
        assertTrue(!service.status().sa("eve").has("zone"), () -> "eve has a zone");

        service.reload(config(L2TP, "l2tp_zones = 7-8").without("carol"));
        assertEquals(7, service.status().sa("eve").get("zone").getAsInt());
        assertEquals(8, service.status().sa("dave").get("zone").getAsInt());
        server.speak("eve");
        server.speak("dave");
        server.tell("eve", "for-eve");
        server.tell("dave", "more-for-dave");
        assertEquals(List.of("for-eve"), server.heardUntil("eve", "for-eve"));
        assertEquals(List.of("more-for-dave"), server.heardUntil("dave", "more-for-dave"));
    }

    @Test
    void shouldServeWhoHasAPortWhenPortsRunOut() throws IOException {
        build(behind(OTHER_NAT, behind(NAT, carolAndDave(), "eve", 3), "frank", 4), L2TP, "l2tp_ports = 20000-20001");
        startServer();
        server.speak("carol");
        server.speak("dave");
        server.speakInVain("eve");
        server.speak("frank");
        server.speak("carol");
        for (final String client : List.of("dave", "carol", "frank")) {
            server.tell(client, "for-" + client);
            assertEquals(List.of("for-" + client), server.heardUntil(client, "for-" + client));
        }
        assertEquals(
                1,
                service.log()
                        .lines()
                        .filter(line ->
                                line.contains("3 L2TP clients have the address 203.0.113.7, and there are 2 ports"))
                        .count(),
                service.log());
        service.reload(config(L2TP, "l2tp_ports = 20000-20001").without("carol"));
        server.speak("eve");
        server.tell("eve", "for-eve");
        assertEquals(List.of("for-eve"), server.heardUntil("eve", "for-eve"));
    }

    /** Both are behind one NAT and share 32 ports. */
    @Test
    void shouldLeaveItsNeighboursThePortsThatAFloodingClientWants() throws IOException {
        build(carolAndDave(), L2TP, "l2tp_ports = 20000-20031");
        startServer();
        server.speak("carol");
        server.flood(network.client("carol"), 40);

        assertEquals(1, server.speakBehindFlood("dave"), "the second one of her two connections");
        assertEquals(39, rules(service.status(), "floods"));
        server.speak("carol");
        server.speak("dave");
        server.tell("carol", "for-carol");
        server.tell("dave", "for-dave");
        assertEquals(List.of("for-carol"), server.heardUntil("carol", "for-carol"));
        assertEquals(List.of("for-dave"), server.heardUntil("dave", "for-dave"));
        assertEquals(0, orphans());
    }

    /** As conntrack -F does. Where the server sees a client is forgotten too, until the client says something. */
    @Test
    void shouldSendNothingAstrayWhenConntrackForgetsAll() {
        build(carolAndDave(), L2TP);
        startServer();
        server.speak("carol");
        server.speak("dave");
        network.gateway().namespace().call(() -> {
            try (ConntrackSocket conntrack = new ConntrackSocket()) {
                conntrack.forget(1, Mark.FULL_MASK);
                conntrack.forget(2, Mark.FULL_MASK);
            }
            return null;
        });
        assertFalse(server.canTell("carol", "astray"), "the server's packet to " + server.peer("carol") + " went out");

        server.speak("dave");
        server.speak("carol");
        server.tell("carol", "for-carol");
        server.tell("dave", "for-dave");
        assertEquals(List.of("for-carol"), server.heardUntil("carol", "for-carol"));
        assertEquals(List.of("for-dave"), server.heardUntil("dave", "for-dave"));
    }

    /** Dave's zone is not the one that his mark prefers, since carol had that, who is gone at the second start. */
    @Test
    void shouldFindEachClientInItsZoneAfterARestart() throws IOException {
        final String[] settings = {L2TP, "l2tp_zones = 7-8"};
        build(behind(NAT, behind(NAT, EmulatedNetwork.builder().lan("alice"), "carol", 1), "dave", 3), settings);
        startServer();
        server.speak("carol");
        server.speak("dave");
        final SocketAddress before = server.peer("dave");

        assertEquals(0, service.stop(), service.log());
        service = ServiceProcess.start(network.gateway(), config(settings).without("carol"));
        assertEquals(8, service.status().sa("dave").get("zone").getAsInt());
        server.speak("dave");
        assertEquals(before, server.peer("dave"));
    }

    /** Behind the NAT of a client there may be machines without a tunnel: here carol is one. */
    @Test
    void shouldNotSendAClientTheRepliesToItsPlainNeighbour() throws IOException {
        build(carolAndDave());
        service.reload(config().without("carol"));
        final InetSocketAddress address = new InetSocketAddress(L2tpServer.ADDRESS, UDP_PORT);
        try (DatagramSocket gateway = network.gateway().namespace().call(() -> new DatagramSocket(address));
                DatagramSocket carol = datagramSocket("carol", 5001);
                DatagramSocket dave = datagramSocket("dave", 5002)) {
            for (final DatagramSocket asking : List.of(carol, dave)) {
                asking.send(new DatagramPacket(new byte[1], 1, address));
            }
            gateway.setSoTimeout(5_000);
            for (int i = 0; i < 2; i++) {
                final DatagramPacket packet = new DatagramPacket(new byte[1], 1);
                gateway.receive(packet);
                gateway.send(packet);
            }
            dave.setSoTimeout(5_000);
            final DatagramPacket answer = new DatagramPacket(new byte[1], 1);
            dave.receive(answer);
            final Map<Gateway.Departure, Long> toNat =
                    new HashMap<>(network.gateway().sent());
            toNat.keySet().removeIf(departure -> !departure.destination().equals(NAT));
            assertEquals(Map.of(new Gateway.Departure(network.client("dave").tunnel(), 2, NAT), 1L), toNat);
        }
    }

    private DatagramSocket datagramSocket(String client, int port) {
        return network.client(client).namespace().call(() -> new DatagramSocket(new InetSocketAddress(NAT, port)));
    }

    @Test
    void shouldKeepTcpConnectionsOfBothApart() throws IOException {
        build(carolAndDave());
        shouldKeepTcpConnectionsApart();
    }

    /** The network that the NAT's address is in belongs to another tunnel, for what does not belong to a connection of theirs. */
    @Test
    void shouldKeepTcpConnectionsApartWhereAnotherSaClaimsTheirAddress() throws IOException {
        build(carolAndDave());
        service.reload(config().with(network.tunnel("site", mark("9"), mark("9"), "203.0.113.0/24")));
        shouldKeepTcpConnectionsApart();
    }

    @Test
    void shouldRestoreTheOutboundMarkOfEachDirection() throws IOException {
        build(EmulatedNetwork.builder()
                .lan("alice")
                .client("carol", mark("1"), mark("101"), NAT)
                .client("dave", mark("2"), mark("102"), NAT));
        shouldKeepTcpConnectionsApart();
    }

    @Test
    void shouldHonourMasks() throws IOException {
        build(EmulatedNetwork.builder()
                .lan("alice")
                .client("carol", mark("0x100/0xff00"), mark("0x10000/0xff0000"), NAT, 0x1a5)
                .client("dave", mark("0x200/0xff00"), mark("0x20000/0xff0000"), NAT, 0x2a5));
        shouldKeepTcpConnectionsApart();
    }

    @Test
    void shouldGiveL2tpClientsWithMasksTheirOwnReplies() {
        build(
                EmulatedNetwork.builder()
                        .lan("alice")
                        .client("carol", mark("0x100/0xff00"), mark("0x100/0xff00"), NAT, 0x1a5)
                        .client("dave", mark("0x200/0xff00"), mark("0x200/0xff00"), NAT, 0x2a5),
                L2TP);
        startServer();
        server.speak("carol");
        server.speak("dave");
        server.tell("carol", "for-carol");
        server.tell("dave", "for-dave");

        assertEquals(List.of("for-carol"), server.heardUntil("carol", "for-carol"));
        assertEquals(List.of("for-dave"), server.heardUntil("dave", "for-dave"));
    }

    private static Mark mark(String text) {
        return Mark.parse(text);
    }

    private void shouldKeepTcpConnectionsApart() throws IOException {
        final InetSocketAddress address = new InetSocketAddress(L2tpServer.ADDRESS, TCP_PORT);
        try (ServerSocket listening = network.gateway().namespace().call(() -> new ServerSocket(TCP_PORT));
                Socket carol = connect("carol", address);
                Socket carolsEnd = listening.accept();
                Socket dave = connect("dave", address);
                Socket davesEnd = listening.accept()) {
            for (int i = 0; i < 3; i++) {
                write(carolsEnd, "for-carol" + i);
                write(davesEnd, "for-dave" + i);
                assertEquals("for-carol" + i, read(carol));
                assertEquals("for-dave" + i, read(dave));
                write(dave, "from-dave" + i);
                write(carol, "from-carol" + i);
                assertEquals("from-carol" + i, read(carolsEnd));
                assertEquals("from-dave" + i, read(davesEnd));
            }
        }
    }

    private Socket connect(String client, InetSocketAddress address) {
        return network.client(client).namespace().call(() -> {
            final Socket socket = new Socket();
            socket.connect(address, 5_000);
            return socket;
        });
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write((text + "\n").getBytes(UTF_8));
    }

    private static String read(Socket socket) throws IOException {
        socket.setSoTimeout(5_000);
        final StringBuilder line = new StringBuilder();
        for (int next = socket.getInputStream().read();
                next != '\n';
                next = socket.getInputStream().read()) {
            line.append((char) next);
        }
        return line.toString();
    }
}
