// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.StaticTunnel;
import org.markcast.engine.counter.Counter;

/** A copy that the kernel refuses costs itself alone, wherever it stands in the batch. */
@NetworkNamespaceTest
class ForwardFailuresTest {

    private static final String MDNS = "224.0.0.251";

    @AutoClose
    private static Scene scene;

    @BeforeAll
    static void start() {
        scene = Scene.start(
                Scene.network().client("carol", 1, 101).client("dave", 2, 102).client("erin", 3, 103));
    }

    @Test
    void shouldLoseOnlyTheCopiesOfATunnelThatIsDown() {
        scene.gateway().ip("link set tun2 down");
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = burst();
            packets.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(40).sent(80).failed(Counter.COPIES_UNREACHABLE, 40));
            assertEquals(packets, seen.at("carol"));
            assertEquals(List.of(), seen.at("dave"));
            assertEquals(packets, seen.at("erin"));
        } finally {
            scene.gateway().ip("link set tun2 up", "route replace default dev tun2 table 1002");
        }
    }

    @Test
    void shouldLoseOnlyTheCopiesThatARuleRefuses() {
        scene.gateway()
                .nft("table ip firewall {\n chain output {\n  type filter hook output priority 0;\n"
                        + "  meta mark 102 drop\n }\n}\n");
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = burst();
            packets.forEach(scene.alice()::send);

            seen.settle(new Books().forwarded(40).sent(80).failed(Counter.COPIES_REFUSED, 40));
            assertEquals(packets, seen.at("carol"));
            assertEquals(List.of(), seen.at("dave"));
            assertEquals(packets, seen.at("erin"));
        } finally {
            scene.gateway().nft("delete table ip firewall\n");
        }
    }

    @Test
    void shouldCountEachFailureByItsReason() {
        scene.gateway()
                .ip(
                        "route add unreachable default table 2001",
                        "route add prohibit default table 2002",
                        "route add blackhole default table 2003",
                        "rule add pref 101 fwmark 0x7001 lookup 2001",
                        "rule add pref 102 fwmark 0x7002 lookup 2002",
                        "rule add pref 103 fwmark 0x7003 lookup 2003");
        scene.configure(config -> config.with(withoutClient("lost", 0x7000)) // nothing leads this mark anywhere
                .with(withoutClient("unreachable", 0x7001))
                .with(withoutClient("prohibited", 0x7002))
                .with(withoutClient("swallowed", 0x7003)));
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets = burst();
            packets.forEach(scene.alice()::send);

            seen.settle(new Books()
                    .forwarded(40)
                    .sent(120)
                    .failed(Counter.COPIES_UNREACHABLE, 80)
                    .failed(Counter.COPIES_REFUSED, 40)
                    .failed(Counter.COPIES_FAILED, 40));
            Stream.of("carol", "dave", "erin").forEach(client -> assertEquals(packets, seen.at(client), client));
        } finally {
            scene.configure(config -> config);
        }
    }

    @Test
    void shouldFollowATunnelWhoseMtuShrinksF7() {
        scene.gateway()
                .ip("link set tun2 mtu 1400"); // what the others send fits: the service may go by this for a while
        try (Observation seen = scene.observe()) {
            final Ipv4Packet packet = Ipv4Packet.udp("10.1.0.10", 5353, MDNS, 5353, Payload.of(1472))
                    .build();
            final Ipv4Packet withDontFragment = Ipv4Packet.udp("10.1.0.10", 5353, MDNS, 5353, Payload.of(1472))
                    .dontFragment()
                    .build();
            scene.alice().send(packet);
            scene.alice().send(withDontFragment);

            seen.settle(new Books().forwarded(2).sent(5).fragmented(1).failed(Counter.COPIES_TOO_BIG, 1));
            ForwardLargePacketsTest.assertFragments(packet, 1400, seen.at("dave"));
            assertEquals(List.of(packet, withDontFragment), seen.at("carol"));
            assertEquals(List.of(packet, withDontFragment), seen.at("erin"));
        } finally {
            scene.gateway().ip("link set tun2 mtu 1500");
        }
    }

    private static StaticTunnel withoutClient(String name, int number) {
        final Mark mark = new Mark(number, Mark.FULL_MASK);
        return scene.emulation().tunnel(name, mark, mark, "10.1.2.1");
    }

    private static List<Ipv4Packet> burst() {
        final List<Ipv4Packet> packets = new ArrayList<>();
        for (int i = 1; i <= 40; i++) {
            packets.add(Ipv4Packet.udp("10.1.0.10", 5353, MDNS, 5353, Payload.of(i * 30))
                    .identification(i)
                    .build());
        }
        return packets;
    }
}
