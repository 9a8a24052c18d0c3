// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

/**
 * What one contender did in one turn.
 *
 * @param copies that the sinks saw
 * @param packets that it took
 * @param offered packets that the sender sent
 * @param sleeps how often it waited for packets
 */
record Turn(long elapsedNs, long copies, long packets, long offered, long cpuNs, long sleeps) {

    /** Anybody sleeps once in a while, in a safepoint for example. */
    private static final double MAX_SLEEPS_PER_SECOND = 50;

    double copiesPerSecond() {
        return perSecond(copies);
    }

    double packetsPerSecond() {
        return perSecond(packets);
    }

    /** Whether it waited for packets again and again: then it could have done more. */
    boolean isStarved() {
        return perSecond(sleeps) > MAX_SLEEPS_PER_SECOND;
    }

    private double perSecond(long count) {
        return elapsedNs == 0 ? 0 : count * 1e9 / elapsedNs;
    }

    Turn plus(Turn other) {
        return new Turn(
                elapsedNs + other.elapsedNs,
                copies + other.copies,
                packets + other.packets,
                offered + other.offered,
                cpuNs + other.cpuNs,
                sleeps + other.sleeps);
    }

    Turn minus(Turn other) {
        return new Turn(
                elapsedNs - other.elapsedNs,
                copies - other.copies,
                packets - other.packets,
                offered - other.offered,
                cpuNs - other.cpuNs,
                sleeps - other.sleeps);
    }
}
