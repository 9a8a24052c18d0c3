// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.markcast.linux.NetworkNamespace;

/**
 * The gateway's namespace, where the service runs. LAN interfaces are {@code eth1} and {@code eth2}, each client's tunnel is
 * {@link Client#tunnel()}, the sinks of all other SAs are {@code ifb0}, {@code ifb1} and so on.
 */
public final class Gateway implements AutoCloseable {

    /** Where copies go that belong to no client: counted by the kernel, then gone. The first one, if there are several. */
    public static final String SINK = sink(0);

    private static final int SINK_SHIFT = 24;

    private final NetworkNamespace namespace = NetworkNamespace.create();
    private final DepartureProbe probe = new DepartureProbe(this);
    private final Map<String, Lan> lans = new HashMap<>();

    /**
     * What left by one interface with one mark to one address.
     *
     * @param device an interface of the gateway's
     */
    public record Departure(String device, int mark, String destination) {

        @Override
        public String toString() {
            return "by " + device + " with mark " + Integer.toUnsignedString(mark) + " to " + destination;
        }
    }

    Gateway() {}

    /** The name of a sink by its number. */
    public static String sink(int number) {
        return "ifb" + number;
    }

    /** A mark that leads to one of several sinks, which its highest eight bits tell. */
    public static int markTo(int sink, int value) {
        return sink << SINK_SHIFT | value;
    }

    void add(Lan lan) {
        lans.put(lan.gatewayInterface(), lan);
    }

    public NetworkNamespace namespace() {
        return namespace;
    }

    /** Runs lines such as {@code link set eth1 down} as {@code ip} commands. */
    public void ip(String... lines) {
        Command.ipBatch(namespace, List.of(lines));
    }

    /** Loads rules from text. */
    public void nft(String rules) {
        Command.run(namespace, rules, "nft", "-f", "-");
    }

    /** Runs a program to its end; its output, or an exception with it. */
    public String run(String... command) {
        return Command.run(namespace, "", command);
    }

    /** Takes a LAN interface down; its addresses stay, its routes go. */
    public void lanDown(String interfaceName) {
        ip("link set " + lan(interfaceName).gatewayInterface() + " down");
    }

    public void lanUp(String interfaceName) {
        ip("link set " + lan(interfaceName).gatewayInterface() + " up");
        lan(interfaceName).awaitCarrier(namespace);
    }

    /** Deletes a LAN interface, and with it the other end at its host: taps there see nothing any more. */
    public void deleteLan(String interfaceName) {
        ip("link del " + lan(interfaceName).gatewayInterface());
    }

    /**
     * Creates a LAN interface again, with another index and the same addresses. What leaves by it is no longer in {@link
     * #sent()}, because the probe's hook went with the old one.
     */
    public void createLan(String interfaceName) {
        lan(interfaceName).create(namespace);
    }

    private Lan lan(String interfaceName) {
        final Lan lan = lans.get(interfaceName);
        if (lan == null) {
            throw new IllegalArgumentException("no LAN interface " + interfaceName + " among " + lans.keySet());
        }
        return lan;
    }

    /** Watches what arrives at one of the gateway's interfaces from now on, with the marks that it has there. */
    public Tap tap(String interfaceName, Predicate<Arrival> filter) {
        return Host.tapAt("gateway " + interfaceName, namespace, interfaceName, filter);
    }

    /** Counts what leaves by some interfaces. */
    void installProbe(List<String> devices) {
        probe.install(devices);
    }

    /** What has left so far, in packets: to tunnels with the SA's outbound mark, to the LAN with mark 0. */
    public Map<Departure, Long> sent() {
        return probe.sent();
    }

    /** Forgets what has left so far. */
    public void resetSent() {
        probe.reset();
    }

    /** Packets that the sink has swallowed so far: one figure, which costs the packets nothing. */
    public long sinkPackets() {
        return statistics(SINK, "rx");
    }

    /** Packets that left by a tunnel and were taken by the client's end. */
    public long tunnelPackets() {
        long packets = 0;
        for (final JsonElement link : linkStatistics("type", "veth")) {
            final JsonElement name = link.getAsJsonObject().get("ifname");
            if (name != null && name.getAsString().startsWith("tun")) {
                packets += packets(link, "tx");
            }
        }
        return packets;
    }

    private long statistics(String device, String direction) {
        return packets(linkStatistics("dev", device).get(0), direction);
    }

    private JsonArray linkStatistics(String key, String value) {
        return JsonParser.parseString(run("ip", "-s", "-j", "link", "show", key, value))
                .getAsJsonArray();
    }

    private static long packets(JsonElement link, String direction) {
        return link.getAsJsonObject()
                .getAsJsonObject("stats64")
                .getAsJsonObject(direction)
                .get("packets")
                .getAsLong();
    }

    @Override
    public void close() {
        namespace.close();
    }
}
