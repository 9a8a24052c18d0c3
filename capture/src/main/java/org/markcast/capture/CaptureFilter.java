// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import java.util.Collection;
import org.markcast.linux.SocketFilter;

/**
 * The socket filters that spare us packets which are nobody's business. A packet on a LAN interface with a mark goes to the
 * decapsulated traffic: a gateway with a single interface receives its tunnels' packets there too, and only the mark tells.
 */
final class CaptureFilter {

    private static final int DESTINATION = SocketFilter.NETWORK_HEADER + 16;
    private static final int FIRST_MULTICAST = 0xe000_0000;
    private static final int BEHIND_MULTICAST = 0xf000_0000;
    private static final int LIMITED_BROADCAST = 0xffff_ffff;

    private CaptureFilter() {}

    /** Multicast and broadcast that one LAN interface received itself, not a VLAN on top of it. */
    static SocketFilter lan(int interfaceIndex, Collection<Integer> broadcasts) {
        final SocketFilter filter = new SocketFilter()
                .loadInterfaceIndex()
                .jumpIfEqual(interfaceIndex, 1, 0)
                .reject()
                .loadMark()
                .jumpIfEqual(0, 1, 0)
                .reject();
        return toMany(filter, broadcasts);
    }

    /** Multicast and broadcast with a mark, from any interface. */
    static SocketFilter decapsulated(Collection<Integer> broadcasts) {
        return toMany(new SocketFilter().loadMark().jumpIfEqual(0, 0, 1).reject(), broadcasts);
    }

    private static SocketFilter toMany(SocketFilter filter, Collection<Integer> broadcasts) {
        filter.loadPacketType()
                .jumpIfEqual(SocketFilter.OTHER_HOST, 0, 1)
                .reject()
                .loadWord(DESTINATION)
                .jumpIfAtLeast(FIRST_MULTICAST, 0, 2)
                .jumpIfAtLeast(BEHIND_MULTICAST, 1, 0)
                .accept()
                .jumpIfEqual(LIMITED_BROADCAST, 0, 1)
                .accept();
        for (final int broadcast : broadcasts) {
            filter.jumpIfEqual(broadcast, 0, 1).accept();
        }
        return filter.reject();
    }
}
