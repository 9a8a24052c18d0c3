// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import org.agrona.concurrent.Agent;
import org.agrona.concurrent.NanoClock;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.ForwarderCounters;
import org.markcast.engine.counter.SaCounters;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.port.PacketHandler;
import org.markcast.engine.port.PacketSink;
import org.markcast.engine.port.PacketSource;
import org.markcast.engine.sa.SaTable;

/**
 * Sends copies of the captured packets to the SAs that belong to it. Owned by the forwarder thread, except for {@link
 * #publish} and {@link #hasSeen}, which are the control thread's.
 *
 * <p>Every forwarder sees and judges every packet. Forwarder 0 alone counts them, and alone sends to the LAN, which so gets
 * them in one order; copies are counted by the forwarder that sends them.
 */
public final class ForwarderAgent implements Agent {

    /** Packets from one source before the others have their turn. */
    private static final int POLL_LIMIT = 64;

    private final int index;
    private final ForwarderCounters counters;
    private final PacketSink sink;
    private final ForwardingRule rule;
    private final Decision decision = new Decision();
    private final PacketHandler onPacket = this::onPacket; // bound once: one for each poll would be garbage

    private Assignment current = new Assignment(0, ForwardingState.EMPTY);
    private ForwardingState state = current.state;
    private RuntimeException failure;
    private long countedMisses;

    private volatile Assignment published = current;
    private volatile long seenGeneration;

    /** What the control thread gives to the forwarder. The array of sources is never written to. */
    private record Assignment(long generation, ForwardingState state, PacketSource... sources) {}

    /**
     * @param index counts from 0; an SA belongs to the forwarder that {@link SaTable#forwarderOf} says
     * @param sink this forwarder's own
     */
    public ForwarderAgent(int index, ForwarderCounters counters, PacketSink sink, NanoClock clock) {
        this.index = index;
        this.counters = counters;
        this.sink = sink;
        rule = new ForwardingRule(index, clock);
    }

    /**
     * Makes the forwarder work by this state and on these sources from its next duty cycle on. Control thread only.
     *
     * @return the generation to ask {@link #hasSeen} for
     */
    public long publish(ForwardingState newState, PacketSource... sources) {
        final long generation = published.generation + 1;
        published = new Assignment(generation, newState, sources.clone());
        return generation;
    }

    /**
     * Whether the forwarder works by this generation or a later one: it will never again touch sources, nor count for SAs,
     * that only earlier ones had. Also after its end.
     */
    public boolean hasSeen(long generation) {
        return seenGeneration >= generation;
    }

    @Override
    public int doWork() {
        lookForAssignment();
        int packets = 0;
        for (final PacketSource source : current.sources) {
            packets += forwardFrom(source);
        }
        accountMisses();
        throwFailure();
        return packets;
    }

    @Override
    public void onClose() {
        seenGeneration = Long.MAX_VALUE;
    }

    @Override
    public String roleName() {
        return "forwarder-" + index;
    }

    private void lookForAssignment() {
        final Assignment latest = published;
        if (latest != current) {
            current = latest;
            state = latest.state;
            rule.follow(state);
            seenGeneration = latest.generation;
        }
    }

    /** Flushes before anybody polls again: then the memory of this source's packets may change. */
    private int forwardFrom(PacketSource source) {
        try {
            return source.poll(onPacket, POLL_LIMIT);
        } catch (RuntimeException e) {
            remember(e); // the other sources must not suffer from it
            return 0;
        } finally {
            sink.flush();
        }
    }

    private void onPacket(CapturedPacket packet) {
        Counter outcome = Counter.DROPPED_FAILED;
        try {
            rule.decide(packet, decision);
            if (decision.isForwarded()) {
                fanOut(packet);
            }
            outcome = decision.outcome();
        } catch (RuntimeException e) {
            remember(e); // thrown later: a source that is interrupted might hand over the same packet for ever
        }
        if (index == 0) {
            account(outcome);
        }
    }

    private void fanOut(CapturedPacket packet) {
        final int sas = decision.targetCount();
        final int lans = decision.isToLan() && index == 0 ? state.lanCount() : 0;
        if (sas + lans == 0) {
            return;
        }
        int queued = 0;
        try {
            sink.begin(packet, decision.ip());
            for (; queued < sas; queued++) {
                sendTo(decision.target(queued));
            }
            for (; queued < sas + lans; queued++) {
                sink.toLan(state.lan(queued - sas));
            }
        } finally {
            counters.add(Counter.COPIES_QUEUED, queued);
        }
    }

    private void sendTo(int sa) {
        sink.toSa(state.sas().markOut(sa));
        state.saCounters().copy(sa);
    }

    private void account(Counter outcome) {
        counters.increment(Counter.CAPTURED);
        counters.increment(outcome);
        if (decision.isFromSa()) {
            final SaCounters saCounters = state.saCounters();
            saCounters.packetIn(decision.origin());
        }
    }

    private void accountMisses() {
        final long misses = rule.flowCacheMisses();
        if (misses != countedMisses) {
            counters.add(Counter.FLOW_CACHE_MISSES, misses - countedMisses);
            countedMisses = misses;
        }
    }

    private void remember(RuntimeException e) {
        if (failure == null) {
            failure = e;
        }
    }

    /** To the error handler of whoever runs this agent. Of the failures of one duty cycle the first one stands for all. */
    private void throwFailure() {
        if (failure != null) {
            final RuntimeException thrown = failure;
            failure = null;
            throw thrown;
        }
    }
}
