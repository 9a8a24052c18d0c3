// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.Gateway.Departure;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.Tap;
import org.markcast.linux.MarkedPacketSocket;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.PacketRing;
import org.markcast.linux.Poller;
import org.markcast.linux.RawSocket;
import org.markcast.linux.RouteMtu;
import org.markcast.linux.RouteNetlink;

/** The emulated network by itself, and the sockets that the service will use in it. */
@NetworkNamespaceTest
class EmulatedNetworkTest {

    private static final Duration SOON = Duration.ofSeconds(5);
    private static final int SOON_MS = (int) SOON.toMillis();
    private static final byte[] PAYLOAD = "who is there?".getBytes(StandardCharsets.US_ASCII);
    private static final int SINK_MARK = 4711;

    private static EmulatedNetwork network;

    @BeforeAll
    static void build() {
        network = EmulatedNetwork.builder()
                .lan("alice")
                .lan("bob")
                .lanMtu(9000)
                .client("carol", 1, 101)
                .client("dave", new Mark(0x200, 0xff00), new Mark(0x10200, 0x1ff00), "10.1.1.2", 0x2ab)
                .sink()
                .build();
    }

    @AfterAll
    static void close() {
        network.close();
    }

    @BeforeEach
    void forgetWhatWasSent() {
        network.gateway().resetSent();
    }

    @Test
    void shouldLeadEachOutboundMarkToItsClientAlone() {
        try (Tap carol = network.client("carol").tap();
                Tap dave = network.client("dave").tap()) {
            for (final String destination : List.of("224.0.0.251", "255.255.255.255", "10.1.255.255")) {
                sendFromGateway(101, packetTo(destination));
            }
            sendFromGateway(0x10200, packetTo("239.1.1.1"));

            final List<Arrival> atCarol = carol.awaitPackets(3, SOON);
            assertEquals(packetTo("224.0.0.251"), atCarol.get(0).packet());
            assertEquals(packetTo("255.255.255.255"), atCarol.get(1).packet());
            assertEquals(packetTo("10.1.255.255"), atCarol.get(2).packet());
            assertEquals(
                    packetTo("239.1.1.1"), dave.awaitPackets(1, SOON).get(0).packet());
            assertEquals(3, carol.packets().size());
            assertEquals(1, dave.packets().size());
        }
        assertEquals(
                Map.of(
                        new Departure("tun1", 101, "224.0.0.251"), 1L,
                        new Departure("tun1", 101, "255.255.255.255"), 1L,
                        new Departure("tun1", 101, "10.1.255.255"), 1L,
                        new Departure("tun2", 0x10200, "239.1.1.1"), 1L),
                network.gateway().sent());
    }

    @Test
    void shouldSwallowCopiesOfOtherMarksInTheSink() {
        final long before = network.gateway().sinkPackets();
        sendFromGateway(SINK_MARK, packetTo("224.0.0.251"));
        sendFromGateway(SINK_MARK, packetTo("10.1.255.255"));

        assertEquals(2, network.gateway().sinkPackets() - before);
        assertEquals(
                Map.of(
                        new Departure(Gateway.SINK, SINK_MARK, "224.0.0.251"), 1L,
                        new Departure(Gateway.SINK, SINK_MARK, "10.1.255.255"), 1L),
                network.gateway().sent());
    }

    @Test
    void shouldCountEveryDepartureOfManySas() {
        final int sas = 1000;
        final int destinations = 5;
        network.gateway().namespace().call(() -> {
            try (RawSocket socket = new RawSocket()) {
                for (int i = 0; i < sas * destinations; i++) {
                    send(socket, SINK_MARK + i % sas, packetTo("239.1.1." + i / sas));
                }
            }
            return null;
        });
        final Map<Departure, Long> sent = network.gateway().sent();
        assertEquals(sas * destinations, sent.size());
        assertTrue(sent.values().stream().allMatch(packets -> packets == 1));
    }

    @Test
    void shouldMarkDecapsulatedPacketsByTheirTunnelWhateverTheirSource() {
        final MarkedPacketSocket socket = network.gateway().namespace().call(MarkedPacketSocket::new);
        try (socket) {
            assertTrue(socket.hasMarks());
            socket.bind(0);
            final Ipv4Packet spoofed = Ipv4Packet.udp("10.1.1.1", 5353, "224.0.0.251", 5353, PAYLOAD)
                    .build();
            network.client("dave").send(spoofed);
            network.client("carol").sendUdp(5353, "224.0.0.251", 5353, PAYLOAD, 255, false);

            awaitNext(socket);
            assertEquals(0x2ab, socket.mark());
            assertArrayEquals(spoofed.bytes(), bytes(socket));
            assertFalse(socket.isChecksumUnfinished());
            awaitNext(socket);
            assertEquals(1, socket.mark());
            assertEquals("10.1.1.1", Ipv4Packet.parse(bytes(socket)).source());
            assertTrue(socket.isChecksumUnfinished());
        }
    }

