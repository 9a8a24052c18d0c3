// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.lab.MasqueradeNetwork.GENERAL;
import static org.markcast.lab.MasqueradeNetwork.IKE_PORT;
import static org.markcast.lab.MasqueradeNetwork.NAT_TRAVERSAL_PORT;
import static org.markcast.lab.MasqueradeNetwork.OTHER_SERVER;
import static org.markcast.lab.MasqueradeNetwork.SERVER;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.linux.NetfilterLog;

/** Inside hosts with IPsec clients of their own, behind the real service, real connection tracking and a general masquerade. */
@NetworkNamespaceTest
class MasqueradeTest {

    private static final String POOL_OF_FIVE = "pool = 203.0.113.10-203.0.113.14";
    private static final String POOL_OF_TWO = "pool = 203.0.113.10-203.0.113.11";
    private static final int NAT_PORT = 61_000;
    private static final String TABLE = "table ip markcast_masquerade";

    private MasqueradeNetwork network;
    private ServiceProcess service;

    @AfterEach
    void close() {
        if (service != null) {
            service.close();
        }
        network.close();
    }

    private void start(int clients, String... settings) {
        network = new MasqueradeNetwork(clients);
        service = ServiceProcess.start(network.gateway(), config(settings));
    }

    private static ServiceConfig config(String... settings) {
        return new ServiceConfig("eth1").set("forward", "no").section("masquerade", settings);
    }

    private List<String> tables() {
        return network.gateway().run("nft", "list", "tables").lines().toList();
    }

    private JsonObject client(int client) throws IOException {
        for (final JsonElement one :
                service.status().json().getAsJsonObject("masquerade").getAsJsonArray("clients")) {
            if (one.getAsJsonObject().get("client").getAsString().equals(MasqueradeNetwork.address(client))) {
                return one.getAsJsonObject();
            }
        }
        throw new IllegalStateException("no client " + client + " in " + service.status());
    }

    private long errors() {
        return service.log().lines().filter(line -> line.contains("ERROR")).count();
    }

