// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.counter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.agrona.concurrent.status.AtomicCounter;
import org.junit.jupiter.api.Test;
import org.markcast.engine.sa.SaTable;
import org.markcast.engine.sa.TestSa;

class CountersTest {

    private long nowMs;
    private final Counters counters = Counters.inMemory(1_000, () -> nowMs);

    @Test
    void shouldSumOverForwarders() {
        counters.forwarder(0).add(Counter.COPIES_SENT, 3);
        counters.forwarder(1).increment(Counter.COPIES_SENT);

        assertEquals(4, counters.total(Counter.COPIES_SENT));
        assertSame(counters.forwarder(1), counters.forwarder(1));
    }

    @Test
    void shouldTellWhatIsUnaccounted() {
        final ForwarderCounters forwarder = counters.forwarder(0);
        forwarder.add(Counter.CAPTURED, 5);
        forwarder.add(Counter.FORWARDED, 2);
        forwarder.add(Counter.DROPPED_DHCP, 1);
        forwarder.add(Counter.COPIES_QUEUED, 10);
        forwarder.add(Counter.COPIES_SENT, 6);
        forwarder.add(Counter.COPIES_TOO_BIG, 1);
        forwarder.add(Counter.FLOW_CACHE_MISSES, 99);

        assertEquals(2, counters.unaccountedPackets());
        assertEquals(3, counters.unaccountedCopies());
    }

    @Test
    void shouldKeepTheCountersOfAnSaThatStays() {
        final SaCounters before = counters.forSas(table(sa("carol", 1), sa("dave", 2)));
        before.copy(0);
        before.copy(1);
        before.packetIn(1);

        final SaCounters after = counters.forSas(table(sa("eve", 3), sa("dave", 2)));

        assertEquals(0, after.copies(0));
        assertEquals(1, after.copies(1));
        assertEquals(1, after.packetsIn(1));
    }

    @Test
    void shouldStartAfreshWhenTheMarksOfAnSaChange() {
        counters.forSas(table(sa("carol", 1))).copy(0);

        assertEquals(0, counters.forSas(table(sa("carol", 2))).copies(0));
    }

    @Test
    void shouldFreeTheCountersOfAnSaThatIsGone() {
        counters.forSas(table(sa("carol", 1)));
        assertNotNull(idByLabel("sa carol: copies"));

        counters.forSas(table());

        assertNull(idByLabel("sa carol: copies"));
        assertNull(idByLabel("sa carol: packets in"));
    }

    @Test
    void shouldNotReuseAFreedCounterWhileAForwarderMayStillHoldIt() {
        final SaCounters old = counters.forSas(table(sa("carol", 1)));
        final Integer id = idByLabel("sa carol: copies");
        counters.forSas(table());

        final SaCounters soon = counters.forSas(table(sa("dave", 2)));
        old.copy(0);

        assertNotEquals(id, idByLabel("sa dave: copies"));
        assertEquals(0, soon.copies(0));
        nowMs += 1_000;
        final SaCounters later = counters.forSas(table(sa("dave", 2), sa("eve", 3)));
        assertEquals(0, later.copies(1), "starts at zero, whatever the last owner counted");
    }

    @Test
    void shouldReuseFreedCountersInTheEnd() {
        for (int round = 0; round < 1_000; round++) {
            final SaCounters ofRound = counters.forSas(table(sa("sa" + round, round + 1)));
            assertEquals(0, ofRound.copies(0), "round " + round);
            ofRound.copy(0);
            nowMs += 400;
        }
    }

    @Test
    void shouldGoWithoutCountersWhenThereIsNoRoom() {
        final Counters few = Counters.inMemory(64 + 5, () -> nowMs);
        final SaCounters three = few.forSas(table(sa("carol", 1), sa("dave", 2), sa("eve", 3)));
        three.copy(1);
        three.copy(2);
        three.packetIn(2);

        assertEquals(1, three.copies(1));
        assertEquals(SaCounters.UNKNOWN, three.copies(2));
        assertEquals(SaCounters.UNKNOWN, three.packetsIn(2));
        few.named("kernel drops eth1").increment(); // there is still room for interfaces

        few.forSas(table(sa("dave", 2), sa("eve", 3)));
        nowMs += 1_000;
        final SaCounters two = few.forSas(table(sa("dave", 2), sa("eve", 3)));
        assertEquals(1, two.copies(0));
        assertEquals(0, two.copies(1), "has found room");
    }

    @Test
    void shouldGiveEachNameOneCounter() {
        final AtomicCounter drops = counters.named("kernel drops eth1");
        drops.set(7);

        assertSame(drops, counters.named("kernel drops eth1"));
        counters.freeNamed("kernel drops eth1");
        counters.freeNamed("kernel drops eth1");
        assertNull(idByLabel("kernel drops eth1"));
    }

    @Test
    void shouldTellOtherProcessesWhatIsWhose() {
        counters.forwarder(1 - 1);
        counters.forwarder(1);
        counters.forSas(table(sa("carol", 1)));
        final Map<String, String> found = new HashMap<>();

        counters.reader().forEach((id, typeId, key, label) -> {
            if (typeId == Counters.TYPE_FORWARDER && key.getInt(0) == 1 && key.getInt(4) == 0) {
                found.put("forwarder", label);
            } else if (typeId == Counters.TYPE_SA_COPIES) {
                found.put(key.getStringWithoutLengthAscii(0, 5), label);
            }
        });

        assertEquals(Map.of("forwarder", "forwarder 1: packets captured", "carol", "sa carol: copies"), found);
    }

    private Integer idByLabel(String label) {
        final Map<String, Integer> ids = new HashMap<>();
        counters.reader().forEach((id, text) -> ids.put(text, id));
        return ids.get(label);
    }

    private static TestSa sa(String name, int mark) {
        return TestSa.roadWarrior(name, mark, "10.1.0.129");
    }

    private static SaTable table(TestSa... sas) {
        return SaTable.of(Arrays.stream(sas).map(TestSa::build).toList(), Set.of(), 1);
    }
}
