// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Tap;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.MarkcastEngine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/**
 * Tunnels of alice and venus to sun that use ESP without UDP, with keys by hand, since charon goes over to UDP behind a NAT. Moon
 * has a service of its own, which gives each an address of a pool.
 */
final class PlainEsp extends Scenario {

    private static final int ESP = 50;
    private static final Duration LEASE_TIMEOUT = Duration.ofSeconds(10);
    private static final String SERVER_INSIDE = "10.4.0.254";
    private static final String KEY = "0x000102030405060708090a0b0c0d0e0f10111213";

    private final Station sun;
    private final Station moon;
    private final Path logs;
    private final List<Tunnel> tunnels;

    /** SPIs in network order, as they stand in packets. */
    private record Tunnel(Station client, String inside, int spiToServer, int spiToClient) {}

    PlainEsp(Network network, Engine engine, Report report, Path logs) {
        super(network, engine, report);
        this.logs = logs;
        sun = network.sun();
        moon = network.moonOutside();
        tunnels = List.of(new Tunnel(alice, "10.4.0.1", 0x1001, 0x2001), new Tunnel(venus, "10.4.0.2", 0x1002, 0x2002));
    }

    void run() {
        if (engine instanceof MarkcastEngine) {
            network.abandon();
            final MarkcastEngine service = new MarkcastEngine(moon, logs, Services.masquerade());
            for (int i = 101; i <= 104; i++) {
                moon.run("ip", "address", "add", "192.168.0." + i + "/32", "dev", "eth0");
            }
            service.start();
            tunnels.forEach(this::prepare);
            sun.run("ip", "address", "add", SERVER_INSIDE + "/32", "dev", "lo");
            exchange();
            service.stop();
            cleanUp();
            restore();
        } else {
            report.notApplicable("ESP without UDP through one NAT", "the plugin has nothing for it");
        }
    }

    private void exchange() {
        final Map<Tunnel, String> outside = new LinkedHashMap<>();
        tunnels.forEach(tunnel -> outside.put(tunnel, awaitLease(tunnel)));
        final Set<String> distinct = new TreeSet<>(outside.values());
        report.check("each has an address of its own outside", "2 addresses", () -> distinct.size() + " addresses");
        outside.forEach(this::answer);
        check("each can ping the server", tunnel -> tunnel.client().ping(SERVER_INSIDE));
        check("the server can ping each", tunnel -> sun.ping(tunnel.inside()));
        moon.run("conntrack", "-F");
        check("also when the router has forgotten all connections", tunnel -> sun.ping(tunnel.inside()));
    }

    private void check(String name, Function<Tunnel, String> ping) {
        report.check(
                name,
                "alice 3 of 3, venus 3 of 3",
                () -> String.join(
                        ", ",
                        tunnels.stream()
                                .map(tunnel -> tunnel.client() + " " + ping.apply(tunnel))
                                .toList()));
    }

    /** The address that the server sees, once what the client sends gets there. */
    private String awaitLease(Tunnel tunnel) {
        try (Tap tap = sun.tap(arrival -> arrival.packet().protocol() == ESP && spi(arrival) == tunnel.spiToServer())) {
            Waiting.until(LEASE_TIMEOUT, () -> {
                tunnel.client().ping(SERVER_INSIDE);
                return !tap.packets().isEmpty();
            });
            return tap.packets().isEmpty()
                    ? "nowhere"
                    : tap.packets().get(0).packet().source();
        }
    }

    private static int spi(Arrival arrival) {
        final byte[] body = arrival.packet().body();
        int spi = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            spi = spi << Byte.SIZE | Byte.toUnsignedInt(body[i]);
        }
        return spi;
    }

    /** The client's end, and what the server takes from it. */
    private void prepare(Tunnel tunnel) {
        final Station client = tunnel.client();
        client.run("ip", "address", "add", tunnel.inside() + "/32", "dev", "lo");
        client.run("ip", "route", "add", SERVER_INSIDE + "/32", "via", "10.1.0.1", "src", tunnel.inside());
        state(client, client.address(), Network.GATEWAY, tunnel.spiToServer());
        state(client, Network.GATEWAY, client.address(), tunnel.spiToClient());
        policy(client, "out", tunnel.inside(), SERVER_INSIDE, client.address(), Network.GATEWAY);
        policy(client, "in", SERVER_INSIDE, tunnel.inside(), Network.GATEWAY, client.address());
        state(sun, client.address(), Network.GATEWAY, tunnel.spiToServer());
        policy(sun, "in", tunnel.inside(), SERVER_INSIDE, client.address(), Network.GATEWAY);
    }

    /** What the server sends, to the address that it has learnt. */
    private void answer(Tunnel tunnel, String outside) {
        sun.run("ip", "route", "add", tunnel.inside() + "/32", "via", "192.168.0.1", "src", SERVER_INSIDE);
        state(sun, Network.GATEWAY, outside, tunnel.spiToClient());
        policy(sun, "out", SERVER_INSIDE, tunnel.inside(), Network.GATEWAY, outside);
    }

    private static void state(Station station, String source, String destination, int spi) {
        final String text = "src " + source + " dst " + destination + " proto esp spi " + spi
                + " reqid 7 mode tunnel aead rfc4106(gcm(aes)) " + KEY + " 128";
        station.run(("ip xfrm state add " + text).split(" "));
    }

    /** ip-xfrm(8). */
    private static void policy(
            Station station, String direction, String from, String to, String source, String destination) {
        final String text = "src " + from + "/32 dst " + to + "/32 dir " + direction + " tmpl src " + source + " dst "
                + destination + " proto esp reqid 7 mode tunnel";
        station.run(("ip xfrm policy add " + text).split(" "));
    }

    private void cleanUp() {
        List.of(alice, venus, sun).forEach(station -> {
            station.run("ip", "xfrm", "state", "flush");
            station.run("ip", "xfrm", "policy", "flush");
        });
        tunnels.forEach(tunnel -> sun.run("ip", "route", "delete", tunnel.inside() + "/32"));
        for (int i = 101; i <= 104; i++) {
            moon.run("ip", "address", "delete", "192.168.0." + i + "/32", "dev", "eth0");
        }
    }
}
