// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.markcast.config.Ipv4Range;
import org.markcast.config.Masquerade;
import org.markcast.engine.packet.Ipv4Address;

/** The addresses that inside hosts are to have outside and their interfaces, compared with those that this machine has. */
final class ExternalAddresses {

    private static final int MAX_NAMED = 3;

    /** One that this machine has, with the length of its network's prefix. */
    record Local(int address, int prefixLength) {}

    private ExternalAddresses() {}

    /** What is to be said of addresses that this machine lacks, or that are not free to give away; empty if all are well. */
    static List<String> problems(Masquerade masquerade) {
        final List<String> problems = new ArrayList<>(
                local().map(local -> problems(masquerade, local)).orElse(List.of()));
        problems.addAll(missingInterfaces(masquerade, ExternalAddresses::hasInterface));
        return problems;
    }

    static List<String> missingInterfaces(Masquerade masquerade, Predicate<String> isThere) {
        return masquerade.isEnabled()
                ? masquerade.interfaces().stream()
                        .filter(isThere.negate())
                        .map(name -> "masquerade: there is no interface " + name + " now: nobody has an address by it")
                        .toList()
                : List.of();
    }

    private static boolean hasInterface(String name) {
        try {
            return NetworkInterface.getByName(name) != null;
        } catch (SocketException e) {
            return true; // they change while we look
        }
    }

    static List<String> problems(Masquerade masquerade, List<Local> local) {
        final List<String> problems = new ArrayList<>();
        lack(masquerade, local.stream().map(Local::address).collect(Collectors.toSet()))
                .ifPresent(problems::add);
        for (final Local one : local) {
            final String text = Ipv4Address.text(one.address) + "/" + one.prefixLength;
            if (one.prefixLength < Integer.SIZE && isGiven(one.address, masquerade)) {
                problems.add(
                        "masquerade: " + text + " is an address of this machine's own, by which others are translated"
                                + " too: take another one, or give it the prefix length 32 if it is for clients only");
            }
            if (one.prefixLength < Integer.SIZE - 1) {
                final int hosts = -1 >>> one.prefixLength;
                for (final int end : new int[] {one.address & ~hosts, one.address | hosts}) {
                    if (end != one.address && isGiven(end, masquerade)) {
                        problems.add("masquerade: nobody can have " + Ipv4Address.text(end)
                                + ", the first or last address of the network of " + text);
                    }
                }
            }
        }
        return problems;
    }

    private static boolean isGiven(int address, Masquerade masquerade) {
        return masquerade.pairs().stream().anyMatch(pair -> pair.address() == address)
                || masquerade.pool().stream()
                        .anyMatch(range -> Integer.compareUnsigned(address - range.first(), range.size()) < 0);
    }

    private static Optional<String> lack(Masquerade masquerade, Set<Integer> local) {
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

    private static Optional<List<Local>> local() {
        try {
            return Optional.of(NetworkInterface.networkInterfaces()
                    .flatMap(one -> one.getInterfaceAddresses().stream())
                    .filter(one -> one.getAddress().getAddress().length == Integer.BYTES)
                    .map(one -> new Local(Ipv4Address.of(one.getAddress()), one.getNetworkPrefixLength()))
                    .distinct()
                    .toList());
        } catch (SocketException e) {
            return Optional.empty(); // they change while we look
        }
    }
}
