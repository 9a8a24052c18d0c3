// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.markcast.capture.Capture;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;
import org.markcast.daemon.PollingIdle;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.engine.ForwarderAgent;
import org.markcast.engine.ForwardingState;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.counter.ForwarderCounters;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaTable;
import org.markcast.injector.Injector;

/** A forwarder's duty cycle as the service runs it, ring, sockets, system calls and waiting included, allocates nothing. */
@NetworkNamespaceTest
class ForwarderAllocationTest {

    private static final String GROUP = "239.255.255.250";
    private static final int PACKETS = 10_000;
    /** Less than a ring holds: the senders wait until the forwarder has taken them. */
    private static final int AT_ONCE = 200;

    /** Compiling resolves the string constants of a class, once, on the thread that asks for it: the first rounds may. */
    private static final int MAX_ROUNDS = 8;

    private static final long SOON_NS = 60_000_000_000L;

    private final EmulatedNetwork network = EmulatedNetwork.builder()
            .lan("alice")
            .client("carol", 1, 101)
            .client("dave", 2, 102)
            .build();
    private final Counters counters = Counters.inMemory(256);
    private final ForwarderCounters forwarder = counters.forwarder(0);

    @Test
    void shouldAllocateNothingBetweenRealSockets() {
        try (network;
                Capture capture = network.gateway().namespace().call(() -> new Capture(1, List.of("eth1"), List.of()));
                Injector injector =
                        network.gateway().namespace().call(() -> Injector.open(SystemNanoClock.INSTANCE, forwarder))) {
            final ForwarderAgent agent = new ForwarderAgent(0, forwarder, injector, SystemNanoClock.INSTANCE);
            final PollingIdle idle = new PollingIdle(PollingIdle.FORWARDER_SPIN_NS, capture.fds(0));
            final SaTable sas = SaTable.of(List.of(sa(1), sa(2)), Set.of("rw"), 1);
            agent.publish(
                    new ForwardingState(
                            sas, counters.forSas(sas), capture.usable(), Optional.empty(), !capture.hasMarks()),
                    capture.sources(0));

            final List<Long> measured = new ArrayList<>();
            do {
                measured.add(round(agent, idle));
            } while (measured.get(measured.size() - 1) != 0 && measured.size() < MAX_ROUNDS);

            assertTrue(measured.contains(0L), () -> "bytes allocated, round by round: " + measured);
            shouldHaveForwarded((long) measured.size() * PACKETS);
        }
    }

    /** Half of the packets goes from the LAN to both SAs, half from an SA to the other one and to the LAN. */
    private void shouldHaveForwarded(long packets) {
        assertEquals(packets, forwarder.get(Counter.FORWARDED));
        assertEquals(2 * packets, forwarder.get(Counter.COPIES_SENT));
        assertEquals(packets / 2, forwarder.get(Counter.CHECKSUMS_COMPLETED));
    }

    /** Forwards what alice and carol send meanwhile; returns the bytes that this thread allocated beyond the measuring itself. */
    private long round(ForwarderAgent agent, PollingIdle idle) {
        final long goal = forwarder.get(Counter.CAPTURED) + PACKETS;
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long id = Thread.currentThread().getId();
        final FutureTask<Void> sending = new FutureTask<>(() -> send(goal - PACKETS));
        new Thread(sending, "senders").start();
        final long endNs = System.nanoTime() + SOON_NS;
        final long before = threads.getThreadAllocatedBytes(id);
        final long measuring = threads.getThreadAllocatedBytes(id) - before;
        final long start = threads.getThreadAllocatedBytes(id);
        while (forwarder.get(Counter.CAPTURED) < goal && System.nanoTime() - endNs < 0) {
            idle.idle(agent.doWork());
        }
        final long bytes = threads.getThreadAllocatedBytes(id) - start - measuring;
        assertEquals(goal, forwarder.get(Counter.CAPTURED));
        assertTrue(sending.isDone() || awaited(sending));
        return bytes;
    }

    private static boolean awaited(FutureTask<Void> task) {
        try {
            task.get();
            return true;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private Void send(long captured) throws InterruptedException {
        final Host alice = network.host("alice");
        final Host carol = network.client("carol");
        long expected = captured;
        for (int sent = 0; sent < PACKETS; sent += AT_ONCE) {
            for (int i = 0; i < AT_ONCE / 2; i++) {
                alice.sendUdp(5353, GROUP, 1900, new byte[100], 4, true);
                NumberedPacket.send(carol, GROUP);
            }
            expected += AT_ONCE;
            while (forwarder.get(Counter.CAPTURED) < expected) {
                Thread.sleep(1);
            }
        }
        return null;
    }

    private static Sa sa(int number) {
        final String address = "10.1.1." + number;
        return new Sa(
                "client" + number,
                "rw",
                Mode.TUNNEL,
                new Mark(number, Mark.FULL_MASK),
                new Mark(100 + number, Mark.FULL_MASK),
                selectors("10.1.0.0/16", "224.0.0.0/4"),
                selectors(address, "224.0.0.0/4"),
                List.of());
    }

    private static List<TrafficSelector> selectors(String... texts) {
        return List.of(texts).stream()
                .flatMap(text -> TrafficSelector.parse(text).stream())
                .toList();
    }
}
