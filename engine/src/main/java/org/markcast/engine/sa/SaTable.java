// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.markcast.engine.packet.Ipv4Address;

/**
 * The SAs of one moment, numbered from 0, with indexes to find them by mark, by source and by matching packet. Immutable:
 * built by the control thread, read by all forwarders. Lookups allocate nothing.
 *
 * <p>Each SA belongs to one forwarder, which alone sends its copies; a successor of a table leaves every SA that stays with
 * its forwarder. Otherwise two forwarders that see the new table at different moments could both send a packet, or neither.
 */
public final class SaTable {

    /** In place of an index: no SA. */
    public static final int NONE = -1;

    private final Sa[] sas;
    private final boolean[] isReinject;
    private final int[] forwarderOf;
    private final int forwarders;
    private final MarkIndex marks;
    private final Selectors locals;
    private final Selectors remotes;
    private final PrefixIndex remotePrefixes;

    private SaTable(List<Sa> sas, Set<String> reinject, int forwarders, Map<String, Integer> forwarderOfName) {
        this.sas = sas.toArray(new Sa[0]);
        this.forwarders = forwarders;
        isReinject = new boolean[sas.size()];
        for (int i = 0; i < isReinject.length; i++) {
            isReinject[i] = reinject.contains(this.sas[i].child());
        }
        forwarderOf = assign(this.sas, forwarders, forwarderOfName);
        marks = new MarkIndex(sas);
        locals = Selectors.of(sas, Sa::localTs);
        remotes = Selectors.of(sas, Sa::remoteTs);
        remotePrefixes = PrefixIndex.of(remotes);
    }

    /**
     * A first table.
     *
     * @param reinject names of the children whose clients' packets go to the other SAs too
     * @param forwarders number of forwarders that share the SAs evenly, 1 or more
     */
    public static SaTable of(List<Sa> sas, Set<String> reinject, int forwarders) {
        if (forwarders < 1) {
            throw new IllegalArgumentException("forwarders=" + forwarders + ": at least one is needed");
        }
        return new SaTable(sas, reinject, forwarders, Map.of());
    }

    /** The table that follows this one: SAs that this one has by the same name stay with their forwarders. */
    public SaTable successor(List<Sa> newSas, Set<String> reinject) {
        final Map<String, Integer> forwarderOfName = new HashMap<>(2 * sas.length);
        for (int i = 0; i < sas.length; i++) {
            forwarderOfName.put(sas[i].name(), forwarderOf[i]);
        }
        return new SaTable(newSas, reinject, forwarders, forwarderOfName);
    }

    /** Gives the SAs without a forwarder to the one that has fewest. */
    private static int[] assign(Sa[] sas, int forwarders, Map<String, Integer> forwarderOfName) {
        final int[] forwarderOf = new int[sas.length];
        final int[] loads = new int[forwarders];
        for (int i = 0; i < sas.length; i++) {
            forwarderOf[i] = forwarderOfName.getOrDefault(sas[i].name(), NONE);
            if (forwarderOf[i] != NONE) {
                loads[forwarderOf[i]]++;
            }
        }
        for (int i = 0; i < sas.length; i++) {
            if (forwarderOf[i] == NONE) {
                forwarderOf[i] = leastLoaded(loads);
                loads[forwarderOf[i]]++;
            }
        }
        return forwarderOf;
    }

    private static int leastLoaded(int[] loads) {
        int least = 0;
        for (int forwarder = 1; forwarder < loads.length; forwarder++) {
            if (loads[forwarder] < loads[least]) {
                least = forwarder;
            }
        }
        return least;
    }

    public int size() {
        return sas.length;
    }

    public Sa sa(int index) {
        return sas[index];
    }

    /** Whether packets from this SA's clients go to the other SAs too. */
    public boolean isReinject(int index) {
        return isReinject[index];
    }

    /** Number of forwarders that share the SAs. */
    public int forwarders() {
        return forwarders;
    }

    /** The forwarder that sends this SA's copies. */
    public int forwarderOf(int index) {
        return forwarderOf[index];
    }

    /**
     * The SA whose inbound mark a packet carries, or {@link #NONE}. Where masks differ, the one with most bits wins. An SA
     * with mask 0 has no mark and is never found.
     */
    public int byMark(int packetMark) {
        return marks.find(packetMark);
    }

    /** Whether the source lies in the SA's remote selectors. */
    public boolean mayUse(int index, int source) {
        return remotes.hold(index, source);
    }

    /**
     * The first SA in whose remote selectors the source lies, or {@link #NONE}; multicast and 255.255.255.255 are no
     * sources. Only for where marks are unknown: kernels before 5.19, capture files.
     */
    public int bySource(int source) {
        if (!Ipv4Address.isHost(source)) {
            return NONE;
        }
        int first = NONE;
        for (int position = 0; position < remotePrefixes.lengthCount(); position++) {
            final int bucket = remotePrefixes.bucket(remotePrefixes.length(position), source);
            if (bucket >= 0) {
                final int member = remotePrefixes.member(remotePrefixes.start(bucket));
                first = first == NONE ? member : Math.min(first, member);
            }
        }
        return first;
    }

    /**
     * Whether the kernel has a policy of this SA for the packet: source in a local selector, destination in a remote one,
     * both of which let its protocol and ports pass. Two selectors that agree with the packet's protocol agree with each
     * other too, so either side can be looked at alone.
     *
     * @param sourcePort source port or ICMP type; -1 if there is none, which only selectors for any port let pass
     * @param destinationPort destination port or ICMP code; -1 if there is none
     */
    public boolean matches(int index, int source, int destination, int protocol, int sourcePort, int destinationPort) {
        return locals.accept(index, source, protocol, sourcePort)
                && remotes.accept(index, destination, protocol, destinationPort);
    }

    /**
     * Finds all SAs that {@link #matches match}, each once, in no particular order. Looks only at SAs with a remote selector
     * that holds the destination.
     *
     * @param found takes the indexes; as long as {@link #size()}
     * @return how many were found
     */
    public int match(int source, int destination, int protocol, int sourcePort, int destinationPort, int[] found) {
        int count = 0;
        for (int position = 0; position < remotePrefixes.lengthCount(); position++) {
            final int length = remotePrefixes.length(position);
            final int bucket = remotePrefixes.bucket(length, destination);
            if (bucket < 0) {
                continue;
            }
            final int end = remotePrefixes.end(bucket);
            for (int at = remotePrefixes.start(bucket); at < end; at++) {
                final int index = remotePrefixes.member(at);
                if (matches(index, source, destination, protocol, sourcePort, destinationPort)
                        && !remotes.holdInLonger(index, destination, length)) { // else found there already
                    found[count++] = index;
                }
            }
        }
        return count;
    }
}
