// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

/**
 * What the fan-out benchmark is to measure.
 *
 * @param mode what is measured
 * @param sas number of static SAs
 * @param match how many of them want the sender's group
 * @param length bytes of each packet, IP header included
 * @param seconds how long it is measured
 * @param forwarders threads of the service and of the ceiling
 * @param sustainSeconds how long 90 % of the maximum is offered; 0: not at all
 * @param timing how long the rest takes
 */
record FanoutSettings(
        Mode mode, int sas, int match, int length, int seconds, int forwarders, int sustainSeconds, Timing timing) {

    /**
     * What does not depend on the question.
     *
     * @param warmUpMs how long the service runs before it is measured
     */
    record Timing(long idleMs, long warmUpMs, int latencySeconds) {

        static final Timing USUAL = new Timing(3_000, 4_000, 4);
    }

    /** What is measured; the first two beside the third. */
    enum Mode {
        /** The real service. */
        ENGINE("the service"),
        /** The way of strongSwan's forecast plugin. */
        LOOP("the plugin's way"),
        /** A bare sendmmsg loop. */
        CEILING("bare sendmmsg loop");

        private final String description;

        Mode(String description) {
            this.description = description;
        }

        String description() {
            return description;
        }
    }

    SaPlan plan() {
        return new SaPlan(sas, match, forwarders);
    }
}
