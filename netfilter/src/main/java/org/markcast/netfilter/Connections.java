// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.agrona.collections.Object2IntCounterMap;
import org.markcast.config.Connmark;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.Sa.Outer;

/**
 * The SAs whose connections find back to them by a conntrack mark: those in transport mode. What they have in common decides which
 * rules there are, and marks that lose their SA must not lead its connections to another one. Belongs to the control thread.
 */
final class Connections {

    private static final int NAT_TRAVERSAL_PORT = 4500;
    private static final int UDP = 17;
    private static final int L2TP_PORT = 1701;

    private final Connmark config;
    private final Zones zones;
    private final Object2IntCounterMap<Integer> masks = new Object2IntCounterMap<>(0);
    private final Object2IntCounterMap<Integer> replyMasks = new Object2IntCounterMap<>(0);
    private final Object2IntCounterMap<Integer> encapPorts = new Object2IntCounterMap<>(0);
    private final Object2IntCounterMap<Mark> uses = new Object2IntCounterMap<>(0);
    private final Object2IntCounterMap<Mark> l2tpUses = new Object2IntCounterMap<>(0);

    private final Set<Mark> left = new HashSet<>();

    /**
     * What decides which rules there are.
     *
     * @param masks of inbound marks, which connections have
     * @param replyMasks of outbound marks
     * @param encapPorts UDP ports of this machine that encapsulated ESP comes to
     */
    record Shape(
            Connmark config, SortedSet<Integer> masks, SortedSet<Integer> replyMasks, SortedSet<Integer> encapPorts) {}

    Connections(Connmark config) {
        this.config = config;
        zones = new Zones(config.l2tpZones());
        // also without SAs, so that the first one is an element like the others
        masks.incrementAndGet(Mark.FULL_MASK);
        replyMasks.incrementAndGet(Mark.FULL_MASK);
        encapPorts.incrementAndGet(NAT_TRAVERSAL_PORT);
    }

    Connmark config() {
        return config;
    }

    /** Whether connections of this SA are to find back to it. What travels inside is IPv4. */
    boolean concern(Sa sa) {
        return config.enabled()
                && sa.mode() == Mode.TRANSPORT
                && sa.localTs().stream().anyMatch(Connections::isIpv4)
                && sa.remoteTs().stream().anyMatch(Connections::isIpv4);
    }

    private boolean concernL2tp(Sa sa) {
        return config.l2tp() && concern(sa) && sa.localTs().stream().anyMatch(Connections::holdsL2tp);
    }

    private static boolean isIpv4(TrafficSelector selector) {
        return selector.prefix().address() instanceof Inet4Address;
    }

    private static boolean holdsL2tp(TrafficSelector selector) {
        return isIpv4(selector)
                && (selector.protocol() == 0 || selector.protocol() == UDP)
                && selector.firstPort() <= L2TP_PORT
                && selector.lastPort() >= L2TP_PORT;
    }

    /** Follows a change of the SAs, in one step: who only changes keeps its zone. */
    void follow(Collection<Sa> gone, Collection<Sa> come, Zones.Listener listener) {
        noteLeft(gone, come);
        come.stream().filter(this::concern).forEach(sa -> count(sa, listener));
        gone.stream().filter(this::concern).forEach(sa -> discount(sa, listener));
    }

    private void count(Sa sa, Zones.Listener listener) {
        masks.incrementAndGet(sa.markIn().mask());
        replyMasks.incrementAndGet(sa.markOut().mask());
        encapPortsOf(sa).forEach(encapPorts::incrementAndGet);
        uses.incrementAndGet(sa.markIn());
        if (concernL2tp(sa) && l2tpUses.incrementAndGet(sa.markIn()) == 1) {
            zones.take(sa.markIn(), listener);
        }
    }

    private void discount(Sa sa, Zones.Listener listener) {
        masks.decrementAndGet(sa.markIn().mask());
        replyMasks.decrementAndGet(sa.markOut().mask());
        encapPortsOf(sa).forEach(encapPorts::decrementAndGet);
        uses.decrementAndGet(sa.markIn());
        if (concernL2tp(sa) && l2tpUses.decrementAndGet(sa.markIn()) == 0) {
            zones.giveBack(sa.markIn(), listener);
        }
    }

    private static List<Integer> encapPortsOf(Sa sa) {
        return sa.outers().stream().filter(Outer::encap).map(Outer::localPort).toList();
    }

    private void noteLeft(Collection<Sa> gone, Collection<Sa> come) {
        final Map<String, Sa> successors = new HashMap<>();
        come.forEach(sa -> successors.put(sa.name(), sa));
        for (final Sa sa : gone) {
            if (concern(sa) && !goesOnAs(sa, successors.get(sa.name()))) {
                left.add(sa.markIn());
            }
        }
    }

    /** A rekey and a move keep an SPI for a while; what shares only name and mark is another IKE daemon's life. */
    private boolean goesOnAs(Sa sa, Sa successor) {
        return successor != null
                && concern(successor)
                && successor.markIn().equals(sa.markIn())
                && (sa.outers().isEmpty() && successor.outers().isEmpty()
                        || successor.outers().stream()
                                .anyMatch(outer -> sa.outers().stream().anyMatch(old -> old.spiIn() == outer.spiIn())));
    }

    /** The marks that have lost their SA since the last call and have another one already: to be forgotten before it is heard. */
    List<Mark> takeHandedOn() {
        return takeLeft(true);
    }

    /** The marks that have lost their SA since the last call: to be forgotten once no packet gets them any more. */
    List<Mark> takeOrphaned() {
        return takeLeft(false);
    }

    private List<Mark> takeLeft(boolean isUsed) {
        final List<Mark> taken = new ArrayList<>(left);
        taken.removeIf(mark -> uses.get(mark) > 0 != isUsed);
        left.removeAll(taken);
        return taken;
    }

    /** The conntrack zone of an L2TP client; empty if it has none. */
    OptionalInt zone(Sa sa) {
        return concernL2tp(sa) ? zones.of(sa.markIn()) : OptionalInt.empty();
    }

    /** Whether the SA should have a zone and there was none left. */
    boolean lackZone(Sa sa) {
        return concernL2tp(sa) && zones.of(sa.markIn()).isEmpty();
    }

    Shape shape() {
        return new Shape(config, keys(masks), keys(replyMasks), keys(encapPorts));
    }

    private static SortedSet<Integer> keys(Object2IntCounterMap<Integer> counts) {
        final SortedSet<Integer> keys = new TreeSet<>(Integer::compareUnsigned);
        counts.forEach((key, count) -> keys.add(key)); // a count of 0 is no entry
        return keys;
    }
}
