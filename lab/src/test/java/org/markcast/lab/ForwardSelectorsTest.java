// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.engine.counter.Counter;

/** Only what an SA's policy would encrypt is sent to it. */
@NetworkNamespaceTest
class ForwardSelectorsTest {

    private static final String ALICE = "10.1.0.10";
    private static final String MDNS = "224.0.0.251";
    private static final String EVERYWHERE = "0.0.0.0/0";

    @AutoClose
    private static Scene scene;

    @BeforeAll
    static void start() {
        scene = Scene.start(
                Scene.network().client("carol", 1, 101).client("dave", 2, 102).client("erin", 3, 103));
    }

    @Test
    void shouldNotSendASourceOutsideTheLocalSelectorsF15() {
        scene.configure(config -> config.change("carol", sa -> sa.withLocalTs("10.1.0.0/16"))
                .change("dave", sa -> sa.withLocalTs("10.9.0.0/16", "224.0.0.0/4"))
                .change("erin", sa -> sa.withLocalTs("10.1.0.10/32")));
        try (Observation seen = scene.observe()) {
            send(udp(ALICE, MDNS), udp("10.1.0.77", MDNS), udp("10.9.1.2", MDNS), udp("192.0.2.1", MDNS));

            seen.settle(new Books().forwarded(3).sent(4).dropped(Counter.DROPPED_NO_TARGET, 1));
            assertEquals(List.of(udp(ALICE, MDNS), udp("10.1.0.77", MDNS)), seen.at("carol"));
            assertEquals(List.of(udp("10.9.1.2", MDNS)), seen.at("dave"));
            assertEquals(List.of(udp(ALICE, MDNS)), seen.at("erin"));
        }
    }

    @Test
    void shouldNotReinjectASourceOutsideTheLocalSelectorsF15() {
        scene.configure(config -> config.reinject("rw")
                .change("dave", sa -> sa.withLocalTs("10.1.0.0/24"))
                .change("erin", sa -> sa.withLocalTs("10.1.0.0/16")));
        try (Observation seen = scene.observe()) {
            final Ipv4Packet fromCarol = udp("10.1.1.1", MDNS);
            scene.client("carol").send(fromCarol);

            seen.settle(new Books().forwarded(1).sent(2));
            assertEquals(List.of(), seen.at("dave"));
            assertEquals(List.of(fromCarol), seen.at("erin"));
            assertEquals(List.of(fromCarol), seen.atAlice());
        }
    }

    @Test
    void shouldSendOnlyToSasThatWantTheDestination() {
        scene.configure(config -> config.change("carol", sa -> sa.withRemoteTs("10.1.1.1", "224.0.0.251"))
                .change("dave", sa -> sa.withRemoteTs("10.1.1.2", "239.0.0.0/8", "10.1.255.255"))
                .change("erin", sa -> sa.withRemoteTs("10.1.1.3", "255.255.255.255")));
        try (Observation seen = scene.observe()) {
            send(
                    udp(ALICE, MDNS),
                    udp(ALICE, "239.255.255.250"),
                    udp(ALICE, "10.1.255.255"),
                    udp(ALICE, "255.255.255.255"),
                    udp(ALICE, "224.0.0.252"));

            seen.settle(new Books().forwarded(4).sent(4).dropped(Counter.DROPPED_NO_TARGET, 1));
            assertEquals(List.of(udp(ALICE, MDNS)), seen.at("carol"));
            assertEquals(List.of(udp(ALICE, "239.255.255.250"), udp(ALICE, "10.1.255.255")), seen.at("dave"));
            assertEquals(List.of(udp(ALICE, "255.255.255.255")), seen.at("erin"));
        }
    }

    @Test
    void shouldHonourProtocolsOfSelectors() {
        scene.configure(config -> config.change("carol", sa -> sa.withRemoteTs("224.0.0.0/4[udp]"))
                .change("dave", sa -> sa.withRemoteTs("224.0.0.0/4[icmp]"))
                .change("erin", sa -> sa.withRemoteTs("224.0.0.0/4").withLocalTs("10.1.0.0/16[89]")));
        try (Observation seen = scene.observe()) {
            final Ipv4Packet query = udp(ALICE, MDNS);
            final Ipv4Packet ping =
                    Ipv4Packet.icmpEcho(ALICE, MDNS, 1, 1, Payload.of(56)).build();
            final Ipv4Packet ospf =
                    Ipv4Packet.of(89, ALICE, "224.0.0.5", Payload.of(44)).build();
            final Ipv4Packet gre =
                    Ipv4Packet.of(47, ALICE, "224.0.0.5", Payload.of(44)).build();
            send(query, ping, ospf, gre);

            seen.settle(new Books().forwarded(3).sent(3).dropped(Counter.DROPPED_NO_TARGET, 1));
            assertEquals(List.of(query), seen.at("carol"));
            assertEquals(List.of(ping), seen.at("dave"));
            assertEquals(List.of(ospf), seen.at("erin"));
        }
    }

