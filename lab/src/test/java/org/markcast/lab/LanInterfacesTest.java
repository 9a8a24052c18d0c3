// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.lab.Watch.SOON;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.StaticTunnel;
import org.markcast.daemon.emulation.Tap;
import org.markcast.engine.counter.Counter;

/**
 * Two LAN interfaces that go down, change and come back under one service that is never restarted.
 *
 * <pre>
 *   alice 10.1.0.10 ---- eth1 +---------+ tun1 ---- carol
 *                             | gateway |
 *     bob 10.2.0.10 ---- eth2 +---------+ tun2 ---- dave
 * </pre>
 */
@NetworkNamespaceTest
class LanInterfacesTest {

    private static final String GROUP = "239.255.255.250";
    private static final Duration OBSERVED = Duration.ofMillis(400);

    private static EmulatedNetwork network;
    private static ServiceProcess service;
    private static Host alice;
    private static Host bob;
    private static Client carol;
    private static Client dave;

    @BeforeAll
    static void start() {
        network = EmulatedNetwork.builder()
                .lan("alice")
                .lan("bob")
                .client("carol", 1, 101)
                .client("dave", 2, 102)
                .build();
        alice = network.host("alice");
        bob = network.host("bob");
        carol = network.client("carol");
        dave = network.client("dave");
        final ServiceConfig config = network.serviceConfig();
        network.clients().forEach(client -> config.change(client.name(), LanInterfacesTest::withFurtherBroadcasts));
        service = ServiceProcess.start(network.gateway(), config);
    }

    /** Of the addresses that eth1 gets below. */
    private static StaticTunnel withFurtherBroadcasts(StaticTunnel tunnel) {
        final List<String> remoteTs = new ArrayList<>(tunnel.remoteTs());
        remoteTs.addAll(List.of("10.8.255.255", "10.9.255.255"));
        return tunnel.withRemoteTs(remoteTs.toArray(String[]::new));
    }

    @AfterAll
    static void stop() {
        service.close();
        network.close();
    }

    @AfterEach
    void nothingWasRestarted() {
        final long pid = service.awaitStatus("balance its counters", status -> status.isBalanced())
                .json()
                .get("pid")
                .getAsLong();
        assertEquals(service.pid(), pid);
        assertEquals(
                1,
                service.log().lines().filter(line -> line.contains("running: ")).count(),
                service.log());
        assertTrue(service.log().lines().noneMatch(line -> line.contains("ERROR")), service.log());
    }

    /** F2: the plugin knows one LAN interface. */
    @Test
    void shouldForwardATunnelsPacketsToEveryLan() {
        try (Watch watch = new Watch(alice, bob, carol, dave)) {
            final int toGroup = NumberedPacket.send(carol, GROUP);
            final int toAll = NumberedPacket.send(carol, "255.255.255.255");
            final int toFirst = NumberedPacket.send(carol, "10.1.255.255");
            final int toSecond = NumberedPacket.send(carol, "10.2.255.255");

            watch.expect(alice, toGroup, toAll, toFirst, toSecond);
            watch.expect(bob, toGroup, toAll, toFirst, toSecond);
            watch.expect(carol);
            watch.expect(dave);
        }
    }

    @Test
    void shouldNotForwardFromOneLanToTheOther() {
        try (Watch watch = new Watch(alice, bob, carol, dave)) {
            final int fromAlice = NumberedPacket.send(alice, GROUP);
            watch.expect(carol, fromAlice);
            final int fromBob = NumberedPacket.send(bob, GROUP);
            watch.expect(carol, fromAlice, fromBob);
            watch.expect(dave, fromAlice, fromBob);
            final int fromCarol = NumberedPacket.send(carol, GROUP);

            watch.expect(alice, fromCarol);
            watch.expect(bob, fromCarol);
        }
    }

    @Test
    void shouldForwardTheBroadcastsOfEachLan() {
        try (Watch watch = new Watch(alice, bob, carol, dave)) {
            final int ofFirst = NumberedPacket.send(alice, "10.1.255.255");
            watch.expect(carol, ofFirst);
            final int ofSecond = NumberedPacket.send(bob, "10.2.255.255");
            watch.expect(carol, ofFirst, ofSecond);
            final int limited = NumberedPacket.send(bob, "255.255.255.255");

            watch.expect(carol, ofFirst, ofSecond, limited);
            watch.expect(dave, ofFirst, ofSecond, limited);
        }
    }

