// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.markcast.config.Ipv4Range;
import org.markcast.config.Masquerade;
import org.markcast.engine.packet.Ipv4Address;

/** The addresses that inside hosts are to have outside, compared with those that this machine has. */
final class ExternalAddresses {

    private static final int MAX_NAMED = 3;

    private ExternalAddresses() {}

    /** What is to be said of addresses that this machine lacks; empty if it has all. */
    static Optional<String> problem(Masquerade masquerade) {
        return problem(masquerade, local());
    }

    static Optional<String> problem(Masquerade masquerade, Set<Integer> local) {
        final List<String> missing = missing(masquerade, local);
        if (missing.isEmpty()) {
            return Optional.empty();
        }
        final int more = missing.size() - MAX_NAMED;
        return Optional.of("masquerade: this machine does not have "
                + missing.stream().limit(MAX_NAMED).collect(Collectors.joining(", "))
                + (more > 0 ? " and " + more + " more" : "")
                + ": replies get here only if the router sends them; else add each, as in: ip address add "
                + missing.get(0) + "/32 dev "
                + masquerade.interfaces().stream().findFirst().orElse("WAN"));
    }

    private static List<String> missing(Masquerade masquerade, Set<Integer> local) {
        final List<String> missing = new ArrayList<>();
        masquerade.pairs().stream()
                .map(Masquerade.Pair::address)
                .distinct()
                .filter(address -> !local.contains(address))
                .map(Ipv4Address::text)
                .forEach(missing::add);
        for (final Ipv4Range range : masquerade.pool()) {
            for (int i = 0; i < range.size(); i++) {
                if (!local.contains(range.first() + i)) {
                    missing.add(Ipv4Address.text(range.first() + i));
                }
            }
        }
        return missing;
    }

    private static Set<Integer> local() {
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(address -> address.getAddress().length == Integer.BYTES)
                    .map((InetAddress address) -> Ipv4Address.of(address))
                    .collect(Collectors.toSet());
        } catch (SocketException e) {
            return Set.of(); // they change while we look
        }
    }
}
