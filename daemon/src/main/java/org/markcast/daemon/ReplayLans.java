// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Function;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.port.LanInterface;

/**
 * The LAN interfaces of a {@link Replay}: the configured ones, as they are on this machine where it has them. A capture may
 * come from another machine; then nobody knows their broadcast addresses, and frames that were broadcasts on the link layer
 * tell. Immutable.
 *
 * @param all one at least
 * @param hasUnknown whether an interface is not on this machine
 */
record ReplayLans(List<LanInterface> all, boolean hasUnknown) {

    /** Name of the LAN interface where none is configured. */
    static final String ANY = "any";

    private static final int TYPICAL_MTU = 1500;

    /**
     * @param names of the configured interfaces
     * @param local finds an interface of this machine by its name
     * @param broadcasts further broadcast addresses
     */
    static ReplayLans of(
            List<String> names, Function<String, Optional<LanInterface>> local, Collection<Integer> broadcasts) {
        final List<LanInterface> all = new ArrayList<>();
        boolean hasUnknown = false;
        for (final String name : names.isEmpty() ? List.of(ANY) : names) {
            final Optional<LanInterface> found = names.isEmpty() ? Optional.empty() : local.apply(name);
            hasUnknown |= found.isEmpty();
            all.add(found.orElse(new LanInterface(name, indexOfUnknown(all.size()), 0, TYPICAL_MTU, List.of())));
        }
        return new ReplayLans(List.copyOf(all), hasUnknown).with(broadcasts);
    }

    /** No interface has such an index: they are positive, and 0 means none. */
    private static int indexOfUnknown(int position) {
        return -1 - position;
    }

    /** The same with further broadcast addresses; which interface has them makes no difference. */
    ReplayLans with(Collection<Integer> broadcasts) {
        final LanInterface first = all.get(0);
        final TreeSet<Integer> more = new TreeSet<>(first.broadcasts());
        more.addAll(broadcasts);
        final List<LanInterface> changed = new ArrayList<>(all);
        changed.set(0, new LanInterface(first.name(), first.index(), first.mac(), first.mtu(), List.copyOf(more)));
        return new ReplayLans(List.copyOf(changed), hasUnknown);
    }

    boolean isBroadcast(int address) {
        return address == Ipv4Address.BROADCAST
                || all.stream().anyMatch(lan -> lan.broadcasts().contains(address));
    }

    boolean isMac(long address) {
        return address != 0 && all.stream().anyMatch(lan -> lan.mac() == address);
    }

    /** The interface's index if it is one of these, else that of the first one. */
    int indexOr(int interfaceIndex) {
        return all.stream().anyMatch(lan -> lan.index() == interfaceIndex)
                ? interfaceIndex
                : all.get(0).index();
    }

    /** Name of the interface with this index. */
    String name(int interfaceIndex) {
        return all.stream()
                .filter(lan -> lan.index() == interfaceIndex)
                .map(LanInterface::name)
                .findFirst()
                .orElseThrow();
    }
}
