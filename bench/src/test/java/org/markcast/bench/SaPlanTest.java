// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.markcast.daemon.emulation.Gateway;

class SaPlanTest {

    @ParameterizedTest
    @CsvSource({"1,1,1", "10,10,1", "1000,10,1", "1000,10,3", "100,100,2", "7,5,2", "10000,10,4"})
    void shouldMatchAsManyAsAsked(int sas, int match, int forwarders) {
        final SaPlan plan = new SaPlan(sas, match, forwarders);

        assertEquals(
                match,
                IntStream.range(0, sas).filter(plan::isMatching).distinct().count());
        assertEquals(match, IntStream.of(plan.marks()).distinct().count());
    }

    @Test
    void shouldSpreadTheMatchingOnesEvenlyOverTheTable() {
        final SaPlan plan = new SaPlan(1_000, 10, 1);

        assertArrayEquals(
                new int[] {0, 100, 200, 300, 400, 500, 600, 700, 800, 900},
                IntStream.range(0, 1_000).filter(plan::isMatching).toArray());
    }

    @Test
    void shouldSpreadTheMatchingOnesEvenlyOverTheForwarders() {
        final SaPlan plan = new SaPlan(1_000, 10, 2);

        assertEquals(5, plan.marks(0).length);
        assertEquals(5, plan.marks(1).length);
    }

    @Test
    void shouldGiveEachForwarderASinkOfItsOwn() {
        final SaPlan plan = new SaPlan(10, 10, 2);

        assertArrayEquals(new int[] {1, 3, 5, 7, 9}, plan.marks(0));
        assertTrue(
                IntStream.of(plan.marks(1)).allMatch(mark -> (mark & Gateway.markTo(0xff, 0)) == Gateway.markTo(1, 0)));
    }
}
