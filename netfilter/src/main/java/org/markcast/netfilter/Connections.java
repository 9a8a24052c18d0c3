// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
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

    /**
     * The conntrack mark of connections whose SA is gone, all 32 bits: no IKE daemon gives it, and it can be told without the SA's mask,
     * which is forgotten sooner than connections end. An SA whose mark is all ones below its mask would be taken for their owner.
     */
    static final int NOBODY = 0xffff_ffff;

    private static final int NAT_TRAVERSAL_PORT = 4500;
    private static final int UDP = 17;
    private static final int L2TP_PORT = 1701;

    private final Connmark config;
    private final Zones zones;
    private final Elements elements;
    private final LingeringMarks marks = new LingeringMarks(this::putMark);
    private final Object2IntCounterMap<Integer> replyMasks = new Object2IntCounterMap<>(0);
    private final Object2IntCounterMap<Integer> encapPorts = new Object2IntCounterMap<>(0);
    private final Object2IntCounterMap<Mark> l2tpUses = new Object2IntCounterMap<>(0);

    private final Set<Mark> left = new HashSet<>();

    /** How many L2TP clients have the same address, that of their NAT. */
    private final Object2IntCounterMap<InetAddress> l2tpClients = new Object2IntCounterMap<>(0);

    private final Set<InetAddress> crowded = new LinkedHashSet<>();

    /** The owners of marks who were there before and may come again; one may have a name that another SA has by now. */
    private final Set<MarkOwner> absent = new LinkedHashSet<>();

    private boolean haveOwnersChanged;

    /**
     * What decides which rules there are.
     *
     * @param masks of inbound marks, which connections have, and had until lately
     * @param replyMasks of outbound marks
     * @param encapPorts UDP ports of this machine that encapsulated ESP comes to
     */
    record Shape(
            Connmark config, SortedSet<Integer> masks, SortedSet<Integer> replyMasks, SortedSet<Integer> encapPorts) {}

    /** Takes the elements that do not stand for an SA. */
    @FunctionalInterface
    interface Elements {

        /** @param mark null takes the element away */
        void put(ElementSet set, Key key, Mark mark);
    }

    Connections(Connmark config, Elements elements) {
        this.config = config;
        this.elements = elements;
        zones = new Zones(config.l2tpZones(), this::lose);
        // also without SAs, so that the first one is an element like the others
        encapPorts.incrementAndGet(NAT_TRAVERSAL_PORT);
    }

    Connmark config() {
        return config;
    }

    /** Whether connections of this SA are to find back to it. What travels inside is IPv4. */
    boolean concern(Sa sa) {
        return config.enabled()
                && sa.mode() == Mode.TRANSPORT
                && sa.markIn().value() != 0
                && sa.markOut().value() != 0
                && !isReserved(sa)
                && sa.localTs().stream().anyMatch(Connections::isIpv4)
                && sa.remoteTs().stream().anyMatch(Connections::isIpv4);
    }

    private static boolean isReserved(Sa sa) {
        return sa.markIn().matches(NOBODY);
    }

    /** Whether connections of this SA do not find back to it because its mark is that of {@link #NOBODY}. */
    boolean lackMark(Sa sa) {
        return config.enabled() && sa.mode() == Mode.TRANSPORT && isReserved(sa);
    }

    private boolean concernL2tp(Sa sa) {
        return config.l2tp() && concern(sa) && sa.localTs().stream().anyMatch(Connections::holdsL2tp);
    }

    private static boolean isIpv4(TrafficSelector selector) {
        return selector.prefix().address() instanceof Inet4Address;
    }

    private static boolean holdsL2tp(TrafficSelector selector) {
        return isIpv4(selector) && selector.holds(UDP, L2TP_PORT);
    }

    /**
     * Follows a change of the SAs, in one step: who only changes keeps its zone.
     *
     * @param nowNs since when the marks of those that are gone are no longer used
     */
    void follow(Collection<Sa> gone, Collection<Sa> come, long nowNs) {
        noteReturned(come);
        noteLeft(gone, come);
        haveOwnersChanged |=
                gone.stream().anyMatch(this::concern) || come.stream().anyMatch(this::concern);
        come.stream().filter(this::concern).forEach(this::count);
        gone.stream().filter(this::concern).forEach(sa -> discount(sa, nowNs));
    }

    private void putMark(Mark mark, LingeringMarks.State state) {
        putMark(ElementSet.clientConnections(mark.mask()), mark, state == LingeringMarks.State.USED);
        putMark(ElementSet.lostConnections(mark.mask()), mark, state == LingeringMarks.State.LINGERING);
    }

    private void putMark(ElementSet set, Mark mark, boolean isThere) {
        elements.put(set, SaElements.keyOf(mark), isThere ? MarkTables.NO_MARK : null);
    }

    private void putZone(Mark mark, OptionalInt zone) {
        final Mark element = zone.isEmpty() ? null : new Mark(zone.getAsInt(), Mark.FULL_MASK);
        elements.put(ElementSet.zones(mark.mask()), SaElements.keyOf(mark), element);
    }

    private void count(Sa sa) {
        replyMasks.incrementAndGet(sa.markOut().mask());
        encapPortsOf(sa).forEach(encapPorts::incrementAndGet);
        marks.use(sa.markIn());
        if (!concernL2tp(sa)) {
            return;
        }
        if (l2tpUses.incrementAndGet(sa.markIn()) == 1) {
            zones.take(sa.markIn(), this::putZone);
        }
        if (l2tpClients.incrementAndGet(addressOf(sa)) == config.l2tpPorts().size() + 1) {
            crowded.add(addressOf(sa));
        }
    }

    private void discount(Sa sa, long nowNs) {
        replyMasks.decrementAndGet(sa.markOut().mask());
        encapPortsOf(sa).forEach(encapPorts::decrementAndGet);
        marks.release(sa.markIn(), nowNs);
        if (!concernL2tp(sa)) {
            return;
        }
        if (l2tpUses.decrementAndGet(sa.markIn()) == 0) {
            zones.giveBack(sa.markIn(), this::putZone);
        }
        l2tpClients.decrementAndGet(addressOf(sa));
    }

    /** Where the L2TP daemon sees it. */
    private static InetAddress addressOf(Sa sa) {
        return sa.outers().stream()
                .map(Outer::remote)
                .findFirst()
                .orElseGet(() -> sa.remoteTs().get(0).prefix().address());
    }

    private static List<Integer> encapPortsOf(Sa sa) {
        return sa.outers().stream().filter(Outer::encap).map(Outer::localPort).toList();
    }

    private void noteLeft(Collection<Sa> gone, Collection<Sa> come) {
        final Map<String, Sa> successors = new HashMap<>();
        come.forEach(sa -> successors.put(sa.name(), sa));
        final Object2IntCounterMap<Mark> goneUses = new Object2IntCounterMap<>(0);
        gone.stream().filter(this::concern).forEach(sa -> goneUses.incrementAndGet(sa.markIn()));
        for (final Sa sa : gone) {
            final boolean isShared = marks.uses(sa.markIn()) > goneUses.get(sa.markIn());
            if (concern(sa) && !isShared && !goesOnAs(MarkOwner.of(sa), successors.get(sa.name()))) {
                lose(sa.markIn());
            }
        }
    }

    /**
     * A rekey and a move keep an SPI for a while, a reauthentication the peer's address and port; what shares only name and mark
     * is another IKE daemon's life.
     */
    private boolean goesOnAs(MarkOwner owner, Sa successor) {
        return successor != null
                && concern(successor)
                && successor.markIn().equals(owner.mark())
                && (owner.outers().isEmpty() && successor.outers().isEmpty()
                        || successor.outers().stream()
                                .anyMatch(outer -> owner.outers().stream().anyMatch(old -> isSame(outer, old))));
    }

    private static boolean isSame(Outer outer, Outer old) {
        return old.spiIn() == outer.spiIn()
                || old.remote().equals(outer.remote()) && old.remotePort() == outer.remotePort();
    }

    /**
     * Notes that connections may have the mark of an owner who is not there. Until it comes again, or {@link #endAbsence()}, they
     * reach nobody.
     *
     * @param nowNs since when the mark is not used
     */
    void remember(MarkOwner owner, long nowNs) {
        if (owner.isGone()) {
            lose(owner.mark());
        } else {
            absent.add(owner);
        }
        if (config.enabled()) {
            marks.use(owner.mark());
            marks.release(owner.mark(), nowNs);
        }
    }

    /**
     * An owner is gone if another has come in its place: under its name, or with its mark, unless that is shared. Several SAs with one
     * configured reqid may come again under each other's names.
     */
    private void noteReturned(Collection<Sa> come) {
        if (absent.isEmpty()) {
            return;
        }
        final Map<Mark, List<MarkOwner>> ofMarks = absent.stream().collect(Collectors.groupingBy(MarkOwner::mark));
        final Set<MarkOwner> returned = new HashSet<>();
        final Set<String> names = new HashSet<>();
        final Set<Mark> taken = new HashSet<>();
        come.stream().filter(this::concern).forEach(sa -> {
            taken.add(sa.markIn());
            ofMarks.getOrDefault(sa.markIn(), List.of()).stream()
                    .filter(owner -> isAgain(owner, sa))
                    .findFirst()
                    .ifPresentOrElse(returned::add, () -> names.add(sa.name()));
        });
        absent.removeAll(returned);
        final Set<Mark> kept = returned.stream().map(MarkOwner::mark).collect(Collectors.toSet());
        absent.removeIf(owner -> {
            final boolean isGone = names.contains(owner.name()) || taken.contains(owner.mark());
            if (isGone && !kept.contains(owner.mark())) {
                leaveUnlessUsed(owner.mark());
            }
            return isGone;
        });
    }

    private boolean isAgain(MarkOwner owner, Sa sa) {
        return goesOnAs(owner, sa)
                && (owner.name().equals(sa.name()) || !sa.outers().isEmpty());
    }

    /** Not the mark 0: all connections that are nobody's have it. */
    private void lose(Mark mark) {
        if (mark.value() != 0) {
            left.add(mark);
        }
    }

    private void leaveUnlessUsed(Mark mark) {
        if (marks.uses(mark) == 0) {
            lose(mark);
        }
    }

    /** Whoever has not come again will not. */
    void endAbsence() {
        if (config.enabled()) {
            haveOwnersChanged |= !absent.isEmpty();
            absent.forEach(owner -> leaveUnlessUsed(owner.mark()));
            absent.clear();
        }
    }

    /** Whether {@link #owners} has others to tell since the last call. */
    boolean takeOwnersChanged() {
        final boolean haveChanged = haveOwnersChanged;
        haveOwnersChanged = false;
        return haveChanged;
    }

    /**
     * Whose connections may have marks.
     *
     * @param sas all SAs that are there
     */
    List<MarkOwner> owners(Collection<Sa> sas) {
        final List<MarkOwner> owners = new ArrayList<>(absent);
        sas.stream().filter(this::concern).map(MarkOwner::of).forEach(owners::add);
        left.stream().map(MarkOwner::gone).forEach(owners::add);
        return owners;
    }

    /**
     * Takes over what connections were to lose under other settings, and which zones they had.
     *
     * @param sas all SAs that are there, which come next; without connmark that does not show whose connections have which mark
     */
    void inherit(Connections before, Collection<Sa> sas, long nowNs) {
        before.owners(config.enabled() ? List.of() : sas).forEach(owner -> remember(owner, nowNs));
        before.zones.forEach(zones::recall);
        if (config.l2tp() && (!before.config.l2tp() || before.zones.areWithheld())) {
            zones.withhold();
        }
    }

    /** Nobody gets a zone before {@link #handOutZones()}. */
    void withholdZones() {
        zones.withhold();
    }

    boolean areZonesWithheld() {
        return zones.areWithheld();
    }

    /** All zones that have connections are {@link #recall recalled}. */
    void handOutZones() {
        zones.handOut(this::putZone);
    }

    /** Notes that there are connections with a mark in a zone, which nobody else shall get if it can be helped. */
    void recall(int connectionMark, int zone) {
        zones.recall(connectionMark, zone);
    }

    /** Notes that connections still have marks that they were to lose. */
    void leave(Collection<Mark> lost) {
        lost.forEach(this::lose);
    }

    /** Forgets the marks that no SA has used since then, but none while its owner may come again; whether there were any. */
    boolean forget(long sinceNs) {
        return absent.isEmpty() && marks.forget(sinceNs);
    }

    /**
     * The marks that have lost their SA since the last call and have another one already, or lead to one below another mask:
     * connections are to lose them first.
     */
    List<Mark> takeHandedOn() {
        return takeLeft(true);
    }

    /** The marks that have lost their SA since the last call: connections are to lose them. */
    List<Mark> takeOrphaned() {
        return takeLeft(false);
    }

    /** Without connmark nobody's connections have marks of SAs; those that have them from before wait. */
    private List<Mark> takeLeft(boolean isContested) {
        if (!config.enabled()) {
            return List.of();
        }
        final List<Mark> taken = new ArrayList<>(left);
        taken.removeIf(mark -> marks.isContested(mark) != isContested);
        left.removeAll(taken);
        return taken;
    }

    /** The conntrack zone of an L2TP client; empty if it has none. */
    OptionalInt zone(Sa sa) {
        return concernL2tp(sa) ? zones.of(sa.markIn()) : OptionalInt.empty();
    }

    /** Whether the SA should have a zone and there was none left. */
    boolean lackZone(Sa sa) {
        return concernL2tp(sa) && !zones.areWithheld() && zones.of(sa.markIn()).isEmpty();
    }

    /** Addresses that since the last call more L2TP clients have than there are ports for, with the number of clients. */
    Map<InetAddress, Integer> takeCrowded() {
        final Map<InetAddress, Integer> clients = new LinkedHashMap<>();
        crowded.forEach(address -> clients.put(address, l2tpClients.get(address)));
        clients.values().removeIf(number -> number <= config.l2tpPorts().size());
        crowded.clear();
        return clients;
    }

    Shape shape() {
        final SortedSet<Integer> outbound = keys(replyMasks);
        if (outbound.isEmpty()) {
            outbound.add(Mark.FULL_MASK);
        }
        return new Shape(config, marks.masks(), outbound, keys(encapPorts));
    }

    private static SortedSet<Integer> keys(Object2IntCounterMap<Integer> counts) {
        final SortedSet<Integer> keys = new TreeSet<>(Integer::compareUnsigned);
        counts.forEach((key, count) -> keys.add(key)); // a count of 0 is no entry
        return keys;
    }
}
