// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.engine.packet.TestPacket.address;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaTable;
import org.markcast.engine.sa.TestSa;

/** What a change of one SA among ten thousand costs: collecting garbage stops the forwarders. */
class OneSaMoreTest {

    private static final int SAS = 10_000;
    private static final long MAX_BYTES = 200_000;
    private static final int WARM_UP = 50;

    private final ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final Counters counters = Counters.inMemory(3 * SAS);
    private final List<Sa> sas =
            IntStream.range(0, SAS).mapToObj(OneSaMoreTest::warrior).toList();
    private final FlowCache flows = new FlowCache(0, SaTable.of(List.of(), Set.of(), 2));

    private static Sa warrior(int number) {
        return TestSa.roadWarrior("sa" + number, number + 1, Ipv4Address.text(address("10.2.0.0") + number))
                .build();
    }

    @Test
    void shouldAllocateLittleForOneSaMore() {
        assertAllocatesLittle(latest -> latest.add(warrior(SAS)));
    }

    @Test
    void shouldAllocateLittleForOneSaLess() {
        assertAllocatesLittle(latest -> latest.remove(SAS / 3));
    }

    @Test
    void shouldAllocateLittleForOneSaThatComesAgain() {
        assertAllocatesLittle(latest -> {
            latest.remove(SAS / 3);
            latest.add(warrior(SAS));
        });
    }

    @Test
    void shouldAllocateLittleForOneSaThatChanges() {
        assertAllocatesLittle(latest -> latest.set(
                SAS / 3, TestSa.roadWarrior("sa" + SAS / 3, SAS + 7, "10.3.0.1").build()));
    }

    private void assertAllocatesLittle(Consumer<List<Sa>> change) {
        final List<Sa> changed = new ArrayList<>(sas);
        change.accept(changed);
        final List<Sa> latest = List.copyOf(changed);
        SaTable table = SaTable.of(sas, Set.of(), 2);
        counters.forSas(table);
        flows.reset(table);
        long controlBytes = 0;
        long forwarderBytes = 0;
        for (int round = 0; round < WARM_UP; round++) { // the first ones load classes
            final long before = thread.getCurrentThreadAllocatedBytes();
            table = table.successor(latest, Set.of());
            counters.forSas(table);
            final long between = thread.getCurrentThreadAllocatedBytes();
            flows.reset(table);
            forwarderBytes = thread.getCurrentThreadAllocatedBytes() - between;
            controlBytes = between - before;
            table = table.successor(sas, Set.of());
            counters.forSas(table);
        }
        assertTrue(controlBytes < MAX_BYTES, controlBytes + " B for one change");
        assertEquals(0, forwarderBytes);
    }
}