    @Test
    void shouldHonourPortsOfSelectors() {
        scene.configure(config -> config.change("carol", sa -> sa.withRemoteTs("224.0.0.0/4[udp/5353]"))
                .change("dave", sa -> sa.withRemoteTs("224.0.0.0/4[udp/1900-1999]"))
                .change("erin", sa -> sa.withRemoteTs("224.0.0.0/4").withLocalTs("10.1.0.0/16[udp/4000]")));
        try (Observation seen = scene.observe()) {
            final Ipv4Packet mdns = udp(5000, 5353);
            final Ipv4Packet mdnsWithOptions = Ipv4Packet.udp(ALICE, 5000, MDNS, 5353, Payload.of(60))
                    .options((byte) 0x94, (byte) 4, (byte) 0, (byte) 0)
                    .build();
            final Ipv4Packet ssdp = udp(5353, 1900);
            final Ipv4Packet both = udp(4000, 1999);
            final Ipv4Packet nobodys = udp(5353, 2000);
            send(mdns, mdnsWithOptions, ssdp, both, nobodys);

            seen.settle(new Books().forwarded(4).sent(5).dropped(Counter.DROPPED_NO_TARGET, 1));
            assertEquals(List.of(mdns, mdnsWithOptions), seen.at("carol"));
            assertEquals(List.of(ssdp, both), seen.at("dave"));
            assertEquals(List.of(both), seen.at("erin"));
        }
    }

    /** The kernel's lookup sees no ports in any fragment, so that a policy for some ports would let none of them pass. */
    @Test
    void shouldSendNoFragmentToASaThatIsLimitedToPorts() {
        scene.configure(config -> config.change("carol", sa -> sa.withRemoteTs("224.0.0.0/4[udp/5353]"))
                .change("dave", sa -> sa.withRemoteTs("224.0.0.0/4[udp]"))
                .change("erin", sa -> sa.withRemoteTs("224.0.0.0/4[udp/0-65535]")));
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> fragments = Ipv4Packet.udp(ALICE, 5353, MDNS, 5353, Payload.of(4000))
                    .build()
                    .fragments(1500);
            send(fragments.toArray(Ipv4Packet[]::new));

            seen.settle(new Books().forwarded(3).sent(6));
            assertEquals(List.of(), seen.at("carol"));
            assertEquals(fragments, seen.at("dave"));
            assertEquals(fragments, seen.at("erin"));
        }
    }

    @Test
    void shouldSendOneCopyHoweverManySelectorsMatch() {
        scene.configure(config -> config.change(
                "carol",
                sa -> sa.withLocalTs(EVERYWHERE, "10.0.0.0/8", "10.1.0.0/16", ALICE)
                        .withRemoteTs(
                                EVERYWHERE,
                                "224.0.0.0/4",
                                "224.0.0.251",
                                "224.0.0.251[udp]",
                                "224.0.0.251[udp/5353]")));
        try (Observation seen = scene.observe()) {
            send(udp(ALICE, MDNS));

            seen.settle(new Books().forwarded(1).sent(3));
            Stream.of("carol", "dave", "erin")
                    .forEach(client -> assertEquals(List.of(udp(ALICE, MDNS)), seen.at(client), client));
        }
    }

    private static void send(Ipv4Packet... packets) {
        Stream.of(packets).forEach(scene.alice()::send);
    }

    private static Ipv4Packet udp(String source, String destination) {
        return Ipv4Packet.udp(source, 5353, destination, 5353, Payload.of(60)).build();
    }

    private static Ipv4Packet udp(int sourcePort, int destinationPort) {
        return Ipv4Packet.udp(ALICE, sourcePort, MDNS, destinationPort, Payload.of(60))
                .build();
    }
}