    @Test
    void shouldDoWithoutALanThatIsDownAndTakeItUpAgain() {
        try (Watch watch = new Watch(alice, carol)) {
            network.gateway().lanDown("eth2");
            awaitLan("eth2", lan -> isState(lan, "waiting"));
            final int whileDown = NumberedPacket.send(carol, GROUP);
            watch.expect(alice, whileDown);
            final int fromAlice = NumberedPacket.send(alice, GROUP);
            watch.expect(carol, fromAlice);
        } finally {
            network.gateway().lanUp("eth2");
        }
        awaitLan("eth2", lan -> isState(lan, "up"));
        shouldForwardBetweenBobAndTheTunnels();
    }

    /** A packet socket whose interface went down stays readable until somebody asks for the error. */
    @Test
    void shouldRestWhileALanIsDown() throws InterruptedException {
        network.gateway().lanDown("eth2");
        try {
            awaitLan("eth2", lan -> isState(lan, "waiting"));
            final Duration before = cpuTime();
            Thread.sleep(OBSERVED.toMillis());
            final Duration used = cpuTime().minus(before);

            assertTrue(used.compareTo(OBSERVED.dividedBy(2)) < 0, "used " + used + " of " + OBSERVED);
        } finally {
            network.gateway().lanUp("eth2");
        }
        awaitLan("eth2", lan -> isState(lan, "up"));
    }

    private static Duration cpuTime() {
        return ProcessHandle.of(service.pid())
                .orElseThrow()
                .info()
                .totalCpuDuration()
                .orElseThrow();
    }

    @Test
    void shouldFollowALanThatIsDeletedAndCreatedAgain() {
        final int index = lan("eth2").get("index").getAsInt();
        network.gateway().deleteLan("eth2");
        awaitLan("eth2", lan -> isState(lan, "waiting"));
        network.gateway().createLan("eth2");

        final JsonObject created =
                awaitLan("eth2", lan -> isState(lan, "up") && broadcasts(lan).equals(List.of("10.2.255.255")));
        assertNotEquals(index, created.get("index").getAsInt());
        shouldForwardBetweenBobAndTheTunnels();
        assertTrue(groupsJoinedOn("eth2").contains(GROUP));
    }

    @Test
    void shouldLeaveAnInterfaceThatGetsAnotherName() {
        network.gateway().ip("link set eth2 name other");
        try (Watch watch = new Watch(alice, bob, carol)) {
            awaitLan("eth2", lan -> isState(lan, "waiting"));
            assertEquals(List.of("224.0.0.1"), groupsJoinedOn("other"));
            final long captured = captured();
            NumberedPacket.send(bob, GROUP);
            final int fromAlice = NumberedPacket.send(alice, GROUP);
            watch.expect(carol, fromAlice);
            final int fromCarol = NumberedPacket.send(carol, GROUP);
            watch.expect(alice, fromCarol);
            watch.expect(bob);
            assertEquals(captured + 2, captured());
        } finally {
            network.gateway().ip("link set other name eth2");
        }
        awaitLan("eth2", lan -> isState(lan, "up"));
        shouldForwardBetweenBobAndTheTunnels();
    }

    private static long captured() {
        return service.awaitStatus("balance its counters", status -> status.isBalanced())
                .counter(Counter.CAPTURED);
    }

    private void shouldForwardBetweenBobAndTheTunnels() {
        try (Watch watch = new Watch(alice, bob, carol, dave)) {
            final int toLans = NumberedPacket.send(carol, GROUP);
            watch.expect(bob, toLans);
            watch.expect(alice, toLans);
            final int toGroup = NumberedPacket.send(bob, GROUP);
            final int toNetwork = NumberedPacket.send(bob, "10.2.255.255");
            watch.expect(carol, toGroup, toNetwork);
            watch.expect(dave, toGroup, toNetwork);
        }
    }

