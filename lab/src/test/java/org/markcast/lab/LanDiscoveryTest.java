// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;

/** A service that starts before its LAN is there, or that has to choose one. */
@NetworkNamespaceTest
class LanDiscoveryTest {

    private static final String GROUP = "224.0.0.251";

    private static EmulatedNetwork network;

    @BeforeAll
    static void build() {
        network = EmulatedNetwork.builder()
                .lan("alice")
                .lan("bob")
                .client("carol", 1, 101)
                .build();
    }

    @AfterAll
    static void close() {
        network.close();
    }

    @Test
    void shouldAwaitAnInterfaceThatDoesNotExistYet() {
        network.gateway().deleteLan("eth1");
        final ServiceConfig config = config("eth1");
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), config)) {
            assertTrue(
                    service.log().contains("interface eth1 does not exist or is down, waiting for it"), service.log());
            assertEquals("waiting", state(service, "eth1"));

            network.gateway().createLan("eth1");
            awaitUp(service, "eth1");
            shouldForwardBothWays(network.host("alice"));
            assertTrue(JoinedGroups.on(network.gateway(), "eth1").contains("239.255.255.250"));
        }
    }

    @Test
    void shouldTakeTheFirstUsableInterfaceAndKeepIt() {
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), config())) {
            final List<String> chosen = interfaces(service);
            assertEquals(1, chosen.size());
            final String name = chosen.get(0); // the one with the lower index: the tests create them again
            final Host host = network.host(name.equals("eth1") ? "alice" : "bob");
            shouldForwardBothWays(host);

            network.gateway().lanDown(name);
            service.awaitStatus("miss " + name, status -> state(status, name).equals("waiting"));
            assertEquals(chosen, interfaces(service));
            service.reload(config().set("strict_groups", "no"));
            assertEquals(chosen, interfaces(service), "after a reload: the other one may be the uplink");

            network.gateway().lanUp(name);
            awaitUp(service, name);
            shouldForwardBothWays(host);
        }
    }

    @Test
    void shouldChooseAnInterfaceAsSoonAsThereIsOne() {
        network.gateway().lanDown("eth1");
        network.gateway().lanDown("eth2");
        try (ServiceProcess service = ServiceProcess.start(network.gateway(), config())) {
            assertEquals(List.of(), interfaces(service));

            network.gateway().lanUp("eth2");
            service.awaitStatus("choose eth2", status -> names(status).equals(List.of("eth2")));
            awaitUp(service, "eth2");
            network.gateway().lanUp("eth1");
            shouldForwardBothWays(network.host("bob"));
            assertEquals(List.of("eth2"), interfaces(service));
        } finally {
            network.gateway().lanUp("eth1");
            network.gateway().lanUp("eth2");
        }
    }

    private static ServiceConfig config(String... interfaces) {
        return new ServiceConfig(interfaces)
                .with(network.tunnel(
                        "carol",
                        network.client("carol").markIn(),
                        network.client("carol").markOut(),
                        "10.1.1.1"));
    }

    private static void shouldForwardBothWays(Host host) {
        try (Watch watch = new Watch(host, network.client("carol"))) {
            final int toTunnel = NumberedPacket.send(host, GROUP);
            watch.expect(network.client("carol"), toTunnel);
            final int toLan = NumberedPacket.send(network.client("carol"), GROUP);
            watch.expect(host, toLan);
        }
    }

    private static void awaitUp(ServiceProcess service, String name) {
        service.awaitStatus("take up " + name, status -> state(status, name).equals("up"));
    }

    private static String state(ServiceProcess service, String name) {
        return state(service.awaitStatus("answer", status -> true), name);
    }

    private static String state(ServiceStatus status, String name) {
        return status.lan(name).get("state").getAsString();
    }

    private static List<String> interfaces(ServiceProcess service) {
        return names(service.awaitStatus("answer", status -> true));
    }

    private static List<String> names(ServiceStatus status) {
        final List<String> names = new ArrayList<>();
        for (final JsonElement lan : status.json().getAsJsonArray("interfaces")) {
            names.add(lan.getAsJsonObject().get("name").getAsString());
        }
        return names;
    }
}
