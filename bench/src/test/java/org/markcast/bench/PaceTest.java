// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PaceTest {

    private static final long MS = 1_000_000;
    private static final long START_NS = Long.MAX_VALUE - 3 * MS; // System.nanoTime() may overflow

    private final Pace pace = new Pace(10_000, Pace.EVEN_NS, START_NS);

    @Test
    void shouldHandOutWhatIsDue() {
        assertEquals(0, pace.take(START_NS, 64));
        assertEquals(20, pace.take(START_NS + 2 * MS, 64));
        assertEquals(0, pace.take(START_NS + 2 * MS, 64));
        assertEquals(30, pace.take(START_NS + 5 * MS, 64));
    }

    @Test
    void shouldHandOutNoMoreThanCanBeSentAtOnce() {
        assertEquals(64, pace.take(START_NS + 7 * MS, 64));
        assertEquals(6, pace.take(START_NS + 7 * MS, 64));
    }

    @Test
    void shouldGiveUpWhatIsLongOverdue() {
        final int inTenMs = 100;

        int taken = 0;
        for (int i = 0; i < 10; i++) {
            taken += pace.take(START_NS + 1_000 * MS, 64);
        }

        assertEquals(inTenMs, taken);
    }

    @Test
    void shouldSleepUntilThereIsSomethingToDo() {
        final Pace slow = new Pace(100, Pace.EVEN_NS, START_NS);

        assertEquals(10 * MS, slow.sleepNs(START_NS), 1);
        assertEquals(Pace.EVEN_NS, slow.sleepNs(START_NS + 10 * MS));
        assertEquals(Pace.COARSE_NS, new Pace(10_000, Pace.COARSE_NS, START_NS).sleepNs(START_NS));
    }

    @Test
    void shouldAlwaysHaveSomethingToDoFlatOut() {
        final Pace flatOut = new Pace(Pace.FLAT_OUT, 0, START_NS);

        for (int i = 0; i < 1_000; i++) {
            assertTrue(flatOut.take(START_NS, 64) == 64);
        }
    }
}
