// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.net.Inet4Address;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.markcast.config.Config;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.port.LanInterface;

/** LAN interfaces as this machine has them now, as far as anybody may see without privileges. */
final class LocalLans {

    private static final int LONGEST_PREFIX_WITH_BROADCAST = 30;

    private LocalLans() {}

    /** The interface with this name; empty if this machine has none. */
    static Optional<LanInterface> find(String name) {
        try {
            final NetworkInterface found = NetworkInterface.getByName(name);
            return found == null ? Optional.empty() : Optional.of(lan(found));
        } catch (SocketException e) {
            return Optional.empty(); // it went away while we looked
        }
    }

    /** Names of the LANs that a configuration means; none if it names none and this machine has none. */
    static List<String> names(Config config) {
        return config.interfaces().isEmpty()
                ? firstUsable().map(LanInterface::name).stream().toList()
                : config.interfaces();
    }

    /**
     * Interfaces that lead inside: the LANs, and those whose packets are pinned to uplinks.
     *
     * @param lans the LAN interfaces, configured or found
     */
    static List<String> inside(Config config, List<String> lans) {
        return Stream.concat(lans.stream(), config.uplinks().lan().stream())
                .distinct()
                .toList();
    }

    /** Broadcast addresses of the LANs that a configuration means, in host order, as far as they are here. */
    static Set<Integer> broadcasts(Config config) {
        final Set<Integer> broadcasts = new TreeSet<>();
        names(config).forEach(name -> find(name).ifPresent(lan -> broadcasts.addAll(lan.broadcasts())));
        return broadcasts;
    }

    /** The one that the service takes if none is configured: the first broadcast interface that is up and has an address. */
    static Optional<LanInterface> firstUsable() {
        try {
            final List<NetworkInterface> all = NetworkInterface.networkInterfaces()
                    .sorted(Comparator.comparingInt(NetworkInterface::getIndex))
                    .toList();
            for (final NetworkInterface found : all) {
                if (found.isUp() && !found.isLoopback() && !found.isPointToPoint() && hasIpv4(found)) {
                    return Optional.of(lan(found));
                }
            }
        } catch (SocketException e) {
            return Optional.empty(); // they change while we look
        }
        return Optional.empty();
    }

    private static boolean hasIpv4(NetworkInterface found) {
        return found.getInterfaceAddresses().stream().anyMatch(address -> address.getAddress() instanceof Inet4Address);
    }

    private static LanInterface lan(NetworkInterface found) throws SocketException {
        final TreeSet<Integer> broadcasts = new TreeSet<>();
        for (final InterfaceAddress address : found.getInterfaceAddresses()) {
            if (address.getAddress() instanceof Inet4Address) {
                addBroadcasts(address, broadcasts);
            }
        }
        return new LanInterface(
                found.getName(),
                found.getIndex(),
                mac(found),
                found.getMTU(),
                broadcasts.stream().toList());
    }

    /** The configured one and the network's own, as the kernel does and so the service. */
    private static void addBroadcasts(InterfaceAddress address, TreeSet<Integer> broadcasts) {
        if (address.getBroadcast() != null) {
            broadcasts.add(Ipv4Address.of(address.getBroadcast()));
        }
        final int prefixLength = address.getNetworkPrefixLength();
        if (0 < prefixLength && prefixLength <= LONGEST_PREFIX_WITH_BROADCAST) {
            broadcasts.add(Ipv4Address.of(address.getAddress()) | -1 >>> prefixLength);
        }
        broadcasts.remove(0); // what Java gives for an address that has none
    }

    private static long mac(NetworkInterface found) throws SocketException {
        final byte[] bytes = found.getHardwareAddress();
        long mac = 0;
        for (int i = 0; bytes != null && i < bytes.length; i++) {
            mac = mac << Byte.SIZE | bytes[i] & 0xff;
        }
        return mac;
    }
}
