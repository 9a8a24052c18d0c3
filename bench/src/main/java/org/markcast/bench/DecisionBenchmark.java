// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SystemNanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.Decision;
import org.markcast.engine.ForwardingRule;
import org.markcast.engine.ForwardingState;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.engine.port.LanInterface;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaTable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Cost of the whole decision on a packet of a known flow, with 256 SAs of which 10 match: from the LAN, from one LAN of two, where
 * duplicates are looked for, and from an SA whose packets go to the other SAs and to the LAN. The baseline decides on a LAN packet
 * as one writes it first: an object for the header, a walk over all selectors, a list of those that match.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(2)
public class DecisionBenchmark {

    private static final int SAS = 256;
    private static final int MATCHING = 10;
    private static final int LENGTH = 300;
    private static final int LAN_INDEX = 2;
    private static final int WAN_INDEX = 9;
    private static final int FIRST_CLIENT = 0x0a02_0000; // 10.2.0.0, as the sample SAs have it

    private final List<Sa> sample = SampleSas.of(SAS, MATCHING);
    private final List<MatchBenchmark.ListedSa> list =
            sample.stream().map(MatchBenchmark.ListedSa::of).toList();
    private final SaTable sas = SaTable.of(sample, Set.of("rw"), 1);
    private final SamplePackets packets = new SamplePackets(LENGTH);
    private final UnsafeBuffer memory = packets.memory();
    private final UdpPacket clientPacket = new UdpPacket(LENGTH, FIRST_CLIENT, SamplePackets.GROUP);
    private final UnsafeBuffer clientMemory = new UnsafeBuffer(clientPacket.address(), LENGTH);
    private final CapturedPacket packet = new CapturedPacket();
    private final Decision decision = new Decision();
    private final ForwardingRule oneLan = rule(lan(LAN_INDEX));
    private final ForwardingRule twoLans = rule(lan(LAN_INDEX), lan(LAN_INDEX + 1));
    private int next;

    private record Header(int totalLength, int protocol, int source, int destination, int sourcePort, int port) {}

    private static LanInterface lan(int index) {
        return new LanInterface("eth" + index, index, 0x0200_0000_0000L + index, 1500, List.of());
    }

    private ForwardingRule rule(LanInterface... lans) {
        final ForwardingRule rule = new ForwardingRule(0, SystemNanoClock.INSTANCE);
        rule.follow(
                new ForwardingState(sas, Counters.inMemory(1024).forSas(sas), List.of(lans), Optional.empty(), false));
        return rule;
    }

    /** What the service does for nearly every packet. */
    @Benchmark
    public int fromLan() {
        oneLan.decide(lanPacket(), decision);
        return decision.targetCount();
    }

    @Benchmark
    public int fromOneOfTwoLans() {
        twoLans.decide(lanPacket(), decision);
        return decision.targetCount();
    }

    @Benchmark
    public int fromSa() {
        oneLan.decide(packet.set(clientMemory, 0, LENGTH, LENGTH, 1, WAN_INDEX, 0, false), decision);
        return decision.targetCount();
    }

    private CapturedPacket lanPacket() {
        return packet.set(memory, packets.offset(next++), LENGTH, LENGTH, 0, LAN_INDEX, 0, false);
    }

    @Benchmark
    public List<Integer> objectsAndListWalkBaseline() {
        final Header header = parse(packets.offset(next++));
        final List<Integer> matching = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i).wants(header.source(), header.destination())) {
                matching.add(i);
            }
        }
        return matching;
    }

    private Header parse(int at) {
        final Ipv4Flyweight ip = new Ipv4Flyweight();
        if (!ip.tryWrap(memory, at, LENGTH)) {
            throw new IllegalStateException("a sample packet is malformed");
        }
        return new Header(
                ip.totalLength(), ip.protocol(), ip.source(), ip.destination(), ip.sourcePort(), ip.destinationPort());
    }
}
