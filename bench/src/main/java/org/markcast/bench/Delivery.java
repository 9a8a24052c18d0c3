// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

/**
 * What became of packets that should all have arrived.
 *
 * @param seconds how long they were sent
 * @param offeredPerSecond at what pace they left the sender
 * @param offered how many
 * @param captured how many the contender took
 * @param kernelDrops how many the kernel dropped at its socket or rings, by PACKET_STATISTICS; more than one for a packet that
 *     several forwarders lost
 * @param mostBehind the most packets that were offered and not taken at any time, those dropped until then included: without
 *     drops, how much of a ring was needed
 * @param copies how many copies the sinks saw
 * @param copiesMissing how many should have been there besides
 */
record Delivery(
        double seconds,
        long offeredPerSecond,
        long offered,
        long captured,
        long kernelDrops,
        long mostBehind,
        long copies,
        long copiesMissing) {

    boolean isComplete() {
        return kernelDrops == 0 && copiesMissing == 0;
    }

    /** In words. */
    String verdict() {
        if (isComplete()) {
            return "no loss";
        }
        return Text.format("%.3f %% lost", 100.0 * copiesMissing / (copies + copiesMissing));
    }
}
