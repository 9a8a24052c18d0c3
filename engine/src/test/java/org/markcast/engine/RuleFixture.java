// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.SaCounters;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.TestPacket;
import org.markcast.engine.port.LanInterface;
import org.markcast.engine.sa.SaTable;
import org.markcast.engine.sa.TestSa;

/**
 * A gateway with one LAN and the road warriors carol (mark 1) and dave (mark 2), to be changed as a test likes.
 *
 * <pre>
 *  10.1.0.0/16 ---- eth1 (index 2)  gateway  WAN (index 9) ==== carol 10.1.0.129
 *                                                          ==== dave  10.1.0.130
 * </pre>
 */
final class RuleFixture {

    static final LanInterface ETH1 =
            new LanInterface("eth1", TestPacket.LAN_INDEX, 0x0200_0000_0001L, 1500, broadcasts("10.1.255.255"));
    static final LanInterface ETH2 = new LanInterface(
            "eth2", TestPacket.LAN_INDEX + 1, 0x0200_0000_0002L, 1500, broadcasts("10.2.255.255", "10.3.0.255"));

    static final String CAROL = "10.1.0.129";
    static final String DAVE = "10.1.0.130";
    static final String HOST = "10.1.0.10";

    long nowNs;
    final Decision decision = new Decision();
    final ForwardingRule rule = new ForwardingRule(0, () -> nowNs);

    private List<LanInterface> lans = List.of(ETH1);
    private List<TestSa> sas = List.of(TestSa.roadWarrior("carol", 1, CAROL), TestSa.roadWarrior("dave", 2, DAVE));
    private Set<String> reinject = Set.of();
    private Optional<List<InetAddress>> strictGroups = Optional.empty();
    private boolean isOriginBySource;
    private ForwardingState state;

    RuleFixture() {
        follow();
    }

    RuleFixture lans(LanInterface... newLans) {
        lans = List.of(newLans);
        return follow();
    }

    RuleFixture sas(TestSa... newSas) {
        sas = List.of(newSas);
        return follow();
    }

    RuleFixture reinject(String... children) {
        reinject = Set.of(children);
        return follow();
    }

    RuleFixture strictGroups(String... groups) {
        strictGroups = Optional.of(Arrays.stream(groups).map(RuleFixture::inet).toList());
        return follow();
    }

    RuleFixture originBySource() {
        isOriginBySource = true;
        return follow();
    }

    private RuleFixture follow() {
        final SaTable table = SaTable.of(sas.stream().map(TestSa::build).toList(), reinject, 1);
        state = new ForwardingState(table, SaCounters.none(table.slots()), lans, strictGroups, isOriginBySource);
        rule.follow(state);
        return this;
    }

    ForwardingState state() {
        return state;
    }

    Counter outcome(TestPacket packet) {
        rule.decide(packet.build(), decision);
        return decision.outcome();
    }

    /** The outcome must be a drop, and nobody may get the packet. */
    void assertDropped(Counter expected, TestPacket packet) {
        assertEquals(expected, outcome(packet));
    }

    /** What becomes of the packet, as "origin > targets". */
    void assertForwarded(String expected, TestPacket packet) {
        assertEquals(Counter.FORWARDED, outcome(packet), expected);
        final Set<String> targets = new TreeSet<>();
        for (int i = 0; i < decision.targetCount(); i++) {
            targets.add(state.sas().sa(decision.target(i)).name());
        }
        final List<String> all = new ArrayList<>(targets);
        assertEquals(decision.targetCount(), targets.size(), "an SA is named twice");
        if (decision.isToLan()) {
            all.add("LAN");
        }
        final String origin =
                decision.isFromSa() ? state.sas().sa(decision.origin()).name() : "LAN";
        assertEquals(expected, origin + " > " + String.join(" ", all));
    }

    String explain(TestPacket packet) {
        final CapturedPacket captured = packet.build();
        rule.decide(captured, decision);
        return Explanation.of(state, captured, decision);
    }

    private static InetAddress inet(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (java.net.UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static List<Integer> broadcasts(String... addresses) {
        return Arrays.stream(addresses).map(TestPacket::address).toList();
    }
}