    @Test
    void shouldForwardTheBroadcastOfTheAddressThatALanHasNow() {
        changeAddress("10.1.0.1", "10.9.0.1");
        try (Watch watch = new Watch(alice, carol)) {
            awaitLan("eth1", lan -> broadcasts(lan).equals(List.of("10.9.255.255")));
            NumberedPacket.send(alice, "10.1.255.255");
            final int fromLan = NumberedPacket.send(alice, "10.9.255.255");
            watch.expect(carol, fromLan);
            NumberedPacket.send(carol, "10.1.255.255");
            final int fromTunnel = NumberedPacket.send(carol, "10.9.255.255");
            watch.expect(alice, fromTunnel);
        } finally {
            changeAddress("10.9.0.1", "10.1.0.1");
        }
        awaitLan("eth1", lan -> broadcasts(lan).equals(List.of("10.1.255.255")));
        shouldForwardTheBroadcastsOfEachLan();
    }

    private static void changeAddress(String old, String latest) {
        network.gateway()
                .ip("address add " + latest + "/16 broadcast + dev eth1", "address del " + old + "/16 dev eth1");
    }

    @Test
    void shouldForwardTheBroadcastOfASecondAddress() {
        network.gateway().ip("address add 10.8.0.1/16 broadcast + dev eth1");
        try (Watch watch = new Watch(carol)) {
            awaitLan("eth1", lan -> broadcasts(lan).equals(List.of("10.1.255.255", "10.8.255.255")));
            final int toSecond = NumberedPacket.send(alice, "10.8.255.255");
            final int toFirst = NumberedPacket.send(alice, "10.1.255.255");
            watch.expect(carol, toSecond, toFirst);
        } finally {
            network.gateway().ip("address del 10.8.0.1/16 dev eth1");
        }
        awaitLan("eth1", lan -> broadcasts(lan).equals(List.of("10.1.255.255")));
    }

    @Test
    void shouldJoinTheGroupsOnEachLanAndReportThemWhenItComesUp() {
        final List<String> groups = List.of("224.0.0.22", "224.0.0.251", "224.0.0.252", GROUP);
        assertTrue(
                groupsJoinedOn("eth1").containsAll(groups),
                groupsJoinedOn("eth1").toString());
        assertTrue(
                groupsJoinedOn("eth2").containsAll(groups),
                groupsJoinedOn("eth2").toString());

        network.gateway().lanDown("eth2");
        awaitLan("eth2", lan -> isState(lan, "waiting"));
        try (Tap reports = bob.tap(arrival -> isReportOf(arrival, GROUP))) {
            network.gateway().lanUp("eth2");
            awaitLan("eth2", lan -> isState(lan, "up"));
            reports.awaitPackets(1, SOON);
        }
        assertTrue(
                groupsJoinedOn("eth2").containsAll(groups),
                groupsJoinedOn("eth2").toString());
    }

    /** IGMPv3 (RFC 3376, section 4.2): group records from byte 8 on, those of a join without sources, so 8 bytes each. */
    private static boolean isReportOf(Arrival arrival, String group) {
        if (arrival.packet().protocol() != 2) {
            return false;
        }
        final ByteBuffer report = ByteBuffer.wrap(arrival.packet().body());
        boolean isFound = false;
        for (int record = 8; record + 8 <= report.limit(); record += 8) {
            final byte[] address = Arrays.copyOfRange(report.array(), record + 4, record + 8);
            isFound |= String.format(
                            "%d.%d.%d.%d", address[0] & 0xff, address[1] & 0xff, address[2] & 0xff, address[3] & 0xff)
                    .equals(group);
        }
        return isFound;
    }

    private static List<String> groupsJoinedOn(String interfaceName) {
        return JoinedGroups.on(network.gateway(), interfaceName);
    }

    private static JsonObject awaitLan(String name, Predicate<JsonObject> condition) {
        return service.awaitStatus("follow " + name, status -> condition.test(status.lan(name)))
                .lan(name);
    }

    private static JsonObject lan(String name) {
        return awaitLan(name, lan -> true);
    }

    private static boolean isState(JsonObject lan, String state) {
        return lan.get("state").getAsString().equals(state);
    }

    private static List<String> broadcasts(JsonObject lan) {
        final JsonArray broadcasts = lan.getAsJsonArray("broadcasts");
        final List<String> addresses = new ArrayList<>();
        if (broadcasts != null) {
            broadcasts.forEach(address -> addresses.add(address.getAsString()));
        }
        return addresses;
    }
}
