// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.stream.IntStream;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.engine.packet.Ipv4Address;

/**
 * The SAs that a contender has. Those that want the sender's group are spread evenly over all, and over the forwarders: SA i
 * belongs to forwarder i modulo their number, as the service gives them out. The copies of each forwarder go to a sink of its
 * own, so that forwarders meet in no lock of the emulation's.
 */
final class SaPlan {

    /** What everybody may be sent: the group of the sender's among others. */
    static final String WANTED = "224.0.0.0/4";

    static final String UNWANTED = "239.255.0.1";

    private static final int FIRST_CLIENT = 0x0a020001; // 10.2.0.1

    private final int match;
    private final int forwarders;
    private final boolean[] isMatching;

    /** @param match how many of the SAs want the sender's group */
    SaPlan(int sas, int match, int forwarders) {
        this.match = match;
        this.forwarders = forwarders;
        isMatching = new boolean[sas];
        for (int i = 0; i < match; i++) {
            isMatching[position(i)] = true;
        }
    }

    /** In the i-th of as many equal parts of the table as match: the first SA of the forwarder whose turn it is. */
    private int position(int i) {
        final int from = (int) ((long) i * isMatching.length / match);
        final int to = (int) ((i + 1L) * isMatching.length / match);
        return IntStream.range(from, to)
                .filter(sa -> sa % forwarders == i % forwarders)
                .findFirst()
                .orElse(from);
    }

    int sas() {
        return isMatching.length;
    }

    int match() {
        return match;
    }

    int forwarders() {
        return forwarders;
    }

    boolean isMatching(int sa) {
        return isMatching[sa];
    }

    /** In host order. */
    int address(int sa) {
        return FIRST_CLIENT + sa;
    }

    int mark(int sa) {
        return Gateway.markTo(forwarderOf(sa), sa + 1);
    }

    private int forwarderOf(int sa) {
        return sa % forwarders;
    }

    /** The marks of a packet's copies, in the order of the SAs. */
    int[] marks() {
        return IntStream.range(0, sas())
                .filter(this::isMatching)
                .map(this::mark)
                .toArray();
    }

    /** The marks of the copies that one forwarder makes of a packet. */
    int[] marks(int forwarder) {
        return IntStream.range(0, sas())
                .filter(sa -> isMatching(sa) && forwarderOf(sa) == forwarder)
                .map(this::mark)
                .toArray();
    }

    ServiceConfig config(EmulatedNetwork network) {
        final ServiceConfig config = network.serviceConfig().set("forwarders", String.valueOf(forwarders));
        for (int sa = 0; sa < sas(); sa++) {
            final String address = Ipv4Address.text(address(sa));
            final Mark mark = new Mark(mark(sa), Mark.FULL_MASK);
            config.with(network.tunnel("client" + sa, mark, mark, address)
                    .withRemoteTs(address, isMatching(sa) ? WANTED : UNWANTED));
        }
        return config;
    }
}
