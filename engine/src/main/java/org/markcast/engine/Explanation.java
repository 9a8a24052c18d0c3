// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.packet.Ipv4Flyweight;

/** Says in one line of English why a {@link ForwardingRule} dropped a packet. */
public final class Explanation {

    private final ForwardingState state;
    private final CapturedPacket packet;
    private final Decision decision;

    private Explanation(ForwardingState state, CapturedPacket packet, Decision decision) {
        this.state = state;
        this.packet = packet;
        this.decision = decision;
    }

    /** @param state the one that the decision was made by */
    public static String of(ForwardingState state, CapturedPacket packet, Decision decision) {
        return new Explanation(state, packet, decision).text();
    }

    private String text() {
        final Ipv4Flyweight ip = decision.ip();
        return switch (decision.outcome()) {
            case DROPPED_MALFORMED -> malformed();
            case DROPPED_TRUNCATED ->
                "truncated: " + packet.capturedLength() + " of " + ip.totalLength() + " bytes were captured";
            case DROPPED_UNICAST -> destination() + " is neither multicast nor a broadcast address of a LAN interface";
            case DROPPED_DHCP -> "DHCP stays in its network";
            case DROPPED_GROUP -> "strict_groups: " + destination() + " is not among the groups";
            case DROPPED_UNKNOWN_MARK -> unknownOrigin();
            case DROPPED_SPOOFED -> "spoofed: " + source() + " lies outside the remote selectors of " + origin();
            case DROPPED_LOOP -> "loop: it carries the hardware address of a LAN interface of this machine";
            case DROPPED_DUPLICATE -> "duplicate: it was captured on another LAN interface just before";
            case DROPPED_NO_TARGET -> noTarget();
            default -> decision.outcome().label();
        };
    }

    private String malformed() {
        if (!new Ipv4Flyweight().tryWrap(packet.buffer(), packet.offset(), packet.capturedLength())) {
            return "malformed: no whole IPv4 header";
        }
        final int totalLength = decision.ip().totalLength();
        return totalLength > packet.wireLength()
                ? "malformed: says it has " + totalLength + " bytes, but had " + packet.wireLength()
                : "malformed: source " + source() + " is no host's address";
    }

    private String unknownOrigin() {
        return state.isOriginBySource()
                ? "not from a LAN interface, and no SA may use source " + source()
                : "not from a LAN interface, and no SA has inbound mark 0x" + Integer.toHexString(packet.mark());
    }

    private String noTarget() {
        if (decision.isFromSa() && !state.sas().isReinject(decision.origin())) {
            return "from " + origin() + ": there is no LAN interface, and child "
                    + state.sas().sa(decision.origin()).child() + " is not in reinject";
        }
        return "from " + origin() + ": no " + (decision.isFromSa() ? "other " : "") + "SA has selectors for " + source()
                + " to " + destination() + ", protocol " + decision.ip().protocol() + ports();
    }

    private String ports() {
        final Ipv4Flyweight ip = decision.ip();
        if (ip.isFragment()) {
            return ", fragment";
        }
        return ip.hasPorts() ? ", ports " + ip.sourcePort() + " to " + ip.destinationPort() : "";
    }

    private String origin() {
        if (decision.isFromSa()) {
            return "SA " + state.sas().sa(decision.origin()).name();
        }
        return "LAN " + state.lan(state.lanWithIndex(packet.interfaceIndex())).name();
    }

    private String source() {
        return Ipv4Address.text(decision.ip().source());
    }

    private String destination() {
        return Ipv4Address.text(decision.ip().destination());
    }
}
