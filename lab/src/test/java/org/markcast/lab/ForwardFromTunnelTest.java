// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Gateway.Departure;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.engine.counter.Counter;

/** From one SA to the LAN and to the others: carol and dave of child rw, erin of child site, and frank who has no SA. */
@NetworkNamespaceTest
class ForwardFromTunnelTest {

    private static final String CAROL = "10.1.1.1";
    private static final String DAVE = "10.1.1.2";
    private static final String ERIN = "10.1.1.3";
    private static final String MDNS = "224.0.0.251";
    private static final List<String> DESTINATIONS =
            List.of(MDNS, "239.255.255.250", "255.255.255.255", "10.1.255.255");

    @AutoClose
    private static Scene scene;

    @BeforeAll
    static void start() {
        scene = Scene.start(
                Scene.network()
                        .client("carol", 1, 101)
                        .client("dave", 2, 102)
                        .client("erin", 3, 103)
                        .client("frank", 4, 104),
                config -> withSas(config).reinject("rw"));
    }

    private static ServiceConfig withSas(ServiceConfig config) {
        return config.without("frank").change("erin", sa -> sa.withChild("site"));
    }

    @Test
    void shouldSendTheLanOneFrameEachWithTheRightAddress() { // the address is judged of every arrival
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = packetsFrom(ERIN);
            packets.forEach(scene.client("erin")::send);

            seen.settle(new Books().forwarded(4).sent(4));
            assertEquals(packets, seen.atAlice());
            assertEquals(List.of(), seen.at("carol"));
            assertEquals(List.of(), seen.at("dave"));
            assertEquals(List.of(), seen.at("erin"));
            DESTINATIONS.forEach(
                    destination -> assertEquals(1, seen.departed().get(new Departure("eth1", 0, destination))));
        }
    }

    @Test
    void shouldReinjectToAllOthersAndNeverToTheOriginF16() {
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = packetsFrom(CAROL);
            packets.forEach(scene.client("carol")::send);

            seen.settle(new Books().forwarded(4).sent(12));
            assertEquals(packets, seen.atAlice());
            assertEquals(List.of(), seen.at("carol"));
            assertEquals(packets, seen.at("dave"));
            assertEquals(packets, seen.at("erin")); // whose own child is not in reinject: the sender's counts
            assertEquals(List.of(), seen.at("frank"));
        }
    }

    @Test
    void shouldNotReinjectWhatComesFromAChildThatIsNotInReinjectF16() {
        try (Observation seen = scene.observe()) {
            scene.client("erin").send(packetFrom(ERIN, MDNS));
            scene.client("dave").send(packetFrom(DAVE, MDNS));

            seen.settle(new Books().forwarded(2).sent(4));
            assertEquals(List.of(packetFrom(ERIN, MDNS), packetFrom(DAVE, MDNS)), seen.atAlice());
            assertEquals(List.of(packetFrom(DAVE, MDNS)), seen.at("carol"));
            assertEquals(List.of(), seen.at("dave")); // child rw, but that is the receiver's
            assertEquals(List.of(packetFrom(DAVE, MDNS)), seen.at("erin"));
        }
    }

    @Test
    void shouldReinjectNothingUnlessToldTo() {
        scene.configure(ForwardFromTunnelTest::withSas);
        try (Observation seen = scene.observe()) {
            scene.client("carol").send(packetFrom(CAROL, MDNS));
            scene.client("erin").send(packetFrom(ERIN, "255.255.255.255"));

            seen.settle(new Books().forwarded(2).sent(2));
            assertEquals(List.of(packetFrom(CAROL, MDNS), packetFrom(ERIN, "255.255.255.255")), seen.atAlice());
            assertEquals(2, seen.sum());
        } finally {
            scene.configure(config -> withSas(config).reinject("rw"));
        }
    }

    @Test
    void shouldDropASpoofedSourceF9() {
        try (Observation seen = scene.observe()) {
            for (final String source : List.of(DAVE, "10.1.0.10", "10.1.0.1", "192.0.2.1")) {
                scene.client("carol").send(packetFrom(source, MDNS));
            }

            seen.settle(new Books().dropped(Counter.DROPPED_SPOOFED, 4));
            assertNothingArrived(seen);
        }
    }

    @Test
    void shouldKeepDhcpInItsNetworkF8() {
        try (Observation seen = scene.observe()) {
            scene.client("carol")
                    .send(Ipv4Packet.udp("0.0.0.0", 68, "255.255.255.255", 67, Payload.of(300))
                            .build());
            scene.client("carol")
                    .send(Ipv4Packet.udp(CAROL, 67, "255.255.255.255", 68, Payload.of(300))
                            .build());

            seen.settle(new Books().dropped(Counter.DROPPED_DHCP, 2));
            assertNothingArrived(seen);
        }
    }

    @Test
    void shouldForwardWhatOnlyLooksLikeDhcpF8() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet packet = Ipv4Packet.udp(ERIN, 5353, MDNS, 5353, Payload.of(30))
                    .options((byte) 0, (byte) 68, (byte) 0, (byte) 67)
                    .build();
            scene.client("erin").send(packet);

            seen.settle(new Books().forwarded(1).sent(1));
            assertEquals(List.of(packet), seen.atAlice());
        }
    }

    @Test
    void shouldDropAMarkThatNoSaHas() {
        try (Observation seen = scene.observe()) {
            scene.client("frank").send(packetFrom("10.1.1.4", MDNS));
            scene.client("frank").send(packetFrom(CAROL, "255.255.255.255")); // the source alone proves nothing

            seen.settle(new Books().dropped(Counter.DROPPED_UNKNOWN_MARK, 2));
            assertNothingArrived(seen);
        }
    }

    @Test
    void shouldLeaveUnicastAlone() {
        try (Observation seen = scene.observe()) {
            scene.client("carol").send(packetFrom(CAROL, DAVE));
            scene.client("carol").send(packetFrom(CAROL, "10.1.0.10"));
            scene.client("carol").send(packetFrom(CAROL, "10.2.255.255"));

            seen.settle(new Books());
            assertNothingArrived(seen);
        }
    }

    @Test
    void shouldDropMalformedPacketsAndGoOn() {
        try (Observation seen = scene.observe()) {
            final byte[] badVersion = packetFrom(CAROL, MDNS).bytes();
            badVersion[0] = 0x65;
            final byte[] tooLong = packetFrom(CAROL, MDNS).bytes();
            tooLong[2] = 5;
            scene.client("carol").send(badVersion);
            scene.client("carol").send(tooLong);
            scene.client("carol").send(packetFrom("239.1.1.1", MDNS));
            scene.client("carol").send(packetFrom(CAROL, MDNS));

            seen.settle(new Books()
                    .dropped(Counter.DROPPED_MALFORMED, 3)
                    .forwarded(1)
                    .sent(3));
            assertEquals(List.of(packetFrom(CAROL, MDNS)), seen.atAlice());
        }
    }

    @Test
    void shouldCompleteTheChecksumThatAClientOnThisMachineLeftUnfinishedF17() {
        try (Observation seen = scene.observe()) {
            scene.client("carol").sendUdp(5353, MDNS, 5353, Payload.of(77), 255, true);

            seen.settle(new Books().forwarded(1).sent(3).completed(1));
            final Arrival original = seen.from(scene.client("carol")).get(0);
            assertTrue(original.isChecksumUnfinished());
            final Ipv4Packet whole = Ipv4Packet.udp(CAROL, 5353, MDNS, 5353, Payload.of(77))
                    .identification(original.packet().identification())
                    .timeToLive(255)
                    .dontFragment()
                    .build();
            assertEquals(List.of(whole), seen.atAlice());
            assertEquals(List.of(whole), seen.at("dave"));
            assertEquals(List.of(whole), seen.at("erin"));
        }
    }

    @Test
    void shouldSendABurstToAllInOrderF5() {
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = new ArrayList<>();
            for (int i = 1; i <= 100; i++) {
                packets.add(Ipv4Packet.udp(CAROL, 5353, DESTINATIONS.get(i % 4), 5353, Payload.of(i * 14))
                        .identification(i)
                        .build());
            }
            packets.forEach(scene.client("carol")::send);

            seen.settle(new Books().forwarded(100).sent(300));
            assertEquals(packets, seen.atAlice());
            assertEquals(packets, seen.at("dave"));
            assertEquals(packets, seen.at("erin"));
            assertEquals(List.of(), seen.at("carol"));
        }
    }

    private static List<Ipv4Packet> packetsFrom(String source) {
        return DESTINATIONS.stream()
                .map(destination -> packetFrom(source, destination))
                .toList();
    }

    private static Ipv4Packet packetFrom(String source, String destination) {
        return Ipv4Packet.udp(source, 5353, destination, 5353, Payload.of(120))
                .timeToLive(255)
                .build();
    }

    private static void assertNothingArrived(Observation seen) {
        assertEquals(List.of(), seen.atAlice());
        scene.emulation().clients().forEach(client -> assertEquals(List.of(), seen.at(client.name()), client::name));
        assertEquals(Map.of(), seen.departed());
    }
}
