// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.engine.counter.Counter;

/** A service that stands still while packets arrive: what the kernel cannot keep for it is counted, the rest is forwarded. */
@NetworkNamespaceTest
class KernelDropsTest {

    private static final String GROUP = "224.0.0.251";
    private static final int MORE_THAN_A_RING = 12_000;
    private static final int MORE_THAN_A_SOCKET_BUFFER = 30_000;

    private static EmulatedNetwork network;
    private static ServiceProcess service;

    @BeforeAll
    static void start() {
        network = EmulatedNetwork.builder().lan("alice").client("carol", 1, 101).build();
        service = ServiceProcess.start(network.gateway(), network.serviceConfig());
    }

    @AfterAll
    static void stop() {
        service.close();
        network.close();
    }

    @Test
    void shouldCountWhatTheKernelDroppedOnTheLan() {
        final ServiceStatus before = balanced();
        sendWhileItStands(network.host("alice"), MORE_THAN_A_RING);

        final ServiceStatus after = awaitAll(before, MORE_THAN_A_RING);
        final long dropped = lanDrops(after) - lanDrops(before);
        assertTrue(dropped > 0 && dropped < MORE_THAN_A_RING, dropped + " dropped");
        final long captured = after.counter(Counter.CAPTURED) - before.counter(Counter.CAPTURED);
        assertEquals(MORE_THAN_A_RING, captured + dropped);
        assertEquals(captured, after.counter(Counter.FORWARDED) - before.counter(Counter.FORWARDED));
        assertEquals(
                lanDrops(after), SharedCounters.map(service).value("kernel drops on eth1"), "for other processes too");
        shouldForwardAgain();
    }

    @Test
    void shouldCountWhatTheKernelDroppedOfDecapsulatedPackets() {
        final ServiceStatus before = balanced();
        sendWhileItStands(network.client("carol"), MORE_THAN_A_SOCKET_BUFFER);

        final ServiceStatus after = awaitAll(before, MORE_THAN_A_SOCKET_BUFFER);
        final long dropped = decapsulatedDrops(after) - decapsulatedDrops(before);
        assertTrue(dropped > 0 && dropped < MORE_THAN_A_SOCKET_BUFFER, dropped + " dropped");
        shouldForwardAgain();
    }

    private static void sendWhileItStands(Host sender, int packets) {
        service.signal("STOP");
        try {
            for (int i = 0; i < packets; i++) {
                NumberedPacket.send(sender, GROUP);
            }
        } finally {
            service.signal("CONT");
        }
    }

    private static void shouldForwardAgain() {
        final Client carol = network.client("carol");
        try (Watch watch = new Watch(carol)) {
            final int number = NumberedPacket.send(network.host("alice"), GROUP);
            watch.expect(carol, number);
        }
    }

    private static ServiceStatus balanced() {
        return service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
    }

    private static ServiceStatus awaitAll(ServiceStatus before, int packets) {
        return service.awaitStatus(
                "account for all packets", status -> status.isBalanced() && known(status) - known(before) == packets);
    }

    private static long known(ServiceStatus status) {
        return status.counter(Counter.CAPTURED) + lanDrops(status) + decapsulatedDrops(status);
    }

    private static long lanDrops(ServiceStatus status) {
        return status.lan("eth1").get("kernel_drops").getAsLong();
    }

    private static long decapsulatedDrops(ServiceStatus status) {
        return status.json().getAsJsonObject("decapsulated").get("kernel_drops").getAsLong();
    }
}
