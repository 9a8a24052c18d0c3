// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.counter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.agrona.concurrent.status.AtomicCounter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.engine.sa.Sa;
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

    /** Tables that follow each other, others left out between them, and now and then one that follows nothing. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void shouldKeepCountThroughAnyChanges(long seed) {
        final Random random = new Random(seed);
        final Map<Sa, Long> expected =
                new HashMap<>(); // the counters follow name and marks, which tell these SAs apart
        SaTable table = table();
        long highest = 0;
        for (int step = 0; step < 400; step++) {
            final List<Sa> sas = randomSas(random);
            table = random.nextInt(20) == 0 ? SaTable.of(sas, Set.of(), 1) : table.successor(sas, Set.of());
            if (random.nextInt(3) == 0) {
                continue;
            }
            final SaCounters latest = counters.forSas(table);
            nowMs += random.nextInt(1_000);
            expected.keySet().retainAll(sas);
            assertEquals(table.slots(), latest.slots());
            assertEquals(2 * sas.size(), counterCount());
            for (final Sa sa : sas) {
                final int index = table.indexOf(sa);
                assertEquals(expected.getOrDefault(sa, 0L), latest.copies(index), sa.name());
                assertEquals(expected.getOrDefault(sa, 0L), latest.packetsIn(index), sa.name());
                if (random.nextBoolean()) {
                    latest.copy(index);
                    latest.packetIn(index);
                    highest = Math.max(highest, expected.merge(sa, 1L, Long::sum));
                }
            }
        }
        assertTrue(highest > 10, "no SA stays: " + highest);
    }

    @ParameterizedTest
    @ValueSource(longs = {5, 6})
    void shouldUseAllRoomThatThereIsThroughAnyChanges(long seed) {
        final Random random = new Random(seed);
        final int room = 12;
        final Counters few = Counters.inMemory(64 + 2 * room + 1, () -> nowMs);
        SaTable table = table();
        for (int step = 0; step < 400; step++) {
            table = table.successor(randomSas(random), Set.of());
            few.forSas(table);
            nowMs += 1_000;
            final SaCounters latest = few.forSas(table);
            assertEquals(
                    Math.min(room, table.size()),
                    IntStream.range(0, latest.slots()).filter(latest::isCounted).count());
        }
    }

    /** Of thirty SAs; some with another mark now and then. */
    private static List<Sa> randomSas(Random random) {
        final int wanted = random.nextInt(10);
        final List<Sa> sas = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            if (random.nextInt(10) < wanted || i < 3) {
                sas.add(sa("sa" + i, 1 + i + (random.nextInt(8) == 0 ? 100 : 0)).build());
            }
        }
        if (random.nextInt(5) == 0) {
            Collections.shuffle(sas, random);
        }
        return sas;
    }

    private int counterCount() {
        final AtomicInteger count = new AtomicInteger();
        counters.reader().forEach((id, typeId, key, label) -> count.incrementAndGet());
        return count.get();
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