    @Test
    void shouldLeaveChecksumsOfLanProgramsUnfinished() {
        try (PacketRing ring = ringAt("eth1")) {
            network.host("alice").sendUdp(5353, "224.0.0.251", 5353, PAYLOAD, 255, true);

            awaitNext(ring);
            assertTrue(ring.isChecksumUnfinished());
            final Ipv4Packet packet = Ipv4Packet.parse(bytes(ring));
            assertFalse(packet.isUdpChecksumValid());
            assertTrue(packet.isHeaderChecksumValid());
            assertTrue(packet.isDontFragment());
            assertEquals(255, packet.timeToLive());
            assertEquals("10.1.0.10", packet.source());
            assertArrayEquals(PAYLOAD, packet.udpPayload());
            ring.release();
        }
    }

    @Test
    void shouldHandOverAJumboPacketWhole() {
        final Ipv4Packet jumbo = Ipv4Packet.udp("10.1.0.10", 5353, "224.0.0.251", 5353, numbered(8972))
                .build();
        assertEquals(9000, jumbo.totalLength());
        try (PacketRing ring = ringAt("eth1")) {
            for (int i = 0; i < 300; i++) { // twice around the ring
                network.host("alice").send(jumbo);
                awaitNext(ring);
                assertEquals(9000, ring.capturedLength());
                assertEquals(9000, ring.wireLength());
                assertArrayEquals(jumbo.bytes(), bytes(ring));
                ring.release();
            }
            assertEquals(0, ring.drops());
        }
    }

    @Test
    void shouldSendWhatNoKernelWouldSend() {
        try (Tap alice = network.host("alice").tap();
                Tap gateway = network.gateway().tap("eth1", arrival -> true)) {
            final byte[] broken = packetTo("10.1.255.255").bytes();
            broken[10] ^= 0x55;
            network.host("alice").send(broken);
            network.host("alice").sendUdp(9, "10.1.255.255", 9, PAYLOAD, 64, false);
            network.host("alice").sendUdp(9, "255.255.255.255", 9, PAYLOAD, 64, false);
            network.host("alice").sendUdp(9, "239.255.255.250", 9, PAYLOAD, 64, false);

            final List<Arrival> arrivals = gateway.awaitPackets(4, SOON);
            assertArrayEquals(broken, arrivals.get(0).bytes());
            assertEquals(0xffff_ffff_ffffL, arrivals.get(0).destinationMac());
            assertEquals("10.1.255.255", arrivals.get(1).packet().destination());
            assertEquals("255.255.255.255", arrivals.get(2).packet().destination());
            assertEquals(0xffff_ffff_ffffL, arrivals.get(2).destinationMac());
            assertEquals(0x0100_5e7f_fffaL, arrivals.get(3).destinationMac());
            assertEquals(List.of(), alice.packets());
        }
    }

    @Test
    void shouldTellTheMtuByMark() {
        network.gateway().namespace().call(() -> {
            try (RouteMtu mtu = new RouteMtu()) {
                assertEquals(1500, mtu.of(101, 0x0a01_ffff));
                assertEquals(1500, mtu.of(101, 0xe000_00fb));
                assertEquals(1500, mtu.of(SINK_MARK, 0xffff_ffff));
                assertEquals(9000, mtu.of(0, 0x0a01_ffff));
                assertEquals(0, mtu.of(0, 0xe000_00fb));
            }
            return null;
        });
    }

    @Test
    void shouldTellOfLinksThatAppearAndVanish() {
        final Gateway gateway = network.gateway();
        final RouteNetlink netlink = gateway.namespace().call(RouteNetlink::new);
        try (netlink) {
            final Poller news = new Poller(netlink.fd());
            assertEquals(9000, link(netlink, "eth1").mtu());
            assertEquals(0x0200_0001_0001L, link(netlink, "eth1").mac());
            assertTrue(link(netlink, "eth1").isUp());
            assertTrue(netlink.addresses()
                    .contains(new RouteNetlink.Address(link(netlink, "eth1").index(), 0x0a01_0001, 16, 0x0a01_ffff)));

            gateway.ip("link add vanishing type ifb");
            assertTrue(news.await(SOON_MS));
            assertTrue(netlink.drain());
            assertFalse(link(netlink, "vanishing").isUp());
            gateway.ip("link del vanishing");
            assertTrue(news.await(SOON_MS));
            assertTrue(netlink.drain());
            assertTrue(netlink.links().stream().noneMatch(link -> link.name().equals("vanishing")));
            assertFalse(netlink.drain());
        }
    }

