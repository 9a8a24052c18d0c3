// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.net.Inet4Address;
import java.util.List;
import java.util.function.Function;
import org.markcast.config.Prefix;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;

/**
 * One side of the IPv4 traffic selectors of all SAs, flat, so that those of one SA share a cache line or two. IPv6 selectors
 * are left out: nothing of IPv4 can match them. Immutable.
 */
final class Selectors {

    private static final int NETWORK = 0;
    private static final int LENGTH = 1;
    private static final int PROTOCOL = 2;
    private static final int FIRST_PORT = 3;
    private static final int LAST_PORT = 4;
    private static final int STRIDE = 5;

    /** The selectors of SA i begin at element {@code starts[i]} of {@link #fields} and end before {@code starts[i + 1]}. */
    private final int[] starts;

    private final int[] fields;

    private Selectors(int[] starts, int[] fields) {
        this.starts = starts;
        this.fields = fields;
    }

    static Selectors of(List<Sa> sas, Function<Sa, List<TrafficSelector>> side) {
        final int[] starts = new int[sas.size() + 1];
        for (int i = 0; i < sas.size(); i++) {
            starts[i + 1] = starts[i] + STRIDE * countIpv4(side.apply(sas.get(i)));
        }
        final int[] fields = new int[starts[sas.size()]];
        int at = 0;
        for (final Sa sa : sas) {
            for (final TrafficSelector selector : side.apply(sa)) {
                if (isIpv4(selector)) {
                    put(fields, at, selector);
                    at += STRIDE;
                }
            }
        }
        return new Selectors(starts, fields);
    }

    private static int countIpv4(List<TrafficSelector> selectors) {
        int count = 0;
        for (final TrafficSelector selector : selectors) {
            count += isIpv4(selector) ? 1 : 0;
        }
        return count;
    }

    private static boolean isIpv4(TrafficSelector selector) {
        return selector.prefix().address() instanceof Inet4Address;
    }

    private static void put(int[] fields, int at, TrafficSelector selector) {
        final Prefix prefix = selector.prefix();
        fields[at + NETWORK] = Ipv4Address.of(prefix.address()) & maskOf(prefix.length());
        fields[at + LENGTH] = prefix.length();
        fields[at + PROTOCOL] = selector.protocol();
        fields[at + FIRST_PORT] = selector.firstPort();
        fields[at + LAST_PORT] = selector.lastPort();
    }

    static int maskOf(int length) {
        return length == 0 ? 0 : -1 << -length;
    }

    /** Number of SAs. */
    int size() {
        return starts.length - 1;
    }

    int start(int sa) {
        return starts[sa];
    }

    int end(int sa) {
        return starts[sa + 1];
    }

    int next(int at) {
        return at + STRIDE;
    }

    int network(int at) {
        return fields[at + NETWORK];
    }

    int length(int at) {
        return fields[at + LENGTH];
    }

    /** Whether some selector of the SA holds the address, whatever its protocol and ports. */
    boolean hold(int sa, int address) {
        for (int at = starts[sa]; at < starts[sa + 1]; at += STRIDE) {
            if (holdsAddress(at, address)) {
                return true;
            }
        }
        return false;
    }

    /** Whether some selector of the SA with a prefix longer than {@code length} holds the address. */
    boolean holdInLonger(int sa, int address, int length) {
        for (int at = starts[sa]; at < starts[sa + 1]; at += STRIDE) {
            if (fields[at + LENGTH] > length && holdsAddress(at, address)) {
                return true;
            }
        }
        return false;
    }

    /** Whether some selector of the SA lets this through; a port of -1 passes only where any port does. */
    boolean accept(int sa, int address, int protocol, int port) {
        for (int at = starts[sa]; at < starts[sa + 1]; at += STRIDE) {
            if (holdsAddress(at, address) && holdsProtocol(at, protocol) && holdsPort(at, port)) {
                return true;
            }
        }
        return false;
    }

    private boolean holdsAddress(int at, int address) {
        return ((address ^ fields[at + NETWORK]) & maskOf(fields[at + LENGTH])) == 0;
    }

    private boolean holdsProtocol(int at, int protocol) {
        return fields[at + PROTOCOL] == 0 || fields[at + PROTOCOL] == protocol;
    }

    private boolean holdsPort(int at, int port) {
        final int first = fields[at + FIRST_PORT];
        final int last = fields[at + LAST_PORT];
        return first <= port && port <= last || first == 0 && last == 0xffff;
    }
}
