// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.net.Inet4Address;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.markcast.capture.CapturedFrame;
import org.markcast.config.Config;
import org.markcast.engine.Decision;
import org.markcast.engine.Explanation;
import org.markcast.engine.ForwardingRule;
import org.markcast.engine.ForwardingState;
import org.markcast.engine.counter.SaCounters;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaTable;
import org.markcast.ipsec.StaticSas;

/**
 * Puts the frames of a capture to the service's own {@link ForwardingRule}, one by one and in order. Used by one thread.
 *
 * <p>A capture holds no marks, so the source address decides: what an SA's client may send comes from that SA, all else from
 * the LAN. The time of the capture is the time that the rule goes by.
 */
final class Replay {

    /** Targets that are named in a sentence; more are counted. */
    private static final int NAMED_TARGETS = 4;

    private static final int NO_INTERFACE = 0;

    private final SaTable sas;
    private final Optional<List<Inet4Address>> strictGroups;
    private final ForwardingRule rule = new ForwardingRule(0, () -> Replay.this.timeNs);
    private final Decision decision = new Decision();
    private final Ipv4Flyweight ip = new Ipv4Flyweight();
    private ReplayLans lans;
    private ForwardingState state;
    private long timeNs;

    Replay(Config config, ReplayLans lans) {
        sas = SaTable.of(StaticSas.of(config, List.of()), config.reinject(), 1);
        strictGroups = config.strictGroups() ? Optional.of(config.groups()) : Optional.empty();
        follow(lans);
    }

    private void follow(ReplayLans newLans) {
        lans = newLans;
        state = new ForwardingState(sas, SaCounters.none(sas.slots()), newLans.all(), strictGroups, true);
        rule.follow(state);
    }

    int saCount() {
        return sas.size();
    }

    /** What the service would do with a frame, and why. */
    Verdict judge(CapturedFrame frame) {
        if (frame.notIpv4().isPresent()) {
            return ignored(frame, false, Verdict.NOT_IPV4, frame.notIpv4().get());
        }
        final CapturedPacket packet = frame.packet();
        final boolean hasHeader = ip.tryWrap(packet.buffer(), packet.offset(), packet.capturedLength());
        if (frame.isOutgoing()) {
            return ignored(frame, hasHeader, Verdict.OUTGOING, "sent by the machine that captured it");
        }
        if (hasHeader) {
            learnBroadcast(frame);
        }
        timeNs = nanoseconds(frame.time());
        rule.decide(withOrigin(packet, hasHeader), decision);
        return decided(frame, hasHeader);
    }

    /** Time as the duplicate filter wants it; where a damaged file has the centuries wrong, it may wrap around. */
    private static long nanoseconds(Instant time) {
        return time.getEpochSecond() * TimeUnit.SECONDS.toNanos(1) + time.getNano();
    }

    private void learnBroadcast(CapturedFrame frame) {
        final int destination = ip.destination();
        if (lans.hasUnknown()
                && frame.isBroadcast()
                && !Ipv4Address.isMulticast(destination)
                && !lans.isBroadcast(destination)) {
            follow(lans.with(Set.of(destination)));
        }
    }

    /** A frame with a LAN interface's own address was sent there, whoever wrote the packet in it: the rule calls it a loop. */
    private CapturedPacket withOrigin(CapturedPacket packet, boolean hasHeader) {
        final boolean isFromSa =
                hasHeader && sas.bySource(ip.source()) != SaTable.NONE && !lans.isMac(packet.sourceMac());
        return packet.set(
                packet.buffer(),
                packet.offset(),
                packet.capturedLength(),
                packet.wireLength(),
                0,
                isFromSa ? NO_INTERFACE : lans.indexOr(packet.interfaceIndex()),
                packet.sourceMac(),
                false);
    }

    private Verdict decided(CapturedFrame frame, boolean hasHeader) {
        final List<Sa> targets = IntStream.range(0, decision.targetCount())
                .map(decision::target)
                .sorted()
                .mapToObj(sas::sa)
                .toList();
        final String origin = origin(frame.packet());
        final String reason = decision.isForwarded()
                ? "from " + origin + " to " + text(targets) + whyNoMore()
                : Explanation.of(state, frame.packet(), decision);
        return verdict(
                frame,
                hasHeader,
                origin,
                Verdict.nameOf(decision.outcome()),
                reason,
                decision.isForwarded() && decision.isToLan(),
                targets.stream()
                        .map(sa -> new Verdict.Copy(sa.name(), sa.markOut().toString()))
                        .toList());
    }

    private Verdict ignored(CapturedFrame frame, boolean hasHeader, String outcome, String reason) {
        return verdict(frame, hasHeader, null, outcome, reason, false, List.of());
    }

    private Verdict verdict(
            CapturedFrame frame,
            boolean hasHeader,
            String origin,
            String outcome,
            String reason,
            boolean toLan,
            List<Verdict.Copy> copies) {
        final boolean hasPorts = hasHeader
                && ip.hasPorts()
                && ip.headerLength() + 2 * Short.BYTES <= frame.packet().capturedLength();
        return new Verdict(
                frame.number(),
                frame.time(),
                hasHeader ? ip.totalLength() : frame.packet().wireLength(),
                hasHeader ? Ipv4Address.text(ip.source()) : null,
                hasHeader ? Ipv4Address.text(ip.destination()) : null,
                hasHeader ? ip.protocol() : null,
                hasHeader && ip.isFragment(),
                hasPorts ? ip.sourcePort() : null,
                hasPorts ? ip.destinationPort() : null,
                origin,
                outcome,
                reason,
                toLan,
                copies);
    }

    private String origin(CapturedPacket packet) {
        return switch (decision.origin()) {
            case Decision.ORIGIN_UNKNOWN -> null;
            case Decision.ORIGIN_LAN -> "LAN " + lans.name(packet.interfaceIndex());
            default -> "SA " + sas.sa(decision.origin()).name();
        };
    }

    private String text(List<Sa> targets) {
        final StringJoiner text = new StringJoiner(", ");
        if (decision.isToLan()) {
            lans.all().forEach(lan -> text.add("LAN " + lan.name()));
        }
        if (targets.size() > NAMED_TARGETS) {
            text.add(targets.size() + " SAs: " + names(targets.subList(0, NAMED_TARGETS - 1)) + ", ...");
        } else if (!targets.isEmpty()) {
            text.add((targets.size() == 1 ? "SA " : "SAs ") + names(targets));
        }
        return text.toString();
    }

    private static String names(List<Sa> targets) {
        return targets.stream()
                .map(sa -> sa.name() + " (mark " + sa.markOut() + ")")
                .collect(Collectors.joining(", "));
    }

    /** The one reason for which tunnels that match are left out. */
    private String whyNoMore() {
        return decision.isFromSa() && !sas.isReinject(decision.origin()) && sas.size() > 1
                ? "; to no other SA: child " + sas.sa(decision.origin()).child() + " is not in reinject"
                : "";
    }
}