    private List<String> lease(int clients) {
        final List<String> addresses = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            addresses.add(network.awaitEsp(i, SERVER));
        }
        return addresses;
    }

    /** All at once, each again and again: where each comes from, and who gets what is sent there. */
    private void expectTunnels(List<String> addresses, String server) {
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < addresses.size(); i++) {
                assertEquals(Optional.of(addresses.get(i)), network.esp(i, server), "from client " + i);
            }
            for (int i = addresses.size() - 1; i >= 0; i--) {
                assertEquals(List.of(i), network.espTo(addresses.get(i), server), "to " + addresses.get(i));
            }
        }
    }

    /** What a gateway does without us: connection tracking knows one ESP connection between two addresses. */
    @Test
    void shouldServeOneClientOnlyBehindAPlainMasquerade() {
        network = new MasqueradeNetwork(5);

        final List<Optional<String>> sources =
                IntStream.range(0, 5).mapToObj(i -> network.esp(i, SERVER)).toList();

        assertEquals(
                List.of(Optional.of(GENERAL), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()),
                sources);
        assertEquals(List.of(0), network.espTo(GENERAL, SERVER));
    }

    @Test
    void shouldGiveFiveClientsOfOneServerAnAddressEach() {
        start(5, POOL_OF_FIVE);
        final List<String> addresses = lease(5);

        assertEquals(
                Set.of("203.0.113.10", "203.0.113.11", "203.0.113.12", "203.0.113.13", "203.0.113.14"),
                new TreeSet<>(addresses));
        expectTunnels(addresses, SERVER);
        assertEquals(0, errors(), service.log());
    }

    @Test
    void shouldKeepPortAndAddressOfIke() {
        start(3, "interface = wan0", POOL_OF_FIVE);
        for (int i = 0; i < 3; i++) {
            final int client = i;
            final Ipv4Packet ike = MasqueradeNetwork.await("IKE of client " + i, () -> network.ike(client, SERVER));
            assertEquals(IKE_PORT, ike.sourcePort());
            assertEquals(Optional.of(ike.source()), network.esp(i, SERVER));
            assertEquals(List.of(i), network.ikeTo(ike.source(), SERVER));
        }
        // what is no IPsec goes as before, from all alike
        assertEquals(GENERAL, network.sentinel(1).source());
    }

    @Test
    void shouldDeliverWhatTheServerSendsUnasked() {
        start(3, POOL_OF_FIVE);
        final List<String> addresses = lease(3);

        network.forgetIpsec();

        for (int i = 2; i >= 0; i--) {
            assertEquals(List.of(i), network.ikeTo(addresses.get(i), SERVER));
            assertEquals(List.of(i), network.espTo(addresses.get(i), SERVER));
        }
        assertEquals(List.of(), network.espTo(addresses.get(0), OTHER_SERVER));
        expectTunnels(addresses, SERVER);
    }

    /** Who is outside chooses its source port: port 500 there is no ticket to what else listens inside. */
    @Test
    void shouldLeadNothingButIpsecIn() {
        start(2, "pool = 203.0.113.10", "pairs {", "a { client = 10.7.1.2 \n address = 203.0.113.11 \n }", "}");
        assertEquals("203.0.113.10", network.awaitEsp(0, SERVER));

        for (int client = 0; client < 2; client++) {
            final String address = "203.0.113." + (10 + client);
            for (final int serverPort : List.of(IKE_PORT, NAT_TRAVERSAL_PORT)) {
                for (final int port : List.of(53, 161, 1701, 4501, 40_000)) {
                    assertEquals(List.of(), network.udpTo(address, port, SERVER, serverPort), "port " + port);
                }
            }
            assertEquals(List.of(), network.udpTo(address, IKE_PORT, SERVER, 40_000));
            assertEquals(List.of(client), network.ikeTo(address, SERVER));
            assertEquals(List.of(client), network.udpTo(address, NAT_TRAVERSAL_PORT, SERVER, NAT_TRAVERSAL_PORT));
        }
    }

    /** Connection tracking leads the answers back, and nothing else from the server to that port. */
    @Test
    void shouldServeAClientWhoseIkeHasAnotherPort() {
        start(1, POOL_OF_FIVE);
        final String address = network.awaitEsp(0, SERVER);

        final Ipv4Packet ike = network.ike(0, 40_000, SERVER).orElseThrow();
        assertEquals(address, ike.source());
        assertEquals(40_000, ike.sourcePort());
        assertEquals(List.of(0), network.udpTo(address, 40_000, SERVER, IKE_PORT));
        assertEquals(List.of(), network.udpTo(address, 40_001, SERVER, IKE_PORT));
    }

    /** What a server sent to an address before it was anybody's is a connection too, and the kernel keeps either or the other. */
    @Test
    void shouldServeAClientWhoseServerHasSentToTheAddressBefore() throws IOException {
        network = new MasqueradeNetwork(2);
        for (final String address : List.of("203.0.113.10", "203.0.113.11")) {
            assertEquals(List.of(), network.espTo(address, SERVER));
            assertEquals(List.of(), network.ikeTo(address, SERVER));
        }
        service = ServiceProcess.start(
                network.gateway(),
                config("pool = 203.0.113.10", "pairs {", "a { client = 10.7.1.2 \n address = 203.0.113.11 \n }", "}"));

        for (int i = 0; i < 2; i++) {
            final String address = "203.0.113." + (10 + i);
            assertEquals(address, network.awaitEsp(i, SERVER));
            service.status(); // has had the kernel forget what came before
            expectIke(i, address);
            assertEquals(List.of(i), network.espTo(address, SERVER));
            assertEquals(Optional.of(address), network.esp(i, SERVER));
        }
    }

    private void expectIke(int client, String address) {
        final Ipv4Packet ike = network.ike(client, SERVER).orElseThrow();
        assertEquals(address, ike.source());
        assertEquals(IKE_PORT, ike.sourcePort());
        assertEquals(List.of(client), network.ikeTo(address, SERVER));
    }

    @Test
    void shouldServeAClientOfEachServerWithOneAddress() {
        start(2, "pool = 203.0.113.10");
        assertEquals("203.0.113.10", network.awaitEsp(0, SERVER));
        assertEquals("203.0.113.10", network.awaitEsp(1, OTHER_SERVER));
        assertEquals(List.of(0), network.espTo("203.0.113.10", SERVER));
        assertEquals(List.of(1), network.espTo("203.0.113.10", OTHER_SERVER));
    }

    /** Also where the gateway's own address is one of those inside. */
    @Test
    void shouldLeaveTheGatewaysOwnTunnelsAlone() {
        start(1, POOL_OF_FIVE, "clients = 10.0.0.0/8, 203.0.113.1");
        assertEquals(Optional.of(GENERAL), network.espFromGateway(GENERAL, SERVER));
        assertEquals(Optional.of(GENERAL), network.espFromGateway("10.7.0.1", OTHER_SERVER));
        assertEquals(0, errors(), service.log());
    }

    @Test
    void shouldServeThePairsOfTheConfiguration() throws IOException {
        start(
                3,
                "pairs {",
                "a { client = 10.7.0.2 \n address = 203.0.113.10 \n }",
                "b { client = 10.7.1.2 \n server = " + SERVER + " \n address = 203.0.113.11 \n }",
                "c { client = 10.7.2.2 \n server = " + OTHER_SERVER + " \n address = 203.0.113.11 \n }",
                "}");

        expectTunnels(List.of("203.0.113.10", "203.0.113.11"), SERVER);
        assertEquals(Optional.of("203.0.113.10"), network.esp(0, OTHER_SERVER));
        assertEquals(Optional.of("203.0.113.11"), network.esp(2, OTHER_SERVER));
        assertEquals(List.of(0), network.espTo("203.0.113.10", OTHER_SERVER));
        assertEquals(List.of(2), network.espTo("203.0.113.11", OTHER_SERVER));
        assertEquals(Optional.of(GENERAL), network.esp(1, OTHER_SERVER));
        assertEquals("fixed", client(0).get("kind").getAsString());
        assertEquals("any", client(0).get("server").getAsString());
        assertEquals(4, client(0).get("packets_out").getAsLong());
        assertEquals(4, client(0).get("packets_in").getAsLong());
        assertEquals(3, client(1).get("packets_out").getAsLong());
        expectIke(1, "203.0.113.11"); // port 500 at both ends
        assertEquals(
                GENERAL, network.udp(1, IKE_PORT, SERVER, 7777).orElseThrow().source()); // no IKE
        assertEquals(4, client(1).get("packets_out").getAsLong());
        assertEquals(4, client(1).get("packets_in").getAsLong());
    }

    /** The third finds none left: one line says so, it goes on as without us, and gets an address as soon as one is free. */
    @Test
    void shouldLeaveTheNetworkAsItIsWhenThePoolIsEmpty() throws IOException {
        start(4, POOL_OF_TWO, "idle = 5s");
        final List<String> addresses = lease(2);

        assertEquals(GENERAL, MasqueradeNetwork.await("client 2 without an address", () -> {
            use(2);
            return network.esp(2, SERVER);
        }));
        service.awaitStatus("have client 3 wait", status -> {
            use(2);
            network.esp(3, SERVER);
            return status.json().toString().contains(MasqueradeNetwork.address(3));
        });

        assertEquals("waiting", client(2).get("kind").getAsString());
        assertFalse(client(2).has("address"));
        assertEquals(1, errors(), service.log());
        assertEquals(List.of(2), network.espTo(GENERAL, SERVER));
        expectTunnels(addresses, SERVER);

        final String freed = MasqueradeNetwork.await("an address for client 2", () -> {
            network.esp(1, SERVER); // is not idle
            return network.esp(2, SERVER).filter(address -> !address.equals(GENERAL));
        });
        assertTrue(addresses.contains(freed), freed);
        assertEquals(List.of(2), network.espTo(freed, SERVER));
        assertEquals("leased", client(2).get("kind").getAsString());
    }

    /** So that the first ones do not lose their leases while something else is waited for. */
    private void use(int clients) {
        for (int i = 0; i < clients; i++) {
            network.esp(i, SERVER);
        }
    }

    @Test
    void shouldKeepTheAddressesOverARestart() throws IOException {
        start(3, POOL_OF_FIVE);
        final List<String> addresses = lease(3);
        service.status(); // has had the kernel forget what came before the last lease
        expectTunnels(addresses, SERVER);

        for (final String end : List.of("TERM", "KILL")) {
            if (end.equals("TERM")) {
                assertEquals(0, service.stop(), service.log());
                assertFalse(tables().contains(TABLE), () -> tables().toString());
            } else {
                service.kill();
            }
            expectTunnels(addresses, SERVER); // those that the kernel still tracks go on meanwhile
            service = service.startAgain(network.gateway());
            network.forgetIpsec();
            expectTunnels(addresses, SERVER);
        }
    }

    /** The gateway itself would take what the server sends to a port that no connection has, and keep it from the client. */
    @Test
    void shouldMoveOnlyWhatBeganWhileItWasAway() throws IOException {
        start(2, POOL_OF_FIVE, "pairs {", "a { client = 10.7.1.2 \n address = 203.0.113.15 \n }", "}");
        final String address = network.awaitEsp(0, SERVER);
        service.status(); // has had the kernel forget what came before
        expectNatTraversal(address);

        for (final String end : List.of("TERM", "KILL")) {
            if (end.equals("TERM")) {
                assertEquals(0, service.stop(), service.log());
                network.forgetIpsec();
                assertEquals(Optional.of(GENERAL), network.esp(1, SERVER));
            } else {
                service.kill();
            }
            service = service.startAgain(network.gateway());
            service.status(); // has had the kernel forget what is not as it should be
            assertEquals(List.of(0), network.udpTo(address, NAT_PORT, SERVER, NAT_TRAVERSAL_PORT), end);
            expectNatTraversal(address);
            expectTunnels(List.of(address, "203.0.113.15"), SERVER);
        }

        network.gateway().nft("delete table ip markcast_masquerade\n");
        MasqueradeNetwork.await("restored rules", () -> found(String.join("", tables()), TABLE));
        service.status();
        assertEquals(List.of(0), network.udpTo(address, NAT_PORT, SERVER, NAT_TRAVERSAL_PORT));
        expectNatTraversal(address);
    }

    /** Of a client that is behind another masquerade inside, too. */
    private void expectNatTraversal(String address) {
        final Ipv4Packet packet =
                network.udp(0, NAT_PORT, SERVER, NAT_TRAVERSAL_PORT).orElseThrow();
        assertEquals(address, packet.source());
        assertEquals(NAT_PORT, packet.sourcePort());
    }

    /** Rules without a service: new clients are held back for a moment only. */
    @Test
    void shouldLetNewClientsPassWhenTheServiceWasKilled() {
        start(3, POOL_OF_FIVE);
        final List<String> addresses = lease(2);

        service.kill();

        assertEquals(Optional.empty(), network.esp(2, SERVER));
        assertEquals(GENERAL, network.awaitEsp(2, SERVER));
        expectTunnels(addresses, SERVER);

        service = service.startAgain(network.gateway());
        network.forgetIpsec();
        assertNotEquals(GENERAL, network.awaitEsp(2, SERVER));
    }

    /** Who comes while more than the rules ask for do waits for its turn, rather than pass for as long as it talks. */
    @Test
    void shouldHoldNewClientsBackWhileTooManyComeAtOnce() {
        start(2, POOL_OF_FIVE);
        final String address = network.awaitEsp(0, SERVER);

        network.flood(0);
        assertEquals(Optional.empty(), network.esp(1, SERVER));

        assertNotEquals(GENERAL, network.awaitEsp(1, SERVER));
        assertEquals(Optional.of(address), network.esp(0, SERVER));
    }

    @Test
    void shouldKeepLeasesThatStillFitOverAReload() throws IOException {
        start(3, POOL_OF_FIVE);
        final List<String> addresses = lease(2);

        service.reload(config("pool = 203.0.113.15, 203.0.113.10-203.0.113.14"));
        expectTunnels(addresses, SERVER);

        service.reload(config("pool = " + addresses.get(0) + ", 203.0.113.16"));
        service.status(); // has had the kernel forget what came by the old address
        assertEquals(Optional.of(addresses.get(0)), network.esp(0, SERVER));
        assertEquals("203.0.113.16", network.awaitEsp(1, SERVER));
        assertEquals(List.of(1), network.espTo("203.0.113.16", SERVER));
    }

    /** A connection that was there before the rules would keep the general address for as long as it is used. */
    @Test
    void shouldMoveAClientThatGetsAPairWhileItIsConnected() throws IOException {
        start(2, "pairs {", "a { client = 10.7.0.2 \n address = 203.0.113.10 \n }", "}");
        assertEquals(Optional.of(GENERAL), network.esp(1, SERVER));

        service.reload(config(
                "pairs {",
                "a { client = 10.7.0.2 \n address = 203.0.113.11 \n }",
                "b { client = 10.7.1.2 \n server = " + SERVER + " \n address = 203.0.113.12 \n }",
                "}"));

        assertEquals(
                "203.0.113.12",
                MasqueradeNetwork.await(
                        "the new address", () -> network.esp(1, SERVER).filter(address -> !address.equals(GENERAL))));
        service.status(); // has had the kernel forget all of them
        expectTunnels(List.of("203.0.113.11", "203.0.113.12"), SERVER);
    }

    /** Whatever it used before to this server. */
    @Test
    void shouldMoveALeasedClientThatGetsAPairForAllServers() throws IOException {
        start(2, POOL_OF_FIVE);
        final List<String> addresses = lease(2);

        service.reload(config(POOL_OF_FIVE, "pairs {", "a { client = 10.7.0.2 \n address = 203.0.113.15 \n }", "}"));
        service.status(); // has had the kernel forget what came by the lease

        expectTunnels(List.of("203.0.113.15", addresses.get(1)), SERVER);
        assertEquals("any", client(0).get("server").getAsString());
        assertEquals(3, client(0).get("packets_out").getAsLong());
    }

    @Test
    void shouldRemoveItsRulesAndNoOthersWithTheSection() throws IOException {
        start(2, POOL_OF_FIVE);
        lease(1);
        assertTrue(tables().contains(TABLE), () -> tables().toString());
        final List<String> others =
                tables().stream().filter(table -> !table.equals(TABLE)).toList();

        service.reload(new ServiceConfig("eth1").set("forward", "no").set("rules", "yes"));

        assertEquals(others, tables());
        assertFalse(service.status().json().has("masquerade"));
        assertEquals(Optional.of(GENERAL), network.esp(0, SERVER)); // its connection has been forgotten
        service.reload(config(POOL_OF_FIVE));
        network.forgetIpsec();
        assertNotEquals(GENERAL, network.awaitEspFrom(0, SERVER, source -> !source.equals(GENERAL)));
    }

    @Test
    void shouldPrintWhatNftAccepts() throws IOException {
        network = new MasqueradeNetwork(1);
        final Path config = Files.createTempFile("markcast-", ".conf");
        try {
            Files.writeString(
                    config, config("interface = wan0", "pool = 192.0.2.0/30").text());
            final Program rules = Program.markcast(network.gateway(), "rules", "-c", config);
            assertEquals(0, rules.exitStatus(), rules::toString);
            assertTrue(rules.out().contains(TABLE + " {"), rules::toString);
            final Path text = Files.writeString(config, rules.out());
            network.gateway().run("nft", "-c", "-f", text.toString());

            Files.writeString(
                    config,
                    config("interface = wan0, wan7", "pool = 192.0.2.0/30").text());
            final Program check = Program.markcast(network.gateway(), "check", "-c", config);
            assertTrue(
                    check.err().startsWith("warning: masquerade: this machine does not have 192.0.2.0, "),
                    check::toString);
            assertTrue(
                    check.err().contains("\nwarning: masquerade: there is no interface wan7 now: "), check::toString);
            assertFalse(check.err().contains("no interface wan0"), check::toString);
        } finally {
            Files.delete(config);
        }
        for (final String golden : List.of("masquerade.nft", "masquerade-pool.nft")) {
            network.gateway()
                    .run("nft", "-c", "-f", "../netfilter/src/test/resources/org/markcast/netfilter/" + golden);
        }
    }

    @Test
    void shouldRestoreItsRulesWithAllLeases() {
        start(3, POOL_OF_FIVE);
        final List<String> addresses = lease(3);

        network.gateway()
                .nft("flush map ip markcast_masquerade addresses\nflush chain ip markcast_masquerade inbound\n");
        network.forgetIpsec();
        MasqueradeNetwork.await(
                "the old address", () -> network.esp(0, SERVER).filter(address -> address.equals(addresses.get(0))));

        network.forgetIpsec();
        expectTunnels(addresses, SERVER);
    }

    /** The address belongs to one line: by the other one nobody would answer to it. */
    @Test
    void shouldMoveConnectionsThatTheRoutesMoveToAnotherInterface() throws IOException {
        network = new MasqueradeNetwork(2);
        network.addSecondWan();
        service = ServiceProcess.start(
                network.gateway(),
                config(
                        "interface = wan0",
                        "pool = 203.0.113.10",
                        "pairs {",
                        "a { client = 10.7.1.2 \n address = 203.0.113.11 \n }",
                        "}"));
        for (int client = 0; client < 2; client++) {
            final String address = "203.0.113." + (10 + client);
            network.awaitEspFrom(client, OTHER_SERVER, address::equals);
            service.status(); // has had the kernel forget what came before
            assertEquals(Optional.of(address), network.esp(client, OTHER_SERVER));
            network.routeOtherServerBySecondWan();
            network.awaitEspBySecondWan(client, MasqueradeNetwork.SECOND_GENERAL);
            network.routeOtherServerByFirstWan();
            network.awaitEspFrom(client, OTHER_SERVER, address::equals);
            service.status();
            assertEquals(List.of(client), network.espTo(address, OTHER_SERVER));

            network.forgetIpsec(); // begun by the server
            assertEquals(List.of(client), network.espTo(address, OTHER_SERVER));
            network.routeOtherServerBySecondWan();
            network.awaitEspBySecondWan(client, MasqueradeNetwork.SECOND_GENERAL);
            network.routeOtherServerByFirstWan();
        }
        assertEquals(0, errors(), service.log());
    }

    /** What began while there were no rules has the general address, and would keep it for as long as it is used. */
    @Test
    void shouldMoveWhatBeganWhileSomebodyHadRemovedTheRules() {
        start(2, POOL_OF_FIVE);
        final List<String> addresses = lease(2);

        service.signal("STOP"); // so that it is too late for both
        network.flushRuleset();
        network.forgetIpsec();
        assertEquals(Optional.of(GENERAL), network.esp(0, SERVER));
        service.signal("CONT");

        network.awaitEspFrom(0, SERVER, addresses.get(0)::equals);
        expectTunnels(addresses, SERVER);
    }

    @Test
    void shouldNeitherLoseNorDoubleCountsOverAReload() throws IOException {
        start(1, pairAnd("interface = wan0"));
        exchange(5);
        expectCounted(5);

        hangUp(pairAnd("interface = wan0, wan1"), "oifname { \"wan0\", \"wan1\" }");
        exchange(5);
        expectCounted(10);

        exchange(3); // not looked at until the next rules are there
        hangUp(pairAnd("interface = wan0"), "oifname \"wan0\"");
        expectCounted(13);
        exchange(1);
        expectCounted(14);

        network.gateway().nft("delete table ip markcast_masquerade\n");
        MasqueradeNetwork.await("restored rules", () -> found(String.join("", tables()), TABLE));
        exchange(14);
        expectCounted(28);
    }

    /** Reloads without asking for the status, which would have the service look at its counters. */
    private void hangUp(String[] settings, String rule) {
        service.hangUp(config(settings).text());
        MasqueradeNetwork.await(
                "the rules with " + rule, () -> found(network.gateway().run("nft", "list", "ruleset"), rule));
    }

    private static Optional<String> found(String text, String part) {
        return Optional.of(text).filter(all -> all.contains(part));
    }

    private static String[] pairAnd(String setting) {
        return new String[] {setting, "pairs {", "a { client = 10.7.0.2 \n address = 203.0.113.10 \n }", "}"};
    }

    private void exchange(int count) {
        for (int i = 0; i < count; i++) {
            assertEquals(Optional.of("203.0.113.10"), network.esp(0, SERVER));
            assertEquals(List.of(0), network.espTo("203.0.113.10", SERVER));
        }
    }

    private void expectCounted(int count) throws IOException {
        assertEquals(count, client(0).get("packets_out").getAsLong());
        assertEquals(count, client(0).get("packets_in").getAsLong());
    }

    /** Who has an address does not need to be asked for. */
    @Test
    void shouldServePairsWhileAnotherProgramHasTheLogGroup() throws IOException {
        network = new MasqueradeNetwork(2);
        assertEquals(Optional.of(GENERAL), network.esp(0, SERVER));
        try (NetfilterLog other = network.gateway().namespace().call(() -> new NetfilterLog(28_003))) {
            service = ServiceProcess.start(network.gateway(), config(pairAnd("pool = 203.0.113.11")));

            network.awaitEspFrom(0, SERVER, "203.0.113.10"::equals); // what was there before has been forgotten
            exchange(2);
            assertTrue(client(0).get("packets_out").getAsLong() >= 2);
            assertTrue(client(0).get("packets_in").getAsLong() >= 2);
            assertEquals(Optional.of(GENERAL), network.esp(1, SERVER));
            assertEquals(1, errors(), service.log());
            assertEquals(
                    List.of("new clients get no address: listening to nftables' log group 28003"),
                    problems().stream().map(problem -> problem.split(",")[0]).toList());
            other.drain((buffer, offset, length) -> {});
        }
    }

    private List<String> problems() throws IOException {
        return service.status().json().getAsJsonObject("masquerade").getAsJsonArray("problems").asList().stream()
                .map(JsonElement::getAsString)
                .toList();
    }
}
