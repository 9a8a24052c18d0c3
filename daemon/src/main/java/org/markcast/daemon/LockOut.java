// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static java.util.stream.Collectors.joining;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.markcast.config.AddressLiteral;
import org.markcast.config.Config;
import org.markcast.config.Firewall;
import org.markcast.config.Firewall.Mode;
import org.markcast.config.Service;
import org.markcast.config.Uplink;

/** Who would lose the machine to its firewall, and what the firewall would miss: found out before it happens. */
final class LockOut {

    private static final int TCP = 6;
    private static final int DISCARD_PORT = 9;

    private static final Path ROUTES = Path.of("/proc/net/route");
    private static final int INTERFACE = 0;
    private static final int DESTINATION = 1;
    private static final int METRIC = 6;
    private static final int MASK = 7;
    private static final String ALL = "00000000";

    private final Config config;
    private final Firewall firewall;
    private final List<String> lans;
    private final List<String> inside;
    private final Network network;
    private final TcpSessions sessions;

    /** What this machine's interfaces are. */
    interface Network {

        boolean hasInterface(String name);

        /** The interface that has an address of this machine's. */
        Optional<String> interfaceOf(InetAddress local);

        /** The interface by which packets to an address leave; empty if none does. */
        Optional<String> interfaceTo(InetAddress remote);

        /** The interface that the IPv4 default route leads to; empty if there is none. */
        Optional<String> interfaceToAll();
    }

    private LockOut(Config config, List<String> lans, Network network, TcpSessions sessions) {
        this.config = config;
        this.firewall = config.firewall();
        this.lans = lans;
        this.inside = LocalLans.inside(config, lans).stream()
                .filter(name -> !firewall.hasInterface(name))
                .toList();
        this.network = network;
        this.sessions = sessions;
    }

    /** Warnings, one line each, for this machine and who administers it now. */
    static List<String> warnings(Config config) {
        return config.firewall().isEnabled()
                ? warnings(config, LocalLans.names(config), new ThisMachine(), TcpSessions.administering())
                : List.of();
    }

    /** @param lans the LAN interfaces, configured or found */
    static List<String> warnings(Config config, List<String> lans, Network network, TcpSessions sessions) {
        return new LockOut(config, lans, network, sessions).warnings();
    }

    private List<String> warnings() {
        final List<String> warnings = new ArrayList<>();
        for (final String name : firewall.interfaces()) {
            if (!name.endsWith("*") && !network.hasInterface(name)) {
                warnings.add("firewall: there is no interface " + name + " now");
            }
        }
        final List<String> lost = sessions.all().stream()
                .filter(session -> !isLetIn(session))
                .flatMap(session -> wanOf(session).map(wan -> warning(session, wan)).stream())
                .distinct()
                .toList();
        warnings.addAll(lost);
        if (lost.isEmpty() && firewall.mode() == Mode.ENFORCE && !letsAnybodyAdminister()) {
            warnings.add("firewall: nobody can administer this machine by "
                    + String.join(", ", firewall.interfaces())
                    + " but through an SA: management is empty, and allow has no "
                    + sessions.ports().stream().map(port -> "tcp/" + port).collect(joining(" or ")));
        }
        addWrongLans(warnings);
        addMissingUplinks(warnings);
        return warnings;
    }

    private void addWrongLans(List<String> warnings) {
        if (inside.isEmpty()) {
            lans.forEach(
                    lan -> warnings.add("firewall: " + lan + " is the LAN too, since interface names none: its packets"
                            + " count as plain ones from the WAN; write interface = LAN"));
        }
        network.interfaceToAll()
                .filter(inside::contains)
                .ifPresent(lan -> warnings.add("firewall: the default route leads to LAN " + lan
                        + ", so mode = enforce refuses what the internet sends in clear to "
                        + String.join(", ", firewall.interfaces()) + ", but IKE and ESP"
                        + (config.interfaces().isEmpty() ? "; write interface = LAN" : "")));
    }

    private void addMissingUplinks(List<String> warnings) {
        final List<String> missing = config.uplinks().all().stream()
                .map(Uplink::interfaceName)
                .filter(name -> !firewall.hasInterface(name))
                .toList();
        if (!missing.isEmpty()) {
            warnings.add("firewall: interface leaves out " + String.join(", ", missing)
                    + " of uplinks: what comes in by them is not looked at");
        }
    }

    /**
     * The WAN interface whose address the session is with, or that leads to its other end: packets come in by either. Those of the
     * LAN come in by the LAN.
     */
    private Optional<String> wanOf(TcpSessions.Session session) {
        final Optional<String> back = network.interfaceTo(session.remote());
        return back.filter(inside::contains).isPresent()
                ? Optional.empty()
                : network.interfaceOf(session.local())
                        .filter(firewall::hasInterface)
                        .or(() -> back.filter(firewall::hasInterface));
    }

    private static String warning(TcpSessions.Session session, String wan) {
        final String remote = AddressLiteral.format(session.remote());
        return "firewall: the session from " + remote + " to port " + session.port() + " of " + wan
                + " loses access with mode = enforce, unless it comes through an SA: add " + remote
                + " to management, or tcp/" + session.port() + " to allow";
    }

    private boolean isLetIn(TcpSessions.Session session) {
        return isAllowed(session.port())
                || firewall.management().stream().anyMatch(network -> network.contains(session.remote()));
    }

    private boolean letsAnybodyAdminister() {
        return !firewall.management().isEmpty() || sessions.ports().stream().anyMatch(this::isAllowed);
    }

    private boolean isAllowed(int port) {
        for (final Service service : firewall.allow()) {
            if (service.contains(TCP, port)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The interface of the first default route, if there is one.
     *
     * @param lines of /proc/net/route, where some kernels write metrics with a sign
     */
    static Optional<String> interfaceToAll(List<String> lines) {
        return lines.stream()
                .map(line -> line.strip().split("\\s+"))
                .filter(fields -> fields.length > MASK && fields[DESTINATION].equals(ALL) && fields[MASK].equals(ALL))
                .min(Comparator.comparing(fields -> (int) Long.parseLong(fields[METRIC]), Integer::compareUnsigned))
                .map(fields -> fields[INTERFACE]);
    }

    private static final class ThisMachine implements Network {

        /** A socket that is connected has the source address of the route; nothing is sent. */
        @Override
        public Optional<String> interfaceTo(InetAddress remote) {
            try (DatagramSocket socket = new DatagramSocket()) {
                socket.connect(new InetSocketAddress(remote, DISCARD_PORT));
                return interfaceOf(socket.getLocalAddress());
            } catch (SocketException | UncheckedIOException e) {
                return Optional.empty();
            }
        }

        @Override
        public Optional<String> interfaceToAll() {
            try {
                return LockOut.interfaceToAll(Files.readAllLines(ROUTES));
            } catch (IOException e) {
                return Optional.empty();
            }
        }

        @Override
        public boolean hasInterface(String name) {
            try {
                return NetworkInterface.getByName(name) != null;
            } catch (SocketException e) {
                return false;
            }
        }

        @Override
        public Optional<String> interfaceOf(InetAddress local) {
            try {
                return Optional.ofNullable(NetworkInterface.getByInetAddress(local))
                        .map(NetworkInterface::getName);
            } catch (SocketException e) {
                return Optional.empty();
            }
        }
    }
}
