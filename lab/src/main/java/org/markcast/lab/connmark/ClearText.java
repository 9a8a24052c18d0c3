// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.util.List;
import java.util.stream.Collectors;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.Tap;
import org.markcast.lab.uml.Station;

/** Watches a network outside for what the gateway sends there that is neither IKE nor ESP: there must be nothing else. */
final class ClearText implements AutoCloseable {

    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ESP = 50;
    private static final int SOURCE = 0;
    private static final int DESTINATION = 2;
    /** Of the packet that an ICMP error is about, if it has no options (RFC 792): nobody listens to IKE while charon is dead. */
    private static final int QUOTED_DESTINATION = 8 + 20 + 2;

    /** IKE's, ESP's, and {@link Scenario#PROBE_PORT}: a probe that comes before the engine is ready is answered in clear. */
    private static final List<Integer> EXPECTED_PORTS = List.of(500, 4500, Scenario.PROBE_PORT);

    private final Tap tap;

    /**
     * @param outside the network's switch
     * @param gateway the gateway there, at its address there
     */
    ClearText(Station outside, Station gateway) {
        tap = outside.tap(arrival -> isClear(arrival.packet(), gateway.address()));
    }

    private static boolean isClear(Ipv4Packet packet, String gateway) {
        return packet.source().equals(gateway)
                && switch (packet.protocol()) {
                    case UDP -> !EXPECTED_PORTS.contains(port(packet.body(), SOURCE));
                    case ICMP -> !EXPECTED_PORTS.contains(port(packet.body(), QUOTED_DESTINATION));
                    case ESP -> false;
                    default -> true;
                };
    }

    int count() {
        return tap.packets().size();
    }

    /** What was seen, by kind. */
    String kinds() {
        return tap.packets().stream()
                .map(Arrival::packet)
                .map(ClearText::kind)
                .collect(Collectors.groupingBy(kind -> kind, Collectors.counting()))
                .toString();
    }

    private static String kind(Ipv4Packet packet) {
        final int protocol = packet.protocol();
        final boolean hasPorts = protocol == UDP || protocol == TCP;
        return "protocol " + protocol + " to " + packet.destination()
                + (hasPorts
                        ? " from port " + port(packet.body(), SOURCE) + " to " + port(packet.body(), DESTINATION)
                        : "");
    }

    private static int port(byte[] body, int offset) {
        return body.length < offset + 2
                ? 0
                : Byte.toUnsignedInt(body[offset]) << 8 | Byte.toUnsignedInt(body[offset + 1]);
    }

    @Override
    public void close() {
        tap.close();
    }
}
