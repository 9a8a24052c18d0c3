// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

/** Scores to test with. */
final class Scores {

    private static final long SECOND_NS = 1_000_000_000;

    private Scores() {}

    /** Turns of a second, on one core each, with as many copies; packets a tenth of them, and twice as many offered. */
    static Score ofCopies(long... copies) {
        final Score score = new Score();
        for (final long count : copies) {
            score.add(new Turn(SECOND_NS, count, count / 10, count / 5, SECOND_NS, 0));
        }
        return score;
    }

    static Score starved() {
        final Score score = ofCopies(100);
        score.add(new Turn(SECOND_NS, 100, 10, 10, SECOND_NS, 1_000));
        return score;
    }
}
