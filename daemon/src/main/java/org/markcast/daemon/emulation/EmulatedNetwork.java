// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.daemon.emulation.Client.ClientPlan;
import org.markcast.linux.NetworkNamespace;

/**
 * A gateway, a LAN or two, and clients behind tunnels, in namespaces that are gone with this process.
 *
 * <pre>
 *   alice 10.1.0.10/16 ---- eth1 10.1.0.1/16 +---------+ tun1 ---- wan0 10.1.1.1 carol
 *                                            | gateway | tun2 ---- wan0 10.1.1.2 dave
 *     bob 10.2.0.10/16 ---- eth2 10.2.0.1/16 +---------+ ifb0      all other SAs: a sink
 * </pre>
 *
 * <p>A tunnel is a veth pair without ARP. "Encapsulation" is a routing rule: the client's outbound mark leads out of its
 * tunnel. "Decapsulation" is a rule at the tunnel's ingress: the device decides the mark, whatever the source address says.
 * IPv6 is off and nobody speaks unasked.
 */
public final class EmulatedNetwork implements AutoCloseable {

    /** Routing tables of the sinks, downwards; those of the clients begin above. */
    private static final int LAST_SINK_TABLE = 999;
    /** Preferences of routing rules: tunnels in the order of their clients from 1 on, then these. */
    private static final int SINK_PREFERENCE = 30_000;

    private static final int LOCAL_PREFERENCE = 31_000;
    private static final int MAX_CLIENTS = 20_000;
    private static final int MAX_SINKS = 250;

    private final Deque<AutoCloseable> resources = new ArrayDeque<>();
    private final Map<String, Lan> lans = new LinkedHashMap<>();
    private final Map<String, Client> clients = new LinkedHashMap<>();
    private final Gateway gateway;