    @Test
    void shouldConnectALanAgainThatWasDeleted() {
        final Gateway gateway = network.gateway();
        final int index = network.host("bob").interfaceIndex();
        gateway.deleteLan("eth2");
        gateway.createLan("eth2");
        assertNotEquals(index, network.host("bob").interfaceIndex());
        gateway.lanDown("eth2");
        gateway.lanUp("eth2");
        try (Tap tap = gateway.tap("eth2", arrival -> true)) {
            network.host("bob").sendUdp(9, "10.2.255.255", 9, PAYLOAD, 64, false);
            assertEquals("10.2.0.10", tap.awaitPackets(1, SOON).get(0).packet().source());
        }
    }

    @Test
    void shouldBuildManyClientsAtOnce() {
        final EmulatedNetwork.Builder builder = EmulatedNetwork.builder().lan("erin");
        for (int i = 1; i <= 300; i++) { // more than a chain may have devices
            builder.client("client" + i, i, 1000 + i);
        }
        try (EmulatedNetwork large = builder.build()) {
            final Client last = large.client("client300");
            assertEquals("10.1.2.44", last.address());
            try (Tap tap = last.tap()) {
                send(large, 1300, packetTo("224.0.0.251"));
                tap.awaitPackets(1, SOON);
            }
            assertEquals(
                    Map.of(new Departure("tun300", 1300, "224.0.0.251"), 1L),
                    large.gateway().sent());
        }
    }

    private static Ipv4Packet packetTo(String destination) {
        return Ipv4Packet.udp("10.1.0.10", 5353, destination, 5353, PAYLOAD)
                .timeToLive(255)
                .build();
    }

    private static byte[] numbered(int length) {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        return bytes;
    }

    private static void sendFromGateway(int mark, Ipv4Packet packet) {
        send(network, mark, packet);
    }

    private static void send(EmulatedNetwork network, int mark, Ipv4Packet packet) {
        network.gateway().namespace().call(() -> {
            try (RawSocket socket = new RawSocket()) {
                send(socket, mark, packet);
            }
            return null;
        });
    }

    private static void send(RawSocket socket, int mark, Ipv4Packet packet) {
        final byte[] bytes = packet.bytes();
        final UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length));
        buffer.putBytes(0, bytes);
        final MessageBatch batch = MessageBatch.marked(1, socket.takesProtocol());
        batch.packet(0, buffer.addressOffset(), bytes.length);
        batch.mark(0, ByteBuffer.wrap(bytes).getInt(16), mark, packet.protocol());
        assertEquals(1, socket.send(batch, 0, 1));
    }

    private static PacketRing ringAt(String interfaceName) {
        return network.gateway().namespace().call(() -> {
            final PacketRing ring = new PacketRing(128);
            try (RouteNetlink netlink = new RouteNetlink()) {
                ring.bind(link(netlink, interfaceName).index());
            }
            return ring;
        });
    }

    private static RouteNetlink.Link link(RouteNetlink netlink, String name) {
        return netlink.links().stream()
                .filter(link -> link.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void awaitNext(PacketRing ring) {
        final Poller poller = new Poller(ring.fd());
        while (!ring.next()) {
            assertTrue(poller.await(SOON_MS), "nothing captured");
        }
    }

    private static void awaitNext(MarkedPacketSocket socket) {
        final Poller poller = new Poller(socket.fd());
        while (!socket.next()) {
            if (socket.receive(32) == 0) {
                assertTrue(poller.await(SOON_MS), "nothing captured");
            }
        }
    }

    private static byte[] bytes(PacketRing ring) {
        final byte[] bytes = new byte[ring.capturedLength()];
        ring.packetBuffer().getBytes(ring.packetOffset(), bytes);
        return bytes;
    }

    private static byte[] bytes(MarkedPacketSocket socket) {
        final byte[] bytes = new byte[socket.capturedLength()];
        socket.packetBuffer().getBytes(socket.packetOffset(), bytes);
        return bytes;
    }
}
