// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.linux.BlockRing;
import org.markcast.linux.Poller;
import org.markcast.linux.RouteNetlink;

/** The ring of blocks that the benchmark compares with, under a real kernel: what it hands over is whole and complete. */
@NetworkNamespaceTest
class BlockRingTest {

    private static final int SOON_MS = 5_000;
    private static final String GROUP = "224.0.0.251";
    private static final int LARGE = 1_400;
    private static final int BLOCKS = 16;
    private static final int AT_ONCE = 10;
    private static final int MORE_THAN_TWO_BLOCKS = 1_000;
    private static final long ALICE_MAC = 0x0200_0001_000aL;

    private static EmulatedNetwork network;

    @BeforeAll
    static void build() {
        network = EmulatedNetwork.builder().lan("alice").lanMtu(9000).build();
    }

    @AfterAll
    static void close() {
        network.close();
    }

    @Test
    void shouldRefuseASingleBlock() {
        assertThrows(IllegalArgumentException.class, () -> new BlockRing(1));
    }

    @Test
    void shouldTellWhatTheKernelKnowsOfAPacket() {
        final byte[] payload = {1, 2, 3, 4};
        try (BlockRing ring = ringAtEth1(2)) {
            network.host("alice").sendUdp(5353, GROUP, 5353, payload, 255, true);

            awaitNext(ring);
            final Ipv4Packet packet = Ipv4Packet.parse(bytes(ring));
            assertArrayEquals(payload, packet.udpPayload());
            assertEquals(packet.totalLength(), ring.wireLength());
            assertTrue(ring.isChecksumUnfinished());
            assertEquals(indexOfEth1(), ring.interfaceIndex());
            assertEquals(ALICE_MAC, ring.sourceMac());
            assertTrue(ring.timestampNs() > 0);

            ring.release();
            network.host("alice").send(large(1));
            awaitNext(ring);
            assertFalse(ring.isChecksumUnfinished());
        }
    }

    @Test
    void shouldHandOverAJumboPacketWhole() {
        final Ipv4Packet jumbo =
                Ipv4Packet.udp("10.1.0.10", 5353, GROUP, 5353, new byte[8972]).build();
        try (BlockRing ring = ringAtEth1(2)) {
            network.host("alice").send(jumbo);

            awaitNext(ring);
            assertArrayEquals(jumbo.bytes(), bytes(ring));
        }
    }

    /** A slow machine may fill a block with each packet: those of one go fit all the same. */
    @Test
    void shouldHandOverEveryPacketOnceAndInOrderAroundTheRing() {
        try (BlockRing ring = ringAtEth1(BLOCKS)) {
            for (int first = 0; first < 5 * BLOCKS * AT_ONCE; first += AT_ONCE) {
                for (int number = first; number < first + AT_ONCE; number++) {
                    network.host("alice").send(large(number));
                }
                for (int number = first; number < first + AT_ONCE; number++) {
                    awaitNext(ring);
                    assertArrayEquals(large(number).bytes(), bytes(ring), "packet " + number);
                    if (number % 3 == 0) { // in the middle of a block, too, which must stay then
                        ring.release();
                    }
                }
            }
            assertFalse(ring.next());
            assertEquals(0, ring.drops());
        }
    }

    @Test
    void shouldCountWhatFoundNoRoomAndTakeTheNext() {
        try (BlockRing ring = ringAtEth1(2)) {
            final Host alice = network.host("alice");
            for (int number = 0; number < MORE_THAN_TWO_BLOCKS; number++) {
                alice.send(large(number));
            }

            int taken = 0;
            while (ring.next()) {
                assertArrayEquals(large(taken).bytes(), bytes(ring));
                taken++;
            }
            assertTrue(taken > 0 && taken < MORE_THAN_TWO_BLOCKS, taken + " taken");
            assertEquals(MORE_THAN_TWO_BLOCKS - taken, ring.drops());

            ring.release();
            alice.send(large(taken));
            awaitNext(ring);
            assertArrayEquals(large(taken).bytes(), bytes(ring));
            assertEquals(MORE_THAN_TWO_BLOCKS - taken, ring.drops());
        }
    }

    private static Ipv4Packet large(int number) {
        final byte[] payload = ByteBuffer.allocate(LARGE).putInt(number).array();
        return Ipv4Packet.udp("10.1.0.10", 5353, GROUP, 5353, payload).build();
    }

    private static BlockRing ringAtEth1(int blocks) {
        return network.gateway().namespace().call(() -> {
            final BlockRing ring = new BlockRing(blocks);
            ring.bind(indexOfEth1InHere());
            return ring;
        });
    }

    private static int indexOfEth1() {
        return network.gateway().namespace().call(BlockRingTest::indexOfEth1InHere);
    }

    private static int indexOfEth1InHere() {
        try (RouteNetlink netlink = new RouteNetlink()) {
            return netlink.links().stream()
                    .filter(link -> link.name().equals("eth1"))
                    .findFirst()
                    .orElseThrow()
                    .index();
        }
    }

    private static void awaitNext(BlockRing ring) {
        final Poller poller = new Poller(ring.fd());
        while (!ring.next()) {
            ring.release();
            assertTrue(poller.await(SOON_MS), "nothing captured");
        }
    }

    private static byte[] bytes(BlockRing ring) {
        final byte[] bytes = new byte[ring.capturedLength()];
        ring.packetBuffer().getBytes(ring.packetOffset(), bytes);
        return bytes;
    }
}
