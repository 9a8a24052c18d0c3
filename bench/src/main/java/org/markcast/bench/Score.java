// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** What a contender did in all its turns, in their order. */
final class Score {

    private final List<Turn> turns = new ArrayList<>();
    private Turn sum = new Turn(0, 0, 0, 0, 0, 0);

    void add(Turn turn) {
        turns.add(turn);
        sum = sum.plus(turn);
    }

    long packets() {
        return sum.packets();
    }

    double packetsPerSecond() {
        return sum.packetsPerSecond();
    }

    long copies() {
        return sum.copies();
    }

    double copiesPerSecond() {
        return sum.copiesPerSecond();
    }

    /** Copies a second in the slowest turn: how steady the machine is, for one that always does the same. */
    double slowestTurn() {
        return turns.stream().mapToDouble(Turn::copiesPerSecond).min().orElse(0);
    }

    double fastestTurn() {
        return turns.stream().mapToDouble(Turn::copiesPerSecond).max().orElse(0);
    }

    double offeredPerSecond() {
        return perSecond(sum.offered());
    }

    /** Packets that were offered and not taken. */
    long lost() {
        return Math.max(0, sum.offered() - sum.packets());
    }

    /** CPU seconds a second. */
    double cores() {
        return perSecond(sum.cpuNs()) / 1e9;
    }

    private double perSecond(long count) {
        return sum.elapsedNs() == 0 ? 0 : count * 1e9 / sum.elapsedNs();
    }

    /** Copies for each second of CPU time: what else runs on the machine hardly matters. */
    double copiesPerCpuSecond() {
        return sum.cpuNs() == 0 ? 0 : sum.copies() * 1e9 / sum.cpuNs();
    }

    int turns() {
        return turns.size();
    }

    /** Turns in which packets were too few. */
    int starvedTurns() {
        return (int) turns.stream().filter(Turn::isStarved).count();
    }

    /** Its copies a second by those of another one. */
    double ratioTo(Score other) {
        return copiesPerSecond() / other.copiesPerSecond();
    }

    double lowestRatioTo(Score other) {
        return ratiosTo(other).min().orElse(Double.NaN);
    }

    double highestRatioTo(Score other) {
        return ratiosTo(other).max().orElse(Double.NaN);
    }

    /** By round. */
    private DoubleStream ratiosTo(Score other) {
        return IntStream.range(0, Math.min(turns.size(), other.turns.size()))
                .mapToDouble(
                        i -> turns.get(i).copiesPerSecond() / other.turns.get(i).copiesPerSecond());
    }
}
