// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.engine.counter.Counter;

/** From a jumbo tunnel to a LAN of 1,500 bytes, and to another jumbo tunnel. */
@NetworkNamespaceTest
class ForwardToSmallLanTest {

    private static final String CAROL = "10.1.1.1";

    @AutoClose
    private static Scene scene;

    @BeforeAll
    static void start() {
        scene = Scene.start(
                Scene.network().tunnelMtu(9000).client("carol", 1, 101).client("dave", 2, 102),
                config -> config.reinject("rw"));
    }

    @Test
    void shouldFragmentForTheLanF7() {
        for (final String destination : List.of("224.0.0.251", "10.1.255.255")) {
            try (Observation seen = scene.observe()) {
                final Ipv4Packet jumbo = Ipv4Packet.udp(CAROL, 5353, destination, 5353, Payload.of(8972))
                        .build();
                scene.client("carol").send(jumbo);

                seen.settle(new Books().forwarded(1).sent(2).fragmented(1));
                ForwardLargePacketsTest.assertFragments(jumbo, 1500, seen.atAlice());
                assertEquals(List.of(jumbo), seen.at("dave"));
            }
        }
    }

    @Test
    void shouldDropForTheLanAloneWithDontFragmentF7() {
        try (Observation seen = scene.observe()) {
            final Ipv4Packet jumbo = Ipv4Packet.udp(CAROL, 5353, "224.0.0.251", 5353, Payload.of(8972))
                    .dontFragment()
                    .build();
            scene.client("carol").send(jumbo);

            seen.settle(new Books().forwarded(1).sent(1).failed(Counter.COPIES_TOO_BIG, 1));
            assertEquals(List.of(), seen.atAlice());
            assertEquals(List.of(jumbo), seen.at("dave"));
        }
    }

    @Test
    void shouldKeepTheOrderTowardsTheLanF5F7() {
        try (Observation seen = scene.observe()) {
            final List<Ipv4Packet> packets =
                    List.of(numbered(1, 10), numbered(2, 2000), numbered(3, 20), numbered(4, 30));
            packets.forEach(scene.client("carol")::send);

            seen.settle(new Books().forwarded(4).sent(8).fragmented(1));
            assertEquals(
                    List.of(1, 2, 2, 3, 4),
                    seen.atAlice().stream().map(Ipv4Packet::identification).toList());
            assertEquals(packets, seen.at("dave"));
        }
    }

    private static Ipv4Packet numbered(int identification, int payloadLength) {
        return Ipv4Packet.udp(CAROL, 5353, "224.0.0.251", 5353, Payload.of(payloadLength))
                .identification(identification)
                .build();
    }
}
