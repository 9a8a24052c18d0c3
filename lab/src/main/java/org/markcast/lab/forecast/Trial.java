// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.Tap;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Token;
import org.markcast.lab.uml.Waiting;

/**
 * One packet, or a few, and who received them how often. After them goes a sentinel from either side: what has not arrived
 * before it does not come.
 */
final class Trial implements AutoCloseable {

    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(2);
    private static final int PORT = 5353;

    private final Network network;
    private final Token token = Token.next();
    private final Map<Station, Tap> taps = new LinkedHashMap<>();
    private final Tap wan;

    Trial(Network network) {
        this.network = network;
        for (final Station station : List.of(network.alice(), network.carol(), network.dave())) {
            taps.put(station, station.tap(token::isIn));
        }
        wan = network.wan().tap(token::isIn);
    }

    /** What marks this trial's packets. */
    Token token() {
        return token;
    }

    /** A multicast that is complete, checksum and all, as it comes from a network card. */
    Ipv4Packet packet(Station from, String destination, int length) {
        return Ipv4Packet.udp(from.address(), PORT, destination, PORT, token.payload(length - 28))
                .timeToLive(255)
                .build();
    }

    /** Sends a complete packet, from a client through its kernel and its tunnel. */
    Trial send(Station from, String destination) {
        if (from == network.alice()) {
            from.send(packet(from, destination, 0));
        } else {
            from.sendUdp(destination, PORT, token.payload());
        }
        return this;
    }

    /**
     * Who received it how often, as in {@code alice 0, carol 1, dave 1}, once {@code expected} have it; and how often it
     * was seen in clear on the WAN, if it was.
     */
    String counts(Station... expected) {
        for (final Station station : expected) {
            awaitQuietly(taps.get(station), 1);
        }
        settle(Set.of(expected));
        final int clear = wan.packets().size();
        return taps.entrySet().stream()
                        .map(tap ->
                                tap.getKey() + " " + tap.getValue().packets().size())
                        .collect(Collectors.joining(", "))
                + (clear == 0 ? "" : ", in clear " + clear);
    }

    /** What a host received, once there is as much as expected or the time is over. */
    List<Arrival> arrivals(Station station, int expected) {
        awaitQuietly(taps.get(station), expected);
        return taps.get(station).packets();
    }

    private static boolean awaitQuietly(Tap tap, int count) {
        try {
            tap.awaitPackets(count, DELIVERY_TIMEOUT);
            return true;
        } catch (IllegalStateException e) {
            return false; // judged from what did arrive
        }
    }

    /** One sentinel for those behind tunnels, one for the LAN; a host that gets nothing at all costs the timeout. */
    private void settle(Set<Station> reachable) {
        final boolean isCarolUp = reachable.contains(network.carol()) || !reachable.contains(network.dave());
        final Station client = isCarolUp ? network.carol() : network.dave();
        try (Trial outwards = new Trial(network);
                Trial inwards = new Trial(network)) {
            outwards.send(network.alice(), Network.GROUP);
            awaitQuietly(outwards.taps.get(client), 1);
            inwards.send(client, Network.GROUP);
            awaitQuietly(inwards.taps.get(network.alice()), 1);
        }
    }

    /** Sends packets until one gets through, for what takes a moment to take effect; whether it did. */
    static boolean awaitPath(Network network, Station from, Station to, Duration timeout) {
        return Waiting.until(timeout, () -> {
            try (Trial trial = new Trial(network)) {
                trial.send(from, Network.GROUP);
                return !trial.taps
                        .get(to)
                        .awaitPackets(1, Duration.ofMillis(200))
                        .isEmpty();
            } catch (IllegalStateException e) {
                return false;
            }
        });
    }

    @Override
    public void close() {
        taps.values().forEach(Tap::close);
        wan.close();
    }
}
