// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Contenders on one stage, of which only one runs at a time, in turns of half a second each: what else happens on the machine
 * disturbs all of them alike, and there is a turn of each shortly before and after those of any other. Keeps the books of all
 * copies.
 *
 * <p>A heat, with packets of one length:
 *
 * <ol>
 *   <li>The sender offers packets flat out, and each contender runs until it is compiled.
 *   <li>The sender slows down to what leaves every contender with packets waiting, and does not take a core without need.
 *   <li>Rounds of turns. The sender goes on all the time, because it takes a share of the machine that the others then lack.
 *   <li>The sender stops, and each contender sends copies of what still waits.
 * </ol>
 */
final class Race {

    /** Short, so that what else runs on the machine disturbs all sides alike. */
    static final long TURN_MS = 500;

    private static final long CALIBRATION_MS = 250;
    private static final int MAX_CALIBRATIONS = 6;
    private static final long SETTLE_MS = 50;
    private static final long QUIET_NS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long DRAIN_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(20);
    /** A ring full of packets, at 20 us a copy. */
    private static final long DRAIN_TIMEOUT_PER_MATCH_NS = 8192 * 20_000;

    /** What is offered, by what the fastest contender takes. */
    private static final double SURPLUS = 1.35;

    private static final double LEAST_SURPLUS = 1.2;
    private static final double MORE = 1.5;

    private final Stage stage;
    private final WarmUp warmUp;
    private final Map<Contender, Long> seen = new LinkedHashMap<>();

    Race(Stage stage, WarmUp warmUp) {
        this.stage = stage;
        this.warmUp = warmUp;
    }

    /** Something to do while a contender runs. */
    interface Work<T> {
        T run() throws IOException;
    }

    /** Lets a contender run, alone, while something is done. */
    <T> T turn(Contender contender, Work<T> work) throws IOException {
        final long before = stage.sinkPackets();
        contender.resume();
        try {
            return work.run();
        } finally {
            contender.pause();
            seen.merge(contender, stage.sinkPackets() - before, Long::sum);
        }
    }

    /** Copies that a contender has queued and the sinks have not seen. */
    long missing(Contender contender) {
        return contender.copiesQueued() - seen.getOrDefault(contender, 0L);
    }

    /** Runs a heat with packets of this length; the contenders' scores in their order. */
    List<Score> heat(int length, List<? extends Contender> contenders, int rounds) throws IOException {
        final List<Score> scores = new ArrayList<>();
        contenders.forEach(contender -> scores.add(new Score()));
        try (Flood flood = Flood.flatOut(stage.sender(), stage.packet(length))) {
            calibrate(flood, contenders);
            for (int round = 0; round < rounds; round++) {
                for (int i = 0; i < scores.size(); i++) {
                    scores.get(i).add(measuredTurn(flood, contenders.get(i), TURN_MS));
                }
            }
        }
        for (final Contender contender : contenders) {
            if (contender.takesPackets()) {
                drain(contender);
            }
        }
        return scores;
    }

    /** Warms all up, and finds the pace. */
    private void calibrate(Flood flood, List<? extends Contender> contenders) throws IOException {
        double fastest = 0;
        double flatOut = 0;
        for (final Contender contender : contenders) {
            final long warmUpMs = warmUp.dueMs(contender);
            if (warmUpMs > 0) {
                turn(contender, () -> sleep(warmUpMs));
            }
            final Turn turn = measuredTurn(flood, contender, CALIBRATION_MS);
            fastest = Math.max(fastest, turn.packetsPerSecond());
            flatOut = Math.max(flatOut, turn.offered() * 1e9 / turn.elapsedNs());
        }
        if (fastest == 0) {
            flood.pace(1); // nobody takes packets: the sender is not needed
            return;
        }
        double pace = SURPLUS * fastest;
        for (int i = 0; i < MAX_CALIBRATIONS && pace < flatOut; i++) {
            flood.pace(pace);
            boolean isStarved = false;
            for (final Contender contender : contenders) {
                if (contender.takesPackets()) {
                    final Turn turn = measuredTurn(flood, contender, CALIBRATION_MS);
                    fastest = Math.max(fastest, turn.packetsPerSecond());
                    isStarved |= turn.isStarved();
                }
            }
            if (!isStarved && pace >= LEAST_SURPLUS * fastest) {
                return;
            }
            pace = isStarved ? MORE * Math.max(pace, fastest) : SURPLUS * fastest;
        }
        flood.pace(Pace.FLAT_OUT);
    }

    private static Void sleep(long durationMs) {
        Threads.sleepMs(durationMs);
        return null;
    }

    private Turn measuredTurn(Flood flood, Contender contender, long durationMs) throws IOException {
        return turn(contender, () -> {
            Threads.sleepMs(SETTLE_MS);
            final Turn before = read(flood, contender);
            Threads.sleepMs(durationMs);
            return read(flood, contender).minus(before);
        });
    }

    /** All counts up to now. */
    private Turn read(Flood flood, Contender contender) {
        final long copies = stage.sinkPackets();
        return new Turn(
                System.nanoTime(), copies, contender.packets(), flood.offered(), contender.cpuNs(), contender.sleeps());
    }

    /** Lets a contender send what still waits. */
    void drain(Contender contender) throws IOException {
        turn(contender, () -> {
            awaitRest(contender);
            return null;
        });
    }

    /** Waits until a running contender has nothing left to do: it was idle and sent nothing for a while. */
    static void awaitRest(Contender contender) {
        final long startNs = System.nanoTime();
        final long timeoutNs = DRAIN_TIMEOUT_NS + contender.plan().match() * DRAIN_TIMEOUT_PER_MATCH_NS;
        long sent = -1;
        long sinceNs = startNs;
        while (System.nanoTime() - sinceNs < QUIET_NS) {
            final long now = contender.copiesQueued();
            if (now != sent || !contender.isIdle()) {
                sent = now;
                sinceNs = System.nanoTime();
            }
            if (System.nanoTime() - startNs > timeoutNs) {
                throw new IllegalStateException(
                        "the " + contender.name() + " does not come to rest after the sender has stopped");
            }
            Threads.sleepMs(10);
        }
    }
}
