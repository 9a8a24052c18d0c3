// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.markcast.daemon.emulation.Ipv4Packet;

/**
 * Plain packets of all kinds from a {@link WanNetwork}'s outside, the same ones for the same seed but for their numbers and
 * ports. No two have a connection in common unless both belong to one that {@link Conversation} began.
 */
final class RandomPackets {

    private static final int FIRST_PORT = 20_000;
    private static final int GATEWAY_PORT = 5_000;
    private static final int ALICE_PORT = 6_000;
    private static final int FRAGMENT_MTU = 68;
    private static final int FRAGMENT_LENGTH = 48;

    private static final List<String> SOURCES = List.of(
            WanNetwork.OUTSIDE,
            "203.0.113.7",
            "203.0.113.8",
            "10.1.0.129",
            WanNetwork.BOB,
            WanNetwork.WAN,
            "127.0.0.1");
    private static final List<String> DESTINATIONS = List.of(
            WanNetwork.WAN,
            WanNetwork.WAN,
            WanNetwork.LAN,
            WanNetwork.ALICE,
            WanNetwork.BOB,
            "224.0.0.1",
            "224.0.0.251",
            "255.255.255.255",
            "198.51.100.255",
            "127.0.0.1");
    private static final List<String> SOURCES6 = List.of(
            WanNetwork.OUTSIDE6,
            WanNetwork.OUTSIDE6,
            "2001:db8:9::7",
            "2001:db8:9::8",
            "2001:db8:1::129",
            WanNetwork.WAN6,
            WanNetwork.WAN6_LINK_LOCAL,
            "fe80::9",
            "::",
            "::1",
            "::ffff:10.1.0.10");
    private static final List<String> DESTINATIONS6 = List.of(
            WanNetwork.WAN6,
            WanNetwork.WAN6,
            WanNetwork.LAN6,
            WanNetwork.ALICE6,
            WanNetwork.WAN6_LINK_LOCAL,
            "ff02::1",
            "ff02::1:ff00:1",
            "::ffff:10.1.0.10");
    private static final List<Integer> PROTOCOLS = List.of(17, 17, 17, 6, 6, 1, 1, 50, 51, 47, 132, 2, 253);
    private static final List<Integer> PORTS = List.of(500, 4500, 7000, 7001, 7001, 7002, 8080, 67, 68, 546, 22);
    private static final List<Integer> ICMP_TYPES = List.of(0, 3, 8, 11, 12, 13);
    private static final List<Integer> ICMPV6_TYPES = List.of(1, 2, 3, 4, 128, 129, 130, 133, 134, 135, 136, 137);

    private final Random random;
    private final int pass;
    private int number;

    /**
     * A packet's fragments, or the packet alone.
     *
     * @param number in its identification, or in its flow label
     */
    record Numbered(int number, boolean isIpv6, List<byte[]> fragments) {}

    /** An exchange between two ports that conntrack knows when the packets come. */
    record Conversation(String from, int fromPort, String to, int toPort) {}

    /** @param pass the how manieth time this is done in one network */
    RandomPackets(long seed, int pass) {
        random = new Random(seed);
        this.pass = pass;
    }

    /** To be begun before the first packet: the gateway's with the outside, and alice's with the gateway. */
    List<Conversation> conversations() {
        return List.of(
                new Conversation(WanNetwork.WAN, GATEWAY_PORT + pass, WanNetwork.OUTSIDE, 7),
                new Conversation(WanNetwork.WAN6, GATEWAY_PORT + pass, WanNetwork.OUTSIDE6, 7),
                new Conversation(WanNetwork.ALICE, ALICE_PORT + pass, WanNetwork.LAN, GATEWAY_PORT + pass),
                new Conversation(WanNetwork.ALICE6, ALICE_PORT + pass, WanNetwork.LAN6, GATEWAY_PORT + pass));
    }

