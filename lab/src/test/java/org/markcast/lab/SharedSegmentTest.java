// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.daemon.emulation.Tap;
import org.markcast.engine.counter.Counter;

/**
 * Two LAN interfaces in one and the same Ethernet.
 *
 * <pre>
 *                               +-- lan0 +---------+ tun1 ---- carol
 *   alice ---- eth1 [bridge br0]         | gateway |
 *                               +-- lan1 +---------+ tun2 ---- dave
 * </pre>
 */
@NetworkNamespaceTest
class SharedSegmentTest {

    private static final String GROUP = "224.0.0.251";
    private static final int PACKETS = 20;

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
                .ip(
                        "link add br0 type bridge mcast_snooping 0",
                        "link add lan0 type veth peer name port0",
                        "link add lan1 type veth peer name port1",
                        "link set port0 master br0 up",
                        "link set port1 master br0 up",
                        "address del 10.1.0.1/16 dev eth1",
                        "link set eth1 master br0",
                        "link set br0 up",
                        "address add 10.1.0.1/16 broadcast + dev lan0",
                        "address add 10.1.0.2/16 broadcast + dev lan1",
                        "link set lan0 up",
                        "link set lan1 up");
        awaitBridge();
        final ServiceConfig config = new ServiceConfig("lan0", "lan1");
        for (final Client client : network.clients()) {
            config.with(network.tunnel(client.name(), client.markIn(), client.markOut(), client.address()));
        }
        service = ServiceProcess.start(
                network.gateway(), config.reinject("rw").set("forwarders", "2")); // each tells duplicates by itself
    }

    /** Until all ports have a carrier, the bridge drops what it should flood. */
    private static void awaitBridge() {
        try (Tap first = network.gateway().tap("lan0", NumberedPacket::isOne);
                Tap second = network.gateway().tap("lan1", NumberedPacket::isOne)) {
            final long deadlineNs = System.nanoTime() + Watch.SOON.toNanos();
            while (first.packets().isEmpty() || second.packets().isEmpty()) {
                if (System.nanoTime() > deadlineNs) {
                    throw new IllegalStateException("the bridge does not forward");
                }
                NumberedPacket.send(alice, GROUP);
            }
        }
    }

    @AfterAll
    static void stop() {
        service.close();
        network.close();
    }

    @Test
    void shouldSendOneCopyOfWhatArrivesOnTwoInterfaces() {
        final ServiceStatus before = balanced();
        final List<Integer> sent = new ArrayList<>();
        try (Watch watch = new Watch(carol, dave)) {
            for (int i = 0; i < PACKETS; i++) {
                sent.add(NumberedPacket.send(alice, i % 2 == 0 ? GROUP : "10.1.255.255"));
            }
            final ServiceStatus after = await(before, 2 * PACKETS, 2 * PACKETS);
            watch.expect(carol, sent.toArray(Integer[]::new));
            watch.expect(dave, sent.toArray(Integer[]::new));
            assertEquals(PACKETS, difference(before, after, Counter.FORWARDED));
            assertEquals(PACKETS, difference(before, after, Counter.DROPPED_DUPLICATE));
            assertEquals(2 * PACKETS, difference(before, after, Counter.COPIES_SENT));
        }
    }

    /** What is sent to one of the interfaces comes back by the other. */
    @Test
    void shouldNotForwardItsOwnFramesThatComeBack() {
        final ServiceStatus before = balanced();
        try (Watch watch = new Watch(alice, carol, dave)) {
            for (int i = 0; i < PACKETS; i++) {
                NumberedPacket.send(carol, GROUP);
            }
            final ServiceStatus after = await(before, 3 * PACKETS, 3 * PACKETS);
            assertEquals(PACKETS, difference(before, after, Counter.FORWARDED));
            assertEquals(2 * PACKETS, difference(before, after, Counter.DROPPED_LOOP));
            assertEquals(3 * PACKETS, difference(before, after, Counter.COPIES_SENT));

            final int last = NumberedPacket.send(alice, GROUP);
            final ServiceStatus end = await(after, 2, 2);
            assertEquals(2, difference(after, end, Counter.CAPTURED), "a storm");
            watch.expect(carol, last);
            assertEquals(PACKETS + 1, watch.numbers(dave).size());
            assertEquals(2 * PACKETS, watch.numbers(alice).size(), "one from each interface");
        }
    }

    private static ServiceStatus balanced() {
        return service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
    }

    private static ServiceStatus await(ServiceStatus before, long packets, long copies) {
        return service.awaitStatus(
                "send " + copies + " copies of " + packets + " packets",
                status -> status.isBalanced()
                        && difference(before, status, Counter.CAPTURED) >= packets
                        && difference(before, status, Counter.COPIES_SENT) >= copies);
    }

    private static long difference(ServiceStatus before, ServiceStatus after, Counter counter) {
        return after.counter(counter) - before.counter(counter);
    }
}
