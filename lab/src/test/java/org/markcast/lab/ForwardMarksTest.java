// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.Gateway.Departure;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.engine.counter.Counter;

/** Marks in and out are two things, and so are a mark and its mask. */
@NetworkNamespaceTest
class ForwardMarksTest {

    private static final String MDNS = "224.0.0.251";
    private static final Departure TO_LAN = new Departure("eth1", 0, MDNS);
    private static final Departure TO_CAROL = new Departure("tun1", 2, MDNS);
    private static final Departure TO_DAVE = new Departure("tun2", 1, MDNS);
    private static final Departure TO_ERIN = new Departure("tun3", 0x10300, MDNS);
    private static final Departure TO_FRANK = new Departure("tun4", 0x80010400, MDNS);

    @AutoClose
    private static Scene scene;

    /**
     * What marks carol's inbound packets marks dave's outbound ones. The packets of erin, frank and grace carry bits of somebody
     * else's besides; grace's are no SA's.
     */
    @BeforeAll
    static void start() {
        scene = Scene.start(
                Scene.network()
                        .client("carol", 1, 2)
                        .client("dave", 2, 1)
                        .client("erin", new Mark(0x300, 0xff00), new Mark(0x10300, 0x1ff00), "10.1.1.3", 0x7a0003ab)
                        .client(
                                "frank",
                                new Mark(0x80000400, 0x8000ff00),
                                new Mark(0x80010400, 0x8001ff00),
                                "10.1.1.4",
                                0xfa0104cd)
                        .client("grace", new Mark(0x500, 0xff00), new Mark(0x20500, 0x2ff00), "10.1.1.5", 0x800005ff),
                config -> config.reinject("rw").without("grace"));
    }

    @Test
    void shouldSendWithTheOutboundMarkF12() {
        try (Observation seen = scene.observe()) {
            scene.alice().send(packetFrom("10.1.0.10"));

            seen.settle(new Books().forwarded(1).sent(4));
            assertEquals(Map.of(TO_CAROL, 1L, TO_DAVE, 1L, TO_ERIN, 1L, TO_FRANK, 1L), seen.departed());
        }
    }

    @Test
    void shouldTellTheOriginByTheInboundMarkF12() {
        try (Observation seen = scene.observe()) {
            scene.client("carol").send(packetFrom("10.1.1.1"));
            scene.client("dave").send(packetFrom("10.1.1.2"));
            scene.client("dave").send(packetFrom("10.1.1.1")); // carol's address and carol's outbound mark

            seen.settle(new Books().forwarded(2).sent(8).dropped(Counter.DROPPED_SPOOFED, 1));
            assertEquals(Map.of(TO_LAN, 2L, TO_CAROL, 1L, TO_DAVE, 1L, TO_ERIN, 2L, TO_FRANK, 2L), seen.departed());
            assertEquals(List.of(packetFrom("10.1.1.2")), seen.at("carol"));
            assertEquals(List.of(packetFrom("10.1.1.1")), seen.at("dave"));
        }
    }

    @Test
    void shouldLookAtNoBitOutsideTheMaskOfAnInboundMarkF12() {
        try (Observation seen = scene.observe()) {
            scene.client("erin").send(packetFrom("10.1.1.3"));
            scene.client("frank").send(packetFrom("10.1.1.4"));

            seen.settle(new Books().forwarded(2).sent(8));
            assertEquals(Map.of(TO_LAN, 2L, TO_CAROL, 2L, TO_DAVE, 2L, TO_ERIN, 1L, TO_FRANK, 1L), seen.departed());
            assertEquals(List.of(packetFrom("10.1.1.4")), seen.at("erin"));
            assertEquals(List.of(packetFrom("10.1.1.3")), seen.at("frank"));
        }
    }

    @Test
    void shouldNotTakeAnotherMarkForOneUnderAMaskF12() {
        try (Observation seen = scene.observe()) {
            scene.client("grace").send(packetFrom("10.1.1.5"));
            scene.client("grace").send(packetFrom("10.1.1.3"));

            seen.settle(new Books().dropped(Counter.DROPPED_UNKNOWN_MARK, 2));
            assertEquals(Map.of(), seen.departed());
        }
    }

    private static Ipv4Packet packetFrom(String source) {
        return Ipv4Packet.udp(source, 5353, MDNS, 5353, Payload.of(70))
                .timeToLive(255)
                .build();
    }
}