    Numbered next() {
        number++;
        return switch (random.nextInt(12)) {
            case 0, 1 -> ofAConversation();
            case 2 -> redirected();
            default -> random.nextBoolean() ? ipv4() : ipv6();
        };
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    /** The outside's next packet, one that alice might have sent, or an error about one of the gateway's. */
    private Numbered ofAConversation() {
        final Conversation conversation = any(conversations());
        final boolean isOutsides = conversation.toPort() == 7;
        final String from = isOutsides ? conversation.to() : conversation.from();
        final int fromPort = isOutsides ? conversation.toPort() : conversation.fromPort();
        final String to = isOutsides ? conversation.from() : conversation.to();
        final int toPort = isOutsides ? conversation.fromPort() : conversation.toPort();
        if (to.contains(":")) {
            return numbered6(Ipv6Packet.udp(from, fromPort, to, toPort, new byte[8]));
        }
        final Ipv4Packet.Builder packet = random.nextInt(3) == 0
                ? Ipv4Packet.icmpError(
                        "203.0.113.7",
                        to,
                        3,
                        1,
                        Ipv4Packet.udp(to, toPort, from, fromPort, new byte[8]).build())
                : Ipv4Packet.udp(from, fromPort, to, toPort, new byte[8]);
        return new Numbered(
                number, false, List.of(packet.identification(number).build().bytes()));
    }

    /** To the port that the test redirects to alice, honest or not. */
    private Numbered redirected() {
        final Ipv4Packet.Builder packet =
                Ipv4Packet.udp(any(SOURCES), FIRST_PORT + pass * 1_000 + number, WanNetwork.WAN, 8080, new byte[8]);
        return new Numbered(
                number, false, List.of(packet.identification(number).build().bytes()));
    }

    private Numbered ipv4() {
        final int protocol = any(PROTOCOLS);
        final Ipv4Packet packet = Ipv4Packet.of(protocol, any(SOURCES), any(DESTINATIONS), body(protocol, ICMP_TYPES))
                .identification(number)
                .build();
        return new Numbered(
                number,
                false,
                packet.totalLength() <= FRAGMENT_MTU
                        ? List.of(packet.bytes())
                        : packet.fragments(FRAGMENT_MTU).stream()
                                .map(Ipv4Packet::bytes)
                                .toList());
    }

    private Numbered ipv6() {
        final int protocol = any(PROTOCOLS);
        final int next = protocol == 1 ? Ipv6Packet.ICMP : protocol;
        return numbered6(Ipv6Packet.of(next, any(SOURCES6), any(DESTINATIONS6), body(next, ICMPV6_TYPES)));
    }

    private Numbered numbered6(byte[] packet) {
        final byte[] labelled = Ipv6Packet.labelled(packet, number);
        return new Numbered(
                number,
                true,
                labelled.length <= 40 + FRAGMENT_LENGTH
                        ? List.of(labelled)
                        : List.of(Ipv6Packet.fragments(labelled, number, FRAGMENT_LENGTH)));
    }

    /** Enough of each protocol for conntrack to take it. */
    private byte[] body(int protocol, List<Integer> icmpTypes) {
        final boolean isLong = random.nextInt(6) == 0;
        final ByteBuffer body = ByteBuffer.allocate(isLong ? 96 : 24);
        final int port = FIRST_PORT + pass * 1_000 + number;
        switch (protocol) {
            case 17 ->
                body.putShort((short) sourcePort(port))
                        .putShort((short) (int) any(PORTS))
                        .putShort((short) body.capacity())
                        .putInt(10, random.nextBoolean() ? 0 : 7); // where ESP in UDP has its SPI
            case 6 ->
                body.putShort((short) port)
                        .putShort((short) (int) any(PORTS))
                        .putInt(random.nextInt())
                        .putInt(random.nextInt())
                        .putShort((short) (0x5000 | any(List.of(0x02, 0x02, 0x10, 0x18, 0x04)))) // SYN, ACK, PSH, RST
                        .putShort((short) 1_000);
            case 1, Ipv6Packet.ICMP -> body.put((byte) (int) any(icmpTypes)).putShort(4, (short) port);
            default -> random.nextInt();
        }
        return checksummed(protocol, body.array());
    }

    private int sourcePort(int otherwise) {
        return random.nextInt(4) == 0 ? 67 : otherwise;
    }

    /** Those of UDP and IPv6 are not this class's. */
    private static byte[] checksummed(int protocol, byte[] body) {
        if (protocol == 1) {
            int sum = 0;
            for (int i = 0; i < body.length; i += 2) {
                sum += ByteBuffer.wrap(body).getShort(i) & 0xffff;
            }
            ByteBuffer.wrap(body).putShort(2, (short) ~((sum & 0xffff) + (sum >>> 16)));
        }
        return body;
    }
}