    private EmulatedNetwork(Builder builder) {
        gateway = opened(new Gateway());
        try {
            buildLans(builder);
            int number = 0;
            for (final ClientPlan plan : builder.clients) {
                clients.put(plan.name(), opened(new Client(plan, ++number)));
            }
            prepare(gateway.namespace());
            Command.ipBatch(gateway.namespace(), gatewayCommands(builder));
            for (final Lan lan : lans.values()) {
                prepare(lan.host().namespace());
                lan.create(gateway.namespace());
            }
            for (final Client client : clients.values()) {
                prepare(client.namespace());
                Command.ipBatch(client.namespace(), clientCommands(client));
            }
            for (int sink = 0; sink < builder.sinks; sink++) {
                // A queue would only add its lock, and refuse what two senders bring at the same time.
                gateway.run("tc", "qdisc", "replace", "dev", Gateway.sink(sink), "root", "noqueue");
            }
            // At a tunnel's client end the carrier is there first.
            Links.awaitCarrier(gateway.namespace(), tunnels());
            if (!clients.isEmpty()) {
                gateway.nft(decapsulation());
            }
            if (builder.hasProbe) {
                gateway.installProbe(devices(builder));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T opened(T resource) {
        resources.push(resource);
        return resource;
    }

    private void buildLans(Builder builder) {
        for (int i = 0; i < builder.lanHosts.size(); i++) {
            final Lan lan = new Lan(i + 1, builder.lanMtu, builder.lanHosts.get(i));
            opened(lan.host());
            lans.put(builder.lanHosts.get(i), lan);
            gateway.add(lan);
        }
    }

    /** Quiet and permissive; where /proc/sys is not ours to write, the defaults serve as well. */
    private static void prepare(NetworkNamespace namespace) {
        namespace.call(() -> {
            trySet("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
            trySet("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
            trySet("/proc/sys/net/ipv4/conf/all/rp_filter", "0");
            trySet("/proc/sys/net/ipv4/conf/default/rp_filter", "0");
            // One report for each group joined: repetitions, up to a second later, are packets that no test expects.
            trySet("/proc/sys/net/ipv4/igmp_qrv", "1");
            return null;
        });
    }

    private static void trySet(String path, String value) {
        try {
            Files.writeString(Path.of(path), value);
        } catch (IOException e) {
            return;
        }
    }

    private List<String> gatewayCommands(Builder builder) {
        final List<String> commands = new ArrayList<>();
        commands.add("link set lo up");
        for (final Client client : clients.values()) {
            final String ends = " address " + Mac.format(client.mac()) + " mtu " + builder.tunnelMtu;
            commands.add("link add " + client.tunnel() + ends + " type veth peer name " + Client.INTERFACE + ends
                    + " netns " + client.namespace().path());
            commands.add("link set " + client.tunnel() + " arp off up");
            commands.add("route add default dev " + client.tunnel() + " table " + client.table());
            commands.add("rule add pref " + (client.table() - 1000) + " fwmark "
                    + Integer.toUnsignedString(client.markOut().value()) + "/"
                    + Integer.toUnsignedString(client.markOut().mask()) + " lookup " + client.table());
        }
        for (int sink = 0; sink < builder.sinks; sink++) {
            commands.add("link add " + Gateway.sink(sink) + " mtu " + builder.tunnelMtu + " type ifb");
            commands.add("link set " + Gateway.sink(sink) + " up");
            commands.add("route add default dev " + Gateway.sink(sink) + " table " + (LAST_SINK_TABLE - sink));
            commands.add("rule add pref " + (SINK_PREFERENCE - sink) + " " + selectorOf(sink) + " lookup "
                    + (LAST_SINK_TABLE - sink));
        }
        // First of all rules by default, and then a copy to the LAN's broadcast address would leave by the LAN.
        commands.add("rule add pref " + LOCAL_PREFERENCE + " lookup local");
        commands.add("rule del pref 0");
        return commands;
    }

    /** The first sink takes the marks that no other one takes. */
    private static String selectorOf(int sink) {
        return sink == 0
                ? "not fwmark 0/0xffffffff"
                : "fwmark " + Integer.toUnsignedString(Gateway.markTo(sink, 0)) + "/"
                        + Integer.toUnsignedString(Gateway.markTo(0xff, 0));
    }

    private static List<String> clientCommands(Client client) {
        return List.of(
                "link set lo up",
                "address add " + client.address() + "/32 dev " + Client.INTERFACE,
                "link set " + Client.INTERFACE + " arp off up",
                "route add default dev " + Client.INTERFACE);
    }

    private String decapsulation() {
        final StringBuilder rules =
                new StringBuilder("table netdev decapsulation {\n map marks { type ifname : mark; elements = {");
        rules.append(clients.values().stream()
                .map(client -> "\"" + client.tunnel() + "\" : " + Integer.toUnsignedString(client.arrivalMark()))
                .collect(Collectors.joining(", ")));
        rules.append("}; }\n");
        Devices.appendChains(rules, tunnels(), "ingress", "meta mark set meta iifname map @marks");
        return rules.append("}\n").toString();
    }

    private List<String> tunnels() {
        return clients.values().stream().map(Client::tunnel).toList();
    }

    private List<String> devices(Builder builder) {
        final List<String> devices = new ArrayList<>();
        lans.values().forEach(lan -> devices.add(lan.gatewayInterface()));
        devices.addAll(tunnels());
        for (int sink = 0; sink < builder.sinks; sink++) {
            devices.add(Gateway.sink(sink));
        }
        return devices;
    }

    public static Builder builder() {
        return new Builder();
    }

    public Gateway gateway() {
        return gateway;
    }

    /** A LAN host by name. */
    public Host host(String name) {
        if (!lans.containsKey(name)) {
            throw new IllegalArgumentException("no LAN host " + name + " among " + lans.keySet());
        }
        return lans.get(name).host();
    }

    public Client client(String name) {
        if (!clients.containsKey(name)) {
            throw new IllegalArgumentException("no client " + name + " among " + clients.keySet());
        }
        return clients.get(name);
    }

    /** All clients, in the order in which they were asked for. */
    public List<Client> clients() {
        return List.copyOf(clients.values());
    }

    /** A configuration with every LAN interface and an SA for every client, child {@code rw}. */
    public ServiceConfig serviceConfig() {
        final ServiceConfig config = new ServiceConfig(
                lans.values().stream().map(Lan::gatewayInterface).toArray(String[]::new));
        for (final Client client : clients.values()) {
            config.with(tunnel(client.name(), client.markIn(), client.markOut(), client.address()));
        }
        return config;
    }

    /** An SA with child {@code rw} to a client that is not there: its copies go to the sink. */
    public StaticTunnel tunnel(String name, Mark markIn, Mark markOut, String address) {
        final List<String> localTs = new ArrayList<>();
        lans.values().forEach(lan -> localTs.add(lan.network()));
        localTs.add("224.0.0.0/4");
        final List<String> remoteTs = new ArrayList<>(List.of(address, "224.0.0.0/4", "255.255.255.255"));
        lans.values().forEach(lan -> remoteTs.add(lan.broadcast()));
        return new StaticTunnel(name, "rw", Mode.TUNNEL, markIn, markOut, localTs, remoteTs);
    }

    /** Closes everything in the reverse order of its opening. */
    @Override
    public void close() {
        while (!resources.isEmpty()) {
            closeQuietly(resources.pop());
        }
    }

    private static void closeQuietly(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            throw new IllegalStateException("cannot close " + resource, e);
        }
    }

    /** What the network will be. */
    public static final class Builder {

        private final List<String> lanHosts = new ArrayList<>();
        private final List<ClientPlan> clients = new ArrayList<>();
        private int lanMtu = 1500;
        private int tunnelMtu = 1500;
        private int sinks;
        private boolean hasProbe = true;

        private Builder() {}

        /** Adds a LAN with a host: the first call makes eth1 and 10.1.0.0/16, the next one eth2 and 10.2.0.0/16. */
        public Builder lan(String hostName) {
            lanHosts.add(hostName);
            return this;
        }

        /** @param bytes largest IP packet on the LANs; 1500 by default */
        public Builder lanMtu(int bytes) {
            lanMtu = bytes;
            return this;
        }

        /** @param bytes largest IP packet in the tunnels and in the sink; 1500 by default */
        public Builder tunnelMtu(int bytes) {
            tunnelMtu = bytes;
            return this;
        }

        /** Adds a client with full-mask marks and the next address of 10.1.1.1, 10.1.1.2, ... */
        public Builder client(String name, int markIn, int markOut) {
            return client(
                    name,
                    new Mark(markIn, Mark.FULL_MASK),
                    new Mark(markOut, Mark.FULL_MASK),
                    Ipv4Address.format(Ipv4Address.parse("10.1.1.0") + clients.size() + 1));
        }

        public Builder client(String name, Mark markIn, Mark markOut, String address) {
            return client(name, markIn, markOut, address, markIn.value());
        }

        /** @param arrivalMark the mark that its decapsulated packets have, which may have bits outside the mask */
        public Builder client(String name, Mark markIn, Mark markOut, String address, int arrivalMark) {
            if (clients.size() == MAX_CLIENTS) {
                throw new IllegalArgumentException("more than " + MAX_CLIENTS + " clients");
            }
            clients.add(new ClientPlan(name, markIn, markOut, address, arrivalMark));
            return this;
        }

        /** Sends all copies of SAs without a client into {@link Gateway#SINK}; without it they have no route. */
        public Builder sink() {
            return sinks(1);
        }

        /** As many sinks instead of one: {@link Gateway#markTo} tells which marks lead where. */
        public Builder sinks(int number) {
            if (number > MAX_SINKS) {
                throw new IllegalArgumentException("more than " + MAX_SINKS + " sinks");
            }
            sinks = number;
            return this;
        }

        /** Leaves {@link Gateway#sent()} out, which costs a set lookup a packet. */
        public Builder withoutProbe() {
            hasProbe = false;
            return this;
        }

        public EmulatedNetwork build() {
            return new EmulatedNetwork(this);
        }
    }
}
