// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.markcast.config.Prefix;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;

/**
 * The IPv4 traffic selectors of one side of an SA as a row of numbers, so that they share a cache line or two: longer prefixes
 * before shorter ones. IPv6 selectors are left out: nothing of IPv4 can match them. A row is never written to.
 */
final class Selectors {

    private static final int NETWORK = 0;
    private static final int MASK = 1;
    private static final int PROTOCOL = 2;
    private static final int FIRST_PORT = 3;
    private static final int LAST_PORT = 4;
    private static final int STRIDE = 5;

    private static final Comparator<TrafficSelector> LONGEST_PREFIX_FIRST = Comparator.<TrafficSelector>comparingInt(
                    selector -> selector.prefix().length())
            .reversed();

    private Selectors() {}

    static int[] row(List<TrafficSelector> selectors) {
        final List<TrafficSelector> ipv4 = new ArrayList<>(selectors);
        ipv4.removeIf(selector -> !(selector.prefix().address() instanceof Inet4Address));
        ipv4.sort(LONGEST_PREFIX_FIRST);
        final int[] row = new int[STRIDE * ipv4.size()];
        for (int i = 0; i < ipv4.size(); i++) {
            put(row, STRIDE * i, ipv4.get(i));
        }
        return row;
    }

    private static void put(int[] row, int at, TrafficSelector selector) {
        final Prefix prefix = selector.prefix();
        row[at + MASK] = prefix.length() == 0 ? 0 : -1 << -prefix.length();
        row[at + NETWORK] = Ipv4Address.of(prefix.address()) & row[at + MASK];
        row[at + PROTOCOL] = selector.protocol();
        row[at + FIRST_PORT] = selector.firstPort();
        row[at + LAST_PORT] = selector.lastPort();
    }

    /** Takes a network and its netmask. */
    @FunctionalInterface
    interface PrefixConsumer {
        void onPrefix(int mask, int network);
    }

    /** Hands over each prefix once: a row may repeat one with other protocols or ports. */
    static void forEachPrefix(int[] row, PrefixConsumer consumer) {
        for (int at = 0; at < row.length; at += STRIDE) {
            if (!isPrefixBefore(row, at)) {
                consumer.onPrefix(row[at + MASK], row[at + NETWORK]);
            }
        }
    }

    private static boolean isPrefixBefore(int[] row, int end) {
        for (int at = 0; at < end; at += STRIDE) {
            if (row[at + MASK] == row[end + MASK] && row[at + NETWORK] == row[end + NETWORK]) {
                return true;
            }
        }
        return false;
    }

    /** Whether some selector holds the address, whatever its protocol and ports. */
    static boolean hold(int[] row, int address) {
        for (int at = 0; at < row.length; at += STRIDE) {
            if (holdsAddress(row, at, address)) {
                return true;
            }
        }
        return false;
    }

    /** Whether some selector lets this through; a port of -1 passes only where any port does. */
    static boolean accept(int[] row, int address, int protocol, int port) {
        for (int at = 0; at < row.length; at += STRIDE) {
            if (holdsAddress(row, at, address) && holdsProtocol(row, at, protocol) && holdsPort(row, at, port)) {
                return true;
            }
        }
        return false;
    }

    /**
     * As {@link #accept}, but only if no prefix that holds the address is longer than that of a mask: so of the prefixes by
     * which an SA is found the longest alone counts.
     */
    static boolean acceptWithin(int[] row, int mask, int address, int protocol, int port) {
        for (int at = 0; at < row.length; at += STRIDE) {
            if (holdsAddress(row, at, address)) {
                if (Integer.compareUnsigned(row[at + MASK], mask) > 0) {
                    return false;
                }
                if (holdsProtocol(row, at, protocol) && holdsPort(row, at, port)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean holdsAddress(int[] row, int at, int address) {
        return ((address ^ row[at + NETWORK]) & row[at + MASK]) == 0;
    }

    private static boolean holdsProtocol(int[] row, int at, int protocol) {
        return row[at + PROTOCOL] == 0 || row[at + PROTOCOL] == protocol;
    }

    private static boolean holdsPort(int[] row, int at, int port) {
        final int first = row[at + FIRST_PORT];
        final int last = row[at + LAST_PORT];
        return first <= port && port <= last || first == 0 && last == 0xffff;
    }
}
