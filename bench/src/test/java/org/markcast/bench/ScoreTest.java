// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ScoreTest {

    private static final long SECOND_NS = 1_000_000_000;

    @Test
    void shouldSumUpItsTurns() {
        final Score score = new Score();
        score.add(new Turn(SECOND_NS, 300, 30, 50, SECOND_NS / 2, 0));
        score.add(new Turn(SECOND_NS, 100, 10, 30, SECOND_NS / 4, 0));

        assertEquals(200, score.copiesPerSecond());
        assertEquals(20, score.packetsPerSecond());
        assertEquals(40, score.offeredPerSecond());
        assertEquals(40, score.lost());
        assertEquals(0.375, score.cores());
        assertEquals(400 / 0.75, score.copiesPerCpuSecond(), 1e-9);
    }

    @Test
    void shouldLoseNothingWhenItCatchesUpOnWhatWaited() {
        final Score score = new Score();
        score.add(new Turn(SECOND_NS, 300, 30, 20, SECOND_NS, 0));

        assertEquals(0, score.lost());
    }

    @Test
    void shouldCompareRoundByRound() {
        final Score score = Scores.ofCopies(90, 40);
        final Score ceiling = Scores.ofCopies(100, 50);

        assertEquals(130.0 / 150, score.ratioTo(ceiling), 1e-9);
        assertEquals(0.8, score.lowestRatioTo(ceiling), 1e-9);
        assertEquals(0.9, score.highestRatioTo(ceiling), 1e-9);
    }

    @Test
    void shouldTellHowSteadyTheMachineWas() {
        assertEquals(40, Scores.ofCopies(90, 40, 50).slowestTurn());
        assertEquals(90, Scores.ofCopies(90, 40, 50).fastestTurn());
    }

    @Test
    void shouldCountTheTurnsInWhichItWaitedForPackets() {
        assertEquals(0, Scores.ofCopies(1, 2).starvedTurns());
        assertEquals(1, Scores.starved().starvedTurns());
    }

    @Test
    void shouldHaveNoRateBeforeTheFirstTurn() {
        assertEquals(0, new Score().copiesPerSecond());
        assertEquals(0, new Score().cores());
    }
}
