// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Test;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.ForwarderAgent;
import org.markcast.engine.ForwardingState;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.counter.ForwarderCounters;
import org.markcast.engine.port.LanInterface;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaTable;
import org.markcast.linux.LinuxErrno;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.MessageSocket;

/**
 * The forwarder's duty cycle, from a source's poll to the batch that a socket is given, allocates nothing: the figure is the
 * thread's own, to the byte.
 *
 * <p>Before a method is compiled, the thread that asks for it resolves the string constants of its class (HotSpot's {@code
 * CompileBroker::compile_method_base}): some bytes, once, and nobody knows when. So one million of a few must be free of any;
 * what happened once in a million packets would show in each.
 */
class ForwarderAllocationTest {

    private static final int PACKETS = 1_000_000;
    private static final int MAX_MILLIONS = 5;
    private static final int SAS = 4;
    private static final int MTU = 1500;

    private final Counters counters = Counters.inMemory(256);
    private final ForwarderCounters forwarder = counters.forwarder(0);
    private final Kernel kernel = new Kernel();
    private final Injector injector = new Injector(
            kernel, true, kernel, (mark, destination) -> MTU, () -> {}, SystemNanoClock.INSTANCE, forwarder);
    private final ForwarderAgent agent = new ForwarderAgent(0, forwarder, injector, SystemNanoClock.INSTANCE);
    private final EndlessSource source = new EndlessSource(SAS);

    /** Takes what fits the MTU, and remembers nothing. */
    private static final class Kernel implements MessageSocket {

        @Override
        public int send(MessageBatch batch, int first, int count) {
            for (int i = 0; i < count; i++) {
                if (batch.packetLength(first + i) > MTU) {
                    return i > 0 ? i : -LinuxErrno.EMSGSIZE;
                }
            }
            return count;
        }

        @Override
        public void close() {}
    }

    @Test
    void shouldAllocateNothingForAMillionPackets() {
        final SaTable sas = SaTable.of(
                IntStream.range(0, SAS).mapToObj(ForwarderAllocationTest::sa).toList(), Set.of("rw"), 1);
        final List<LanInterface> lans = List.of(lan(1), lan(2)); // with two, duplicates are looked for
        agent.publish(new ForwardingState(sas, counters.forSas(sas), lans, Optional.empty(), false), source);
        final long measuringBytes = allocatedBytes(0);

        final List<Long> measured = new ArrayList<>();
        do {
            measured.add(allocatedBytes(PACKETS) - measuringBytes);
        } while (measured.get(measured.size() - 1) != 0 && measured.size() < MAX_MILLIONS);

        assertTrue(measured.contains(0L), () -> "bytes allocated, million by million: " + measured);
        shouldHaveTakenEveryPath(measured.size() * PACKETS);
    }

    private void shouldHaveTakenEveryPath(int packets) {
        assertEquals(packets, forwarder.get(Counter.CAPTURED));
        assertEquals(0, forwarder.unaccountedPackets());
        assertEquals(0, forwarder.unaccountedCopies());
        for (final Counter counter : List.of(
                Counter.FORWARDED,
                Counter.DROPPED_DUPLICATE,
                Counter.DROPPED_DHCP,
                Counter.DROPPED_MALFORMED,
                Counter.DROPPED_SPOOFED,
                Counter.FLOW_CACHE_MISSES,
                Counter.CHECKSUMS_COMPLETED,
                Counter.FRAGMENTED,
                Counter.COPIES_TOO_BIG)) {
            assertTrue(forwarder.get(counter) > packets / 20, counter.name());
        }
        assertTrue(forwarder.get(Counter.COPIES_SENT) > 2L * packets);
    }

    private long allocatedBytes(int packets) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long before =
                threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        forward(packets);
        return threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    }

    private void forward(int packets) {
        source.offer(packets);
        while (source.hasMore()) {
            agent.doWork();
        }
    }

    private static LanInterface lan(int index) {
        return new LanInterface("eth" + index, index, 0x0200_0000_0000L + index, MTU, List.of());
    }

    private static Sa sa(int index) {
        final Mark mark = new Mark(index + 1, Mark.FULL_MASK);
        return new Sa(
                "client" + index,
                "rw",
                Mode.TUNNEL,
                mark,
                mark,
                selectors("10.1.0.0/16", "224.0.0.0/4"),
                selectors("10.1.1." + index, "224.0.0.0/4"),
                List.of());
    }

    private static List<TrafficSelector> selectors(String... texts) {
        return List.of(texts).stream()
                .flatMap(text -> TrafficSelector.parse(text).stream())
                .toList();
    }
}
