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
 * What one SA asks for in the tables. Kept as long as the SA: with thousands of them only the new ones are worked out. Belongs to
 * the control thread.
 */
final class SaElements {

    private static final int MULTICAST_PREFIX_LENGTH = 4;

    private final Sa sa;
    private final List<Claim> claims = new ArrayList<>();
    private final List<TrafficSelector> subnets = new ArrayList<>();
    private final List<TrafficSelector> unmarked = new ArrayList<>();

    private int place;

    private SaElements(Sa sa) {
        this.sa = sa;
    }

    /** @param hasConnmark whether the SA's connections are to find back to it */
    static SaElements of(Sa sa, boolean hasConnmark) {
        final SaElements found = new SaElements(sa);
        sa.outers().forEach(found::add);
        sa.remoteTs().forEach(found::add);
        if (hasConnmark) {
            final byte[] inbound = Key.host(sa.markIn().value());
            found.add(ElementSet.connections(sa.markIn().mask()), sa.markIn(), inbound);
            found.add(ElementSet.replies(sa.markIn().mask()), sa.markOut(), inbound);
        }
        return found;
    }

    Sa sa() {
        return sa;
    }

    /** Elements that stand for themselves. */
    List<Claim> claims() {
        return claims;
    }

    /** Remote prefixes, which other SAs' prefixes may cut. */
    List<TrafficSelector> subnets() {
        return subnets;
    }

    /** Selectors whose unicast traffic gets no mark, see {@link Reach#NONE}. */
    List<TrafficSelector> unmarked() {
        return unmarked;
    }

    /** Where the SA stands in the list of all. */
    int place() {
        return place;
    }

    void place(int place) {
        this.place = place;
    }

    /** What a mark is looked up by. */
    static Key keyOf(Mark mark) {
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
            add(ElementSet.natt(family), sa.markIn(), local, Key.networkShort(outer.localPort()), spi);
            add(ElementSet.nattPeers(family), sa.markIn(), remote, local, ports);
        } else {
            add(ElementSet.esp(family), sa.markIn(), local, spi);
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
        claims.add(new Claim(this, set, Key.of(parts), mark));
    }

    boolean isMasked() {
        return sa.markIn().mask() != Mark.FULL_MASK || sa.markOut().mask() != Mark.FULL_MASK;
    }
}
