// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Gateway.Departure;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.engine.counter.Counter;

/** From the LAN to three SAs that match everything. */
@NetworkNamespaceTest
class ForwardFromLanTest {

    private static final String ALICE = "10.1.0.10";
    private static final String MDNS = "224.0.0.251";
    private static final List<String> CLIENTS = List.of("carol", "dave", "erin");
    private static final List<String> DESTINATIONS =
            List.of(MDNS, "239.255.255.250", "255.255.255.255", "10.1.255.255");
    private static final byte[] ROUTER_ALERT = {(byte) 0x94, 4, 0, 0}; // RFC 2113

    @AutoClose
    private static Scene scene;

    @BeforeAll
    static void start() {
        scene = Scene.start(
                Scene.network().client("carol", 1, 101).client("dave", 2, 102).client("erin", 3, 103));
    }

    @Test
    void shouldSendEachSaOneCopyWithItsOutboundMark() {
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets =
                    DESTINATIONS.stream().map(ForwardFromLanTest::packetTo).toList();
            packets.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(4).sent(12));
            assertAtAllClients(packets, seen);
            for (int i = 0; i < CLIENTS.size(); i++) {
                for (final String destination : DESTINATIONS) {
                    final Departure copy = new Departure("tun" + (i + 1), 101 + i, destination);
                    assertEquals(1, seen.departed().get(copy), copy::toString);
                }
            }
            assertEquals(12, seen.sum());
        }
    }

    @Test
    void shouldLeaveUnicastAlone() {
        try (Observation seen = scene.observe()) {
            for (final String destination :
                    List.of("10.1.0.1", "10.1.1.1", "10.1.255.254", "10.2.255.255", "192.0.2.1")) {
                scene.alice().send(packetTo(destination));
            }

            seen.settle(new Books());
            assertNothingArrived(seen);
        }
    }

    @Test
    void shouldKeepTimeToLiveAndTypeOfService() {
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = new ArrayList<>();
            for (final int timeToLive : new int[] {1, 2, 64, 255}) {
                packets.add(Ipv4Packet.udp(ALICE, 5353, MDNS, 5353, Payload.of(99))
                        .timeToLive(timeToLive)
                        .typeOfService(0xb8)
                        .build());
            }
            packets.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(4).sent(12));
            assertAtAllClients(packets, seen);
        }
    }

    @Test
    void shouldCompleteTheChecksumThatAProgramBehindVethLeftUnfinishedF17() {
        try (Observation seen = scene.observe()) {
            final byte[] odd = Payload.of(333);
            scene.alice().sendUdp(5353, MDNS, 5353, odd, 255, true);
            scene.alice().sendUdp(9, "10.1.255.255", 9, Payload.of(1472), 64, false);

            seen.settle(new Books().forwarded(2).sent(6).completed(2));
            final List<Arrival> originals = seen.from(scene.alice());
            assertTrue(originals.stream().allMatch(Arrival::isChecksumUnfinished));
            final Ipv4Packet query = Ipv4Packet.udp(ALICE, 5353, MDNS, 5353, odd)
                    .identification(originals.get(0).packet().identification())
                    .timeToLive(255)
                    .dontFragment()
                    .build();
            final Ipv4Packet broadcast = Ipv4Packet.udp(ALICE, 9, "10.1.255.255", 9, Payload.of(1472))
                    .identification(originals.get(1).packet().identification())
                    .build();
            assertAtAllClients(List.of(query, broadcast), seen);
        }
    }

    @Test
    void shouldCompleteAChecksumThatComesToZeroAsAllOnesF17() {
        final byte[] payload = payloadWithUdpChecksum(0xffff);
        try (Observation seen = scene.observe()) {
            scene.alice().sendUdp(9, MDNS, 9, payload, 1, true);

            seen.settle(new Books().forwarded(1).sent(3).completed(1));
            assertEquals(0xffff, seen.at("carol").get(0).udpChecksum()); // 0 would mean none (RFC 768)
        }
    }

    private static byte[] payloadWithUdpChecksum(int checksum) {
        for (int word = 0; word < 0x10000; word++) {
            final byte[] payload = {(byte) (word >>> 8), (byte) word};
            if (Ipv4Packet.udp(ALICE, 9, MDNS, 9, payload).build().udpChecksum() == checksum) {
                return payload;
            }
        }
        throw new IllegalStateException("no payload has UDP checksum " + checksum);
    }

    @Test
    void shouldTouchNoChecksumThatIsFinishedF17() {
        try (Observation seen = scene.observe()) {
            final byte[] wrong = packetTo(MDNS).bytes();
            wrong[26] ^= 0x55; // for the receiver to find out
            final List<Ipv4Packet> packets = List.of(
                    Ipv4Packet.udp(ALICE, 5353, MDNS, 5353, Payload.of(64))
                            .withoutUdpChecksum()
                            .build(),
                    Ipv4Packet.parse(wrong),
                    Ipv4Packet.icmpEcho(ALICE, "224.0.0.1", 7, 1, Payload.of(56))
                            .build(),
                    Ipv4Packet.of(6, ALICE, "10.1.255.255", Payload.of(40)).build(),
                    Ipv4Packet.of(89, ALICE, "224.0.0.5", Payload.of(44)).build());
            packets.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(5).sent(15));
            assertAtAllClients(packets, seen);
        }
    }

    /** raw(7): the kernel fills in an identification that is 0, which it leaves so only with DF (RFC 6864). */
    @Test
    void shouldKeepIdentificationZeroWithDontFragment() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet atomic = Ipv4Packet.udp(ALICE, 9, MDNS, 9, Payload.of(20))
                    .identification(0)
                    .dontFragment()
                    .build();
            scene.alice().send(atomic);

            seen.settle(new Books().forwarded(1).sent(3));
            assertAtAllClients(List.of(atomic), seen);
        }
    }

    @Test
    void shouldKeepDhcpInItsNetworkF8() {
        try (Observation seen = scene.observe()) {
            scene.alice()
                    .send(Ipv4Packet.udp("0.0.0.0", 68, "255.255.255.255", 67, Payload.of(300))
                            .build());
            scene.alice()
                    .send(Ipv4Packet.udp(ALICE, 67, "255.255.255.255", 68, Payload.of(300))
                            .build());
            scene.alice()
                    .send(Ipv4Packet.udp(ALICE, 67, "10.1.255.255", 68, Payload.of(300))
                            .options(ROUTER_ALERT)
                            .build());

            seen.settle(new Books().dropped(Counter.DROPPED_DHCP, 3));
            assertNothingArrived(seen);
        }
    }

    @Test
    void shouldForwardWhatOnlyLooksLikeDhcpF8() {
        final byte[] ports68To67 = HexFormat.of().parseHex("00440043");
        final byte[] ports67To68 = HexFormat.of().parseHex("00430044");
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = List.of(
                    Ipv4Packet.udp(ALICE, 5353, MDNS, 5353, Payload.of(30))
                            .options(ports68To67)
                            .build(),
                    Ipv4Packet.udp(ALICE, 5353, MDNS, 5353, Payload.of(30))
                            .options(ports67To68)
                            .build(),
                    Ipv4Packet.of(47, ALICE, MDNS, Arrays.copyOf(ports68To67, 30))
                            .build(),
                    Ipv4Packet.of(6, ALICE, MDNS, Arrays.copyOf(ports67To68, 30))
                            .build(),
                    Ipv4Packet.udp(ALICE, 68, "255.255.255.255", 68, Payload.of(30))
                            .build(),
                    Ipv4Packet.udp(ALICE, 67, "255.255.255.255", 5353, Payload.of(30))
                            .build());
            packets.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(6).sent(18));
            assertAtAllClients(packets, seen);
        }
    }

    @Test
    void shouldTakeALanPacketWithTheSourceOfAClientForALanPacketF10() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet packet =
                    Ipv4Packet.udp("10.1.1.1", 5353, MDNS, 5353, Payload.of(80)).build();
            scene.alice().send(packet);

            seen.settle(new Books().forwarded(1).sent(3));
            assertAtAllClients(List.of(packet), seen);
            assertEquals(List.of(), seen.atAlice());
        }
    }

    @Test
    void shouldKeepOptionsAndForwardMembershipReports() {
        try (Observation seen = scene.observe()) {
            final byte[] recordRoute = {7, 7, 4, 0, 0, 0, 0, 1};
            final List<Ipv4Packet> packets = List.of(
                    Ipv4Packet.udp(ALICE, 9, "239.1.1.1", 9, Payload.of(50))
                            .options(ROUTER_ALERT)
                            .build(),
                    Ipv4Packet.udp(ALICE, 9, "239.1.1.1", 9, Payload.of(50))
                            .options(recordRoute)
                            .build(),
                    membershipReport("239.1.1.1", HexFormat.of().parseHex("1600f9fdef010101")),
                    membershipReport("224.0.0.22", HexFormat.of().parseHex("2200e9fb0000000104000000ef010101")));
            packets.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(4).sent(12));
            assertAtAllClients(packets, seen);
        }
    }

    /** IGMP versions 2 and 3 (RFC 2236, RFC 3376). */
    private static Ipv4Packet membershipReport(String destination, byte[] message) {
        return Ipv4Packet.of(2, ALICE, destination, message)
                .timeToLive(1)
                .options(ROUTER_ALERT)
                .build();
    }

    @Test
    void shouldForwardTheFragmentsOfTheSendersKernelInOrder() {
        try (Observation seen = scene.observe()) {
            final byte[] payload = Payload.of(4000);
            scene.alice().sendUdp(5353, MDNS, 5353, payload, 255, false);

            seen.settle(new Books().forwarded(3).sent(9));
            assertFragmentsArrived(payload, 3, seen);
        }
    }

    @Test
    void shouldForwardTheLargestDatagramInFragmentsF6() {
        try (Observation seen = scene.observe()) {
            final byte[] payload = Payload.of(65_507);
            scene.alice().sendUdp(5353, MDNS, 5353, payload, 255, false);

            seen.settle(new Books().forwarded(45).sent(135));
            assertFragmentsArrived(payload, 45, seen);
        }
    }

    /** One datagram in 65,536 has it; the kernel would choose another one for each fragment, and nobody could reassemble them. */
    @Test
    void shouldKeepFragmentsWithIdentificationZeroTogether() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet whole = Ipv4Packet.udp(ALICE, 5353, MDNS, 5353, Payload.of(4000))
                    .identification(0)
                    .build();
            whole.fragments(1500).forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(3).sent(9));
            for (final String client : CLIENTS) {
                assertArrayEquals(
                        whole.body(), Ipv4Packet.reassemble(seen.at(client)).body(), client);
            }
        }
    }

    private static void assertFragmentsArrived(byte[] payload, int count, Observation seen) {
        final List<Ipv4Packet> originals =
                seen.from(scene.alice()).stream().map(Arrival::packet).toList();
        assertEquals(count, originals.size());
        assertAtAllClients(originals, seen);
        final Ipv4Packet whole = Ipv4Packet.reassemble(seen.at("carol"));
        assertArrayEquals(payload, whole.udpPayload());
        assertTrue(whole.udpChecksum() != 0 && whole.isUdpChecksumValid());
    }

    @Test
    void shouldDropMalformedPacketsAndGoOn() {
        try (Observation seen = scene.observe()) {
            final List<byte[]> malformed = List.of(
                    changed(0, 0x65), // version 6
                    changed(0, 0x05), // version 0
                    changed(0, 0x44), // a header of 16 bytes
                    Arrays.copyOf(changed(0, 0x4f), 59), // a header of 60 bytes, and one of them is missing
                    changed(2, 0x02), // more bytes than there are
                    changed(3, 19), // fewer than a header has
                    packetFrom("224.0.0.251"),
                    packetFrom("0.0.0.0"),
                    packetFrom("127.0.0.1"),
                    packetFrom("255.255.255.255"));
            malformed.forEach(scene.alice()::send);
            scene.alice().send(packetTo(MDNS));

            seen.settle(new Books()
                    .dropped(Counter.DROPPED_MALFORMED, malformed.size())
                    .forwarded(1)
                    .sent(3));
            assertAtAllClients(List.of(packetTo(MDNS)), seen);
        }
    }

    private static byte[] changed(int offset, int value) {
        final byte[] bytes = packetTo(MDNS).bytes();
        bytes[offset] = (byte) value;
        return bytes;
    }

    private static byte[] packetFrom(String source) {
        return Ipv4Packet.udp(source, 5353, MDNS, 5353, Payload.of(40)).build().bytes();
    }

    @Test
    void shouldCutOffThePaddingOfAShortFrame() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet packet =
                    Ipv4Packet.udp(ALICE, 9, MDNS, 9, Payload.of(1)).build();
            scene.alice().send(Arrays.copyOf(packet.bytes(), 46)); // the least that an Ethernet frame holds

            seen.settle(new Books().forwarded(1).sent(3));
            assertEquals(46, seen.from(scene.alice()).get(0).bytes().length);
            assertAtAllClients(List.of(packet), seen);
        }
    }

    @Test
    void shouldSendABurstToAllInOrderF5() {
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = new ArrayList<>();
            for (int i = 1; i <= 100; i++) {
                packets.add(Ipv4Packet.udp(ALICE, 5353, DESTINATIONS.get(i % 4), 5353, Payload.of(i * 14))
                        .identification(i)
                        .build());
            }
            packets.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(100).sent(300));
            assertAtAllClients(packets, seen);
        }
    }

    private static Ipv4Packet packetTo(String destination) {
        return Ipv4Packet.udp(ALICE, 5353, destination, 5353, Payload.of(120))
                .timeToLive(255)
                .build();
    }

    private static void assertAtAllClients(List<Ipv4Packet> expected, Observation seen) {
        CLIENTS.forEach(client -> assertEquals(expected, seen.at(client), client));
    }

    private static void assertNothingArrived(Observation seen) {
        assertAtAllClients(List.of(), seen);
        assertEquals(List.of(), seen.atAlice());
        assertEquals(Map.of(), seen.departed());
    }
}
