// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class DurationsTest {

    private final Durations oneToTen =
            Durations.of(LongStream.rangeClosed(1, 10).map(i -> 11 - i).toArray());

    @Test
    void shouldGiveTheSmallestThatTheShareDoesNotExceed() {
        assertEquals(1, oneToTen.quantileNs(0));
        assertEquals(5, oneToTen.quantileNs(0.5));
        assertEquals(9, oneToTen.quantileNs(0.9));
        assertEquals(10, oneToTen.quantileNs(0.99));
        assertEquals(10, oneToTen.maxNs());
    }

    @Test
    void shouldTakeTheMiddleOneOfThree() {
        assertEquals(20, Durations.of(30, 10, 20).quantileNs(0.5));
    }

    @Test
    void shouldCountWhatIsLonger() {
        assertEquals(0, oneToTen.above(10));
        assertEquals(3, oneToTen.above(7));
        assertEquals(10, oneToTen.above(0));
    }

    @Test
    void shouldAddOthers() {
        final Durations all = oneToTen.plus(Durations.of(0, 99));

        assertEquals(12, all.count());
        assertEquals(0, all.quantileNs(0));
        assertEquals(99, all.maxNs());
    }

    @Test
    void shouldNotBeEmpty() {
        assertThrows(IllegalArgumentException.class, Durations::of);
    }
}
