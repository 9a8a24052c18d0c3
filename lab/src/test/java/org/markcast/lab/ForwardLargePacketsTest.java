// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.engine.counter.Counter;

/** From a LAN with an MTU of 65,535 to tunnels of 1,500 (carol), 9,000 (dave) and 65,535 bytes (erin). */
@NetworkNamespaceTest
class ForwardLargePacketsTest {

    private static final String ALICE = "10.1.0.10";
    private static final String MDNS = "224.0.0.251";
    private static final int LARGEST_PAYLOAD = 65_507;

    @AutoClose
    private static Scene scene;

    @BeforeAll
    static void start() {
        scene = Scene.start(Scene.network()
                .lanMtu(65_535)
                .tunnelMtu(65_535)
                .client("carol", 1, 101)
                .client("dave", 2, 102)
                .client("erin", 3, 103));
        scene.gateway().ip("link set tun1 mtu 1500", "link set tun2 mtu 9000");
    }

    @Test
    void shouldFragmentAJumboPacketForASmallTunnelOnlyF6F7() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet jumbo = udp(8972).identification(4242).build();
            assertEquals(9000, jumbo.totalLength());
            scene.alice().send(jumbo);

            seen.settle(new Books().forwarded(1).sent(3).fragmented(1));
            assertFragments(jumbo, 1500, seen.at("carol"));
            assertEquals(7, seen.at("carol").size()); // 8980 bytes, 1480 a fragment
            assertEquals(List.of(jumbo), seen.at("dave"));
            assertEquals(List.of(jumbo), seen.at("erin"));
        }
    }

    @Test
    void shouldDropAJumboPacketWithDontFragmentForASmallTunnelOnlyF7() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet jumbo = udp(8972).dontFragment().build();
            final Ipv4Packet fitting = udp(1472).dontFragment().build();
            scene.alice().send(jumbo);
            scene.alice().send(fitting);

            seen.settle(new Books().forwarded(2).sent(5).failed(Counter.COPIES_TOO_BIG, 1));
            assertEquals(List.of(fitting), seen.at("carol"));
            assertEquals(List.of(jumbo, fitting), seen.at("dave"));
            assertEquals(List.of(jumbo, fitting), seen.at("erin"));
        }
    }

    @Test
    void shouldForwardTheLargestPacketThereIsF6() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet largest = udp(LARGEST_PAYLOAD).build();
            assertEquals(65_535, largest.totalLength());
            scene.alice().send(largest);

            seen.settle(new Books().forwarded(1).sent(3).fragmented(2));
            assertFragments(largest, 1500, seen.at("carol"));
            assertFragments(largest, 9000, seen.at("dave"));
            assertEquals(List.of(largest), seen.at("erin"));
        }
    }

    @Test
    void shouldCompleteTheChecksumOfALargePacketBeforeFragmentingItF17() {
        try (Observation seen = scene.observe()) {
            scene.alice().sendUdp(5353, MDNS, 5353, Payload.of(LARGEST_PAYLOAD), 255, false);
            scene.alice().sendUdp(5353, MDNS, 5353, Payload.of(8971), 255, true);

            seen.settle(new Books()
                    .forwarded(2)
                    .sent(5)
                    .failed(Counter.COPIES_TOO_BIG, 1)
                    .fragmented(2)
                    .completed(2));
            assertTrue(seen.from(scene.alice()).stream().allMatch(Arrival::isChecksumUnfinished));
            final Ipv4Packet atErin = seen.at("erin").get(0);
            assertArrayEquals(Payload.of(LARGEST_PAYLOAD), atErin.udpPayload());
            assertTrue(atErin.udpChecksum() != 0 && atErin.isUdpChecksumValid());
            assertFragments(atErin, 1500, seen.at("carol"));
            assertFragments(atErin, 9000, seen.at("dave").subList(0, 8));
            assertEquals(seen.at("erin").get(1), seen.at("dave").get(8));
        }
    }

    @Test
    void shouldFragmentAFragmentF7() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet whole = udp(20_000).identification(99).build();
            final List<Ipv4Packet> fragments = whole.fragments(9000);
            fragments.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(3).sent(9).fragmented(3));
            assertFragments(whole, 1500, seen.at("carol"));
            assertEquals(fragments, seen.at("dave"));
            assertEquals(fragments, seen.at("erin"));
        }
    }

    /** RFC 791, section 3.1: the router alert goes into each fragment, the recorded route into the first alone. */
    @Test
    void shouldCopyTheOptionsThatAreToBeCopiedF7() {
        final byte[] options = {7, 7, 4, 0, 0, 0, 0, (byte) 0x94, 4, 0, 0, 0};
        try (Observation seen = scene.observe()) {
            final Ipv4Packet packet = udp(3000).options(options).build();
            scene.alice().send(packet);

            seen.settle(new Books().forwarded(1).sent(3).fragmented(1));
            final List<Ipv4Packet> fragments = seen.at("carol");
            assertFragments(packet, 1500, fragments);
            for (final Ipv4Packet later : fragments.subList(1, fragments.size())) {
                assertArrayEquals(new byte[] {(byte) 0x94, 4, 0, 0}, later.options());
            }
        }
    }

    /** The kernel would otherwise choose another one for each (raw(7)). */
    @Test
    void shouldGiveAllFragmentsOfAPacketOneIdentificationF7() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet packet = udp(4000).identification(0).build();
            scene.alice().send(packet);

            seen.settle(new Books().forwarded(1).sent(3).fragmented(1));
            final Ipv4Packet whole = Ipv4Packet.reassemble(seen.at("carol"));
            assertNotEquals(0, whole.identification());
            assertArrayEquals(packet.body(), whole.body());
        }
    }

    @Test
    void shouldKeepTheOrderOfLargeAndSmallPacketsF5F7() {
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = new ArrayList<>();
            for (int i = 1; i <= 60; i++) {
                packets.add(udp(i % 2 == 0 ? 2000 + i : i).identification(i).build());
            }
            packets.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(60).sent(180).fragmented(30));
            final List<Integer> identifications = seen.at("carol").stream()
                    .filter(packet -> packet.fragmentOffset() == 0)
                    .map(Ipv4Packet::identification)
                    .toList();
            assertEquals(packets.stream().map(Ipv4Packet::identification).toList(), identifications);
            assertEquals(90, seen.at("carol").size());
            assertEquals(packets, seen.at("dave"));
            assertEquals(packets, seen.at("erin"));
        }
    }

    private static Ipv4Packet.Builder udp(int payloadLength) {
        return Ipv4Packet.udp(ALICE, 5353, MDNS, 5353, Payload.of(payloadLength))
                .timeToLive(255);
    }

    /** In order, none larger than the MTU, and all but the last filled: together the packet, byte by byte. */
    static void assertFragments(Ipv4Packet packet, int mtu, List<Ipv4Packet> fragments) {
        assertTrue(fragments.size() > 1, fragments::toString);
        assertEquals(packet, Ipv4Packet.reassemble(fragments));
        int offset = -1;
        for (final Ipv4Packet fragment : fragments) {
            assertTrue(fragment.fragmentOffset() > offset, fragments::toString);
            assertTrue(fragment.totalLength() <= mtu, fragments::toString);
            assertFalse(fragment.isDontFragment(), fragments::toString);
            assertEquals(packet.timeToLive(), fragment.timeToLive());
            offset = fragment.fragmentOffset();
        }
    }
}
