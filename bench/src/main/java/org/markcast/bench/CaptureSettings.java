// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

/**
 * How long the capture benchmark takes.
 *
 * @param rowMs for each way to capture and wait: a fifth of it flooded, three fifths at a moderate pace, a fifth idle
 * @param pace packets a second at the moderate pace
 */
record CaptureSettings(long rowMs, int pace) {

    long floodMs() {
        return rowMs / 5;
    }

    long idleMs() {
        return rowMs / 5;
    }

    /** Packets at the moderate pace. */
    int packets() {
        return packetsIn(rowMs * 3 / 5, pace);
    }

    /** Packets to the service at the moderate pace. */
    int servicePackets() {
        return packetsIn(rowMs * 2, pace);
    }

    /** Packets to the service at a slow pace. */
    int slowServicePackets(int slowPace) {
        return packetsIn(rowMs * 3, slowPace);
    }

    long serviceIdleMs() {
        return rowMs * 2;
    }

    private static int packetsIn(long durationMs, int perSecond) {
        return (int) Math.max(1, durationMs * perSecond / 1000);
    }
}
