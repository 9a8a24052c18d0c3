// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.config.Config;
import org.markcast.config.Mark;
import org.markcast.engine.sa.Sa;

class MarkTablesTest {

    private static final List<List<Integer>> BROADCASTS = List.of(
            List.of(0x0a01_ffff), List.of(), List.of(0x0a09_0001, 0x0a09_0003), List.of(0xac10_0001, 0x0a01_ffff));

    private static final Key CLIENT = Key.of(Key.network(0x0a01_0081));

    private static final Sa OLD =
            TestSa.of("old", "20", "10.1.0.129", "10.3.0.0/16").build();
    private static final Sa YOUNG =
            TestSa.of("young", "21", "10.1.0.129", "10.3.0.0/16").build();

    private final MarkTables tables = new MarkTables(true, Config.defaults().connmark());

    @Test
    void shouldGiveBackWhatALaterSaHadClaimed() {
        follow(OLD);
        follow(OLD, YOUNG);
        assertEquals(YOUNG.markOut(), tables.elements(ElementSet.CLIENTS).get(CLIENT));
        follow(OLD);
        assertEquals(OLD.markOut(), tables.elements(ElementSet.CLIENTS).get(CLIENT));
    }

    @Test
    void shouldLeaveWithTheLaterSaWhatTheEarlierOneClaimsAnew() {
        follow(OLD, YOUNG);
        final Sa changed = TestSa.of("old", "20", "10.1.0.129").build();
        follow(changed, YOUNG);
        assertEquals(YOUNG.markOut(), tables.elements(ElementSet.CLIENTS).get(CLIENT));
        follow(YOUNG, changed);
        assertEquals(OLD.markOut(), tables.elements(ElementSet.CLIENTS).get(CLIENT));
        follow(YOUNG);
        assertEquals(YOUNG.markOut(), tables.elements(ElementSet.CLIENTS).get(CLIENT));
    }

    @Test
    void shouldTellNothingOfWhatComesAndGoes() {
        follow(OLD);
        tables.settle();
        follow(OLD, YOUNG);
        follow(OLD);
        tables.forget(0);
        assertEquals(0, tables.changes().size());
        assertEquals("", MarkRules.change(tables.changes(), tables.shape()));
    }

    @Test
    void shouldRecordNothingBeforeTheKernelHoldsAnything() {
        follow(OLD);
        assertNull(tables.changes());
    }

    @Test
    void shouldStayAsItIsWhenAnSaCannotBeRead() {
        final Sa bad = new Sa("bad", "rw", OLD.mode(), OLD.markIn(), OLD.markOut(), List.of(), null, List.of());
        follow(OLD);
        tables.settle();
        assertThrows(NullPointerException.class, () -> follow(YOUNG, bad));
        assertEquals(0, tables.changes().size());
        follow(OLD, YOUNG);
        assertEquals(YOUNG.markOut(), tables.elements(ElementSet.CLIENTS).get(CLIENT));
    }

    private void follow(Sa... sas) {
        tables.follow(List.of(sas), List.of(), 0);
    }

    /**
     * A thousand lists of SAs, each a small step from the one before, seldom a large one. The oracle looks at the list alone; the
     * kernel is a map that takes changes as the kernel does.
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void shouldEqualWhatTheListAloneAsksForAfterEachStep(int seed) {
        final Walk walk = new Walk(seed);
        for (int step = 0; step < 1_000; step++) {
            walk.step();
        }
        assertTrue(walk.changed > 500, walk.changed + " changes of elements");
        assertTrue(walk.replaced > 10, walk.replaced + " replacements");
        assertTrue(walk.contested > 500, walk.contested + " elements with several claims");
    }

    private final class Walk {

        private final Random random;
        private final List<Sa> sas = new ArrayList<>();
        private final Map<Mark, Long> lastSeen = new HashMap<>();
        private final Map<ElementSet, Map<Key, Mark>> kernel = new TreeMap<>();

        private List<Integer> broadcasts = List.of();
        private MarkTables.Shape shape;
        private long now;
        private long forgotten;
        private int changed;
        private int replaced;
        private int contested;

        Walk(int seed) {
            random = new Random(seed);
        }

        private void step() {
            now++;
            for (int i = random.nextInt(20) == 0 ? 20 : 1; i > 0; i--) {
                changeList();
            }
            tables.follow(List.copyOf(sas), broadcasts, now);
            sas.forEach(sa -> lastSeen.put(sa.markOut(), now));
            if (random.nextInt(4) == 0) {
                forgotten = now - random.nextInt(5);
                tables.forget(forgotten);
                lastSeen.values().removeIf(seen -> seen < now && seen + 1 <= forgotten);
            }

            assertEquals(wanted(), content());
            if (random.nextInt(4) != 0) { // else the kernel is told later
                tellKernel();
                assertEquals(content(), kernel);
            }
        }

        private void changeList() {
            final int place = sas.isEmpty() ? 0 : random.nextInt(sas.size());
            final Sa any = sas.isEmpty() ? newSa() : sas.get(place);
            switch (random.nextInt(sas.size() > 4 ? 12 : 6)) {
                case 0, 1, 2 -> sas.add(newSa());
                case 3 -> sas.add(place, newSa());
                case 4 -> sas.replaceAll(sa -> sa.equals(any) ? changed(sa) : sa);
                case 5 -> broadcasts = BROADCASTS.get(random.nextInt(random.nextInt(4) + 1));
                case 6 -> Collections.rotate(sas.subList(place, sas.size()), random.nextBoolean() ? 1 : -1);
                default -> sas.remove(place);
            }
        }

        private Sa newSa() {
            return TestSa.random(random, "sa" + now + "/" + random.nextInt(), now / 100 % 3 == 2);
        }

        /** Another SA of the same name, or one that is equal. */
        private Sa changed(Sa sa) {
            final Sa other = TestSa.random(random, sa.name(), now / 100 % 3 == 2);
            return new Sa(
                    sa.name(),
                    sa.child(),
                    sa.mode(),
                    sa.markIn(),
                    sa.markOut(),
                    sa.localTs(),
                    random.nextBoolean() ? sa.remoteTs() : other.remoteTs(),
                    random.nextBoolean() ? sa.outers() : other.outers());
        }

        private void tellKernel() {
            if (tables.shape().equals(shape)) {
                tables.changes()
                        .deleted()
                        .forEach((set, all) -> all.forEach((key, mark) -> {
                            assertEquals(mark, kernel.get(set).remove(key));
                            kernel.values().removeIf(Map::isEmpty);
                        }));
                tables.changes()
                        .added()
                        .forEach((set, all) -> all.forEach(
                                (key, mark) -> assertNull(kernel.computeIfAbsent(set, first -> new HashMap<>())
                                        .put(key, mark))));
                changed++;
            } else {
                kernel.clear();
                content().forEach((set, all) -> kernel.put(set, new HashMap<>(all)));
                replaced++;
            }
            shape = tables.shape();
            tables.settle();
        }

        private Map<ElementSet, Map<Key, Mark>> wanted() {
            final Wanted wanted = new Wanted(sas, broadcasts, lastSeen.keySet());
            contested += wanted.contested();
            assertEquals(wanted.shape(), tables.shape());
            assertEquals(wanted.chains(), tables.chains());
            return wanted.elements();
        }

        private Map<ElementSet, Map<Key, Mark>> content() {
            final Map<ElementSet, Map<Key, Mark>> content = new TreeMap<>(tables.elements());
            content.values().removeIf(Map::isEmpty);
            return content;
        }
    }
}
