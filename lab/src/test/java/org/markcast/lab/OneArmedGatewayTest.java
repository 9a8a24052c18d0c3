// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.engine.counter.Counter;

/**
 * A gateway with a single interface: what its tunnels bring appears on the LAN interface, and nothing but the mark tells it from
 * what LAN hosts send. Here "decapsulation" sets carol's mark on each packet with a time to live of 33.
 */
@NetworkNamespaceTest
class OneArmedGatewayTest {

    private static final String GROUP = "224.0.0.251";
    private static final int DECAPSULATED = 33;
    private static final int FROM_LAN = 64;

    private static EmulatedNetwork network;
    private static ServiceProcess service;
    private static Host alice;
    private static Client carol;
    private static Client dave;

    @BeforeAll
    static void start() {
        network = EmulatedNetwork.builder()
                .lan("alice")
                .client("carol", 1, 101)
                .client("dave", 2, 102)
                .build();
        alice = network.host("alice");
        carol = network.client("carol");
        dave = network.client("dave");
        network.gateway()
                .nft("table netdev onearmed { chain decapsulation {"
                        + " type filter hook ingress device eth1 priority 0; ip ttl " + DECAPSULATED
                        + " meta mark set 1; }; }");
        service =
                ServiceProcess.start(network.gateway(), network.serviceConfig().reinject("rw"));
    }

    @AfterAll
    static void stop() {
        service.close();
        network.close();
    }

    @Test
    void shouldTellATunnelsPacketsByTheirMark() {
        final ServiceStatus before = status();
        try (Watch watch = new Watch(alice, carol, dave)) {
            final int decapsulated = NumberedPacket.send(alice, carol.address(), GROUP, DECAPSULATED);
            watch.expect(alice, decapsulated);
            watch.expect(dave, decapsulated);
            final int broadcast = NumberedPacket.send(alice, carol.address(), "10.1.255.255", DECAPSULATED);
            watch.expect(alice, decapsulated, broadcast);
            watch.expect(dave, decapsulated, broadcast);
            final int last = NumberedPacket.send(alice, GROUP);
            watch.expect(carol, last);
        }
        assertEquals(packetsIn(before) + 2, packetsIn(status()));
    }

    @Test
    void shouldRefuseATunnelsPacketWithALanHostsAddress() {
        final ServiceStatus before = status();
        try (Watch watch = new Watch(alice, carol, dave)) {
            NumberedPacket.send(alice, alice.address(), GROUP, DECAPSULATED);
            final int last = NumberedPacket.send(alice, carol.address(), GROUP, DECAPSULATED);
            watch.expect(alice, last);
            watch.expect(dave, last);
            watch.expect(carol);
        }
        assertEquals(before.counter(Counter.DROPPED_SPOOFED) + 1, status().counter(Counter.DROPPED_SPOOFED));
    }

    /** F10: by its source address the plugin would take it for a tunnel's and echo it to the LAN. */
    @Test
    void shouldTakeALanPacketWithAClientsAddressForALanPacket() {
        final ServiceStatus before = status();
        try (Watch watch = new Watch(alice, carol, dave)) {
            // The SAs' local selectors hold the client's address: it lies in the LAN's network.
            final int fromLan = NumberedPacket.send(alice, carol.address(), GROUP, FROM_LAN);
            watch.expect(carol, fromLan);
            watch.expect(dave, fromLan);
            final int last = NumberedPacket.send(dave, GROUP);
            watch.expect(alice, last);
        }
        assertEquals(packetsIn(before), packetsIn(status()));
    }

    private static ServiceStatus status() {
        return service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
    }

    private static long packetsIn(ServiceStatus status) {
        return status.sa("carol").get("packets_in").getAsLong();
    }
}
