// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.List;
import org.markcast.config.Mark;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.Sa.Outer;
import org.markcast.linux.NetfilterFamily;

/**
 * What one SA asks for in the tables. Immutable, and kept as long as the SA: with thousands of them only the new ones are worked
 * out.
 *
 * @param guardedKey what the guard watches for its sake
 * @param elements those that stand for themselves
 * @param subnets remote prefixes, which other SAs' prefixes may cut
 * @param unmarked selectors whose unicast traffic gets no mark, see {@link Reach#NONE}
 */
record SaElements(
        Sa sa, Key guardedKey, List<Element> elements, List<TrafficSelector> subnets, List<TrafficSelector> unmarked) {

    private static final int MULTICAST_PREFIX_LENGTH = 4;

    /** A set's element; in a map with the mark that a packet gets. */
    record Element(ElementSet set, Key key, Mark mark) {}

    static SaElements of(Sa sa) {
        final SaElements found =
                new SaElements(sa, guardedKey(sa.markOut()), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        sa.outers().forEach(found::add);
        sa.remoteTs().forEach(found::add);
        return found;
    }

    /** A mark as an element of {@link ElementSet#guarded}. */
    static Key guardedKey(Mark mark) {
        return Key.of(Key.host(mark.value()));
    }

    private void add(Outer outer) {
        final byte[] remote = outer.remote().getAddress();
        final byte[] local = outer.local().getAddress();
        if (remote.length != local.length) {
            return; // no packet can have both
        }
        final NetfilterFamily family =
                outer.remote() instanceof Inet4Address ? NetfilterFamily.IP : NetfilterFamily.IP6;
        final byte[] spi = Key.network(outer.spiIn());
        if (outer.encap()) {
            final byte[] ports = Key.network(outer.remotePort() << 16 | outer.localPort() & 0xffff);
            add(ElementSet.natt(family), sa.markIn(), remote, local, ports, spi);
            add(ElementSet.nattPeers(family), sa.markIn(), remote, local, ports);
        } else {
            add(ElementSet.esp(family), sa.markIn(), remote, local, spi);
            add(ElementSet.espPeers(family), sa.markIn(), remote, local);
        }
    }

    private void add(TrafficSelector selector) {
        if (!(selector.prefix().address() instanceof Inet4Address inet)) {
            return; // what travels inside is IPv4
        }
        final int address = Ipv4Address.of(inet);
        if (Ipv4Address.isMulticast(address) && selector.prefix().length() >= MULTICAST_PREFIX_LENGTH) {
            return;
        }
        final byte[] key = Key.network(address);
        final byte[] protocol = Key.networkByte(selector.protocol());
        switch (Reach.of(selector)) {
            case SUBNET -> subnets.add(selector);
            case ADDRESS -> add(ElementSet.CLIENTS, sa.markOut(), key);
            case PROTOCOL -> add(ElementSet.PROTOCOLS, sa.markOut(), key, protocol);
            case PORT -> add(ElementSet.PORTS, sa.markOut(), key, protocol, Key.networkShort(selector.firstPort()));
            case NONE -> unmarked.add(selector);
        }
    }

    private void add(ElementSet set, Mark mark, byte[]... parts) {
        elements.add(new Element(set, Key.of(parts), mark));
    }

    boolean isMasked() {
        return sa.markIn().mask() != Mark.FULL_MASK || sa.markOut().mask() != Mark.FULL_MASK;
    }
}
