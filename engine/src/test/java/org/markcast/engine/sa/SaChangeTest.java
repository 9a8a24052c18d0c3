// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SaChangeTest {

    private static final int[] SIZES = {8, 100};

    private static final Sa CAROL = sa("carol", 1);
    private static final Sa DAVE = sa("dave", 2);
    private static final Sa EVE = sa("eve", 3);

    @Test
    void shouldFindNoChangeBetweenEqualLists() {
        assertTrue(SaChange.between(List.of(), List.of()).isEmpty());
        assertTrue(SaChange.between(List.of(CAROL, DAVE), List.of(sa("carol", 1), sa("dave", 2)))
                .isEmpty());
    }

    @Test
    void shouldNotTakeAnotherOrderForAChange() {
        assertTrue(SaChange.between(List.of(CAROL, DAVE, EVE), List.of(EVE, CAROL, DAVE))
                .isEmpty());
    }

    @Test
    void shouldTellAnSaThatHasChangedTwice() {
        final Sa other = sa("dave", 7);

        assertEquals(
                new SaChange(List.of(DAVE), List.of(other)),
                SaChange.between(List.of(CAROL, DAVE, EVE), List.of(CAROL, EVE, other)));
    }

    @Test
    void shouldTellWhatIsGoneAndWhatIsNewInTheOrderOfTheirLists() {
        assertEquals(
                new SaChange(List.of(CAROL, DAVE), List.of(EVE)), SaChange.between(List.of(CAROL, DAVE), List.of(EVE)));
    }

    /** What is added and removed leads from the one list to the other, and holds nothing that is in both. */
    @Test
    void shouldLeadFromAnyListToAnyOther() {
        final Random random = new Random(7);
        for (int round = 0; round < 1_000; round++) {
            final List<Sa> before = some(random);
            final List<Sa> after = some(random);
            final SaChange change = SaChange.between(before, after);

            final Map<String, Sa> followed = new LinkedHashMap<>();
            before.forEach(sa -> followed.put(sa.name(), sa));
            change.removed().forEach(sa -> assertEquals(sa, followed.remove(sa.name())));
            change.added().forEach(sa -> assertEquals(null, followed.put(sa.name(), sa)));

            final Map<String, Sa> wanted = new LinkedHashMap<>();
            after.forEach(sa -> wanted.put(sa.name(), sa));
            assertEquals(wanted, followed);
            assertTrue(change.added().stream().noneMatch(before::contains));
            assertTrue(change.removed().stream().noneMatch(after::contains));
        }
    }

    /** Some of the same SAs, without a run of twenty. */
    private static List<Sa> some(Random random) {
        final int without = random.nextInt(10);
        final List<Sa> all = new ArrayList<>(IntStream.range(0, SIZES[random.nextInt(SIZES.length)])
                .filter(i -> random.nextInt(3) > 0 && i / 20 != without)
                .mapToObj(i -> sa("sa" + i, 1 + i + 100 * random.nextInt(2)))
                .toList());
        if (random.nextInt(4) == 0) {
            Collections.shuffle(all, random);
        }
        return all;
    }

    private static Sa sa(String name, int mark) {
        return TestSa.bare(name, mark).build();
    }
}
