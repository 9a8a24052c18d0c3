// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.markcast.engine.packet.Ipv4Flyweight.PROTOCOL_UDP;

import org.agrona.concurrent.NanoClock;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.engine.sa.SaTable;

/**
 * Decides what becomes of a captured packet. Owned by one thread; allocates nothing while it decides.
 *
 * <ol>
 *   <li>Is it a whole IPv4 packet from a host, and no DHCP?
 *   <li>Is its destination forwarded at all?
 *   <li>Where does it come from? Its mark says so, and its source must agree.
 *   <li>Was it here before?
 *   <li>Who is to get it?
 * </ol>
 */
public final class ForwardingRule {

    private static final int DHCP_SERVER_PORT = 67;
    private static final int DHCP_CLIENT_PORT = 68;

    private final FlowCache flows;
    private final DuplicateFilter duplicates;
    private ForwardingState state = ForwardingState.EMPTY;

    /**
     * @param forwarder the forwarder whose SAs are told as targets; 0 where there is only one
     * @param clock the time at which packets are captured, as far as duplicates go
     */
    public ForwardingRule(int forwarder, NanoClock clock) {
        flows = new FlowCache(forwarder, state.sas());
        duplicates = new DuplicateFilter(clock);
    }

    /** Decides by another state from now on. */
    public void follow(ForwardingState newState) {
        if (!newState.hasSameLans(state)) {
            duplicates.clear();
        }
        state = newState;
        flows.reset(newState.sas());
    }

    /** Fills the decision on a packet. */
    public void decide(CapturedPacket packet, Decision decision) {
        decision.clear();
        decision.outcome(judge(packet, decision));
    }

    /** Flows that were not in the cache, since the start. */
    public long flowCacheMisses() {
        return flows.misses();
    }

    private Counter judge(CapturedPacket packet, Decision decision) {
        final Ipv4Flyweight ip = decision.ip();
        if (!ip.tryWrap(packet.buffer(), packet.offset(), packet.capturedLength())
                || ip.totalLength() > packet.wireLength()) {
            return Counter.DROPPED_MALFORMED;
        }
        if (ip.totalLength() > packet.capturedLength()) {
            return Counter.DROPPED_TRUNCATED;
        }
        if (isDhcp(ip)) { // before the source: a client without an address sends from 0.0.0.0
            return Counter.DROPPED_DHCP;
        }
        if (!Ipv4Address.isHost(ip.source())) {
            return Counter.DROPPED_MALFORMED;
        }
        final int destination = ip.destination();
        final boolean isMulticast = Ipv4Address.isMulticast(destination);
        if (!isMulticast && !state.isBroadcast(destination)) {
            return Counter.DROPPED_UNICAST;
        }
        if (isMulticast && !state.isForwardedGroup(destination)) {
            return Counter.DROPPED_GROUP;
        }
        final int lan = state.lanWithIndex(packet.interfaceIndex());
        final int origin = originOf(packet, ip, lan >= 0);
        decision.origin(origin);
        return switch (origin) {
            case Decision.ORIGIN_UNKNOWN -> Counter.DROPPED_UNKNOWN_MARK;
            case Decision.ORIGIN_LAN -> judgeFromLan(packet, decision, lan);
            default -> judgeFromSa(decision);
        };
    }

    /** BOOTP's ports (RFC 951, RFC 2131), one way or the other; only the first fragment shows them. */
    private static boolean isDhcp(Ipv4Flyweight ip) {
        if (ip.protocol() != PROTOCOL_UDP || !ip.hasPorts()) {
            return false;
        }
        final int source = ip.sourcePort();
        final int destination = ip.destinationPort();
        return source == DHCP_CLIENT_PORT && destination == DHCP_SERVER_PORT
                || source == DHCP_SERVER_PORT && destination == DHCP_CLIENT_PORT;
    }

    /** The mark goes before the interface: an SA's ESP packets may arrive on a LAN interface too. */
    private int originOf(CapturedPacket packet, Ipv4Flyweight ip, boolean isOnLan) {
        if (!state.isOriginBySource() && packet.mark() != 0) {
            final int sa = state.sas().byMark(packet.mark());
            if (sa != SaTable.NONE) {
                return sa;
            }
        }
        if (isOnLan) {
            return Decision.ORIGIN_LAN;
        }
        final int sa = state.isOriginBySource() ? state.sas().bySource(ip.source()) : SaTable.NONE;
        return sa == SaTable.NONE ? Decision.ORIGIN_UNKNOWN : sa;
    }

    private Counter judgeFromLan(CapturedPacket packet, Decision decision, int lan) {
        if (packet.sourceMac() != 0 && state.isLanMac(packet.sourceMac())) {
            return Counter.DROPPED_LOOP;
        }
        if (state.lanCount() > 1 && duplicates.isDuplicate(decision.ip(), lan)) {
            return Counter.DROPPED_DUPLICATE;
        }
        return sendToSas(decision) ? Counter.FORWARDED : Counter.DROPPED_NO_TARGET;
    }

    private Counter judgeFromSa(Decision decision) {
        final int origin = decision.origin();
        if (!state.sas().mayUse(origin, decision.ip().source())) {
            return Counter.DROPPED_SPOOFED;
        }
        if (state.lanCount() > 0) {
            decision.toLan();
        }
        final boolean isWantedBySas = state.sas().isReinject(origin) && sendToSas(decision);
        return isWantedBySas || decision.isToLan() ? Counter.FORWARDED : Counter.DROPPED_NO_TARGET;
    }

    /** Sets all SAs that match, but the origin, as targets; returns whether there is one, of any forwarder. */
    private boolean sendToSas(Decision decision) {
        final Ipv4Flyweight ip = decision.ip();
        flows.find(
                decision.origin(),
                ip.source(),
                ip.destination(),
                ip.protocol(),
                ip.selectorSourcePort(),
                ip.selectorDestinationPort());
        decision.targets(flows.targets(), flows.first(), flows.count());
        return flows.isWanted();
    }
}
