// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.agrona.collections.IntHashSet;
import org.markcast.engine.counter.SaCounters;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.port.LanInterface;
import org.markcast.engine.sa.SaTable;

/**
 * All that the forwarding rule depends on besides the packet, as it is at one moment. Immutable: built by the control
 * thread, read by the forwarders.
 */
public final class ForwardingState {

    /** No SA and no LAN: everything is dropped. */
    public static final ForwardingState EMPTY = new ForwardingState(
            SaTable.of(List.of(), Set.of(), 1), SaCounters.none(0), List.of(), Optional.empty(), false);

    private final SaTable sas;
    private final SaCounters saCounters;
    private final LanInterface[] lans;
    private final IntHashSet broadcasts = new IntHashSet();
    private final IntHashSet strictGroups;
    private final boolean isOriginBySource;

    /**
     * @param saCounters of the same SAs, by the same indexes
     * @param lans the LAN interfaces that are there now
     * @param strictGroups the only groups to forward; empty: every multicast
     * @param isOriginBySource the marks of packets are unknown (no SO_RCVMARK before Linux 5.19; capture files), so what did
     *     not come from a LAN interface belongs to the first SA that may use its source
     */
    public ForwardingState(
            SaTable sas,
            SaCounters saCounters,
            List<LanInterface> lans,
            Optional<? extends Collection<? extends InetAddress>> strictGroups,
            boolean isOriginBySource) {
        if (saCounters.slots() != sas.slots()) {
            throw new IllegalArgumentException(saCounters.slots() + " counters for " + sas.slots() + " slots");
        }
        this.sas = sas;
        this.saCounters = saCounters;
        this.lans = lans.toArray(new LanInterface[0]);
        this.isOriginBySource = isOriginBySource;
        this.strictGroups = strictGroups.map(ForwardingState::addresses).orElse(null);
        broadcasts.add(Ipv4Address.BROADCAST);
        lans.forEach(lan -> broadcasts.addAll(lan.broadcasts()));
    }

    private static IntHashSet addresses(Collection<? extends InetAddress> groups) {
        final IntHashSet addresses = new IntHashSet();
        groups.forEach(group -> addresses.add(Ipv4Address.of(group)));
        return addresses;
    }

    public SaTable sas() {
        return sas;
    }

    public SaCounters saCounters() {
        return saCounters;
    }

    public int lanCount() {
        return lans.length;
    }

    public LanInterface lan(int position) {
        return lans[position];
    }

    /** The position of the LAN interface with this interface index, or -1. */
    int lanWithIndex(int interfaceIndex) {
        for (int position = 0; position < lans.length; position++) {
            if (lans[position].index() == interfaceIndex) {
                return position;
            }
        }
        return -1;
    }

    /** Whether a LAN interface has this hardware address. */
    boolean isLanMac(long mac) {
        for (final LanInterface lan : lans) {
            if (lan.mac() == mac) {
                return true;
            }
        }
        return false;
    }

    boolean hasSameLans(ForwardingState other) {
        return List.of(lans).equals(List.of(other.lans));
    }

    /** 255.255.255.255, or a broadcast address of a LAN interface. */
    boolean isBroadcast(int address) {
        return broadcasts.contains(address);
    }

    boolean isForwardedGroup(int group) {
        return strictGroups == null || strictGroups.contains(group);
    }

    boolean isOriginBySource() {
        return isOriginBySource;
    }
}
