// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import org.agrona.DirectBuffer;
import org.agrona.concurrent.Agent;

/** Reads packets and does nothing with them but note when each numbered one was in hand. Owned by the reading thread. */
final class ArrivalAgent implements Agent, CaptureReader.Handler {

    private static final int POLL_LIMIT = 64; // as the forwarders'

    private final CaptureReader reader;
    private final long[] arrivedNs;
    private long taken;
    private volatile long published;

    /** @param maxNumber the highest number that is noted */
    ArrivalAgent(CaptureReader reader, int maxNumber) {
        this.reader = reader;
        arrivedNs = new long[maxNumber + 1];
    }

    @Override
    public int doWork() {
        final int polled = reader.poll(this, POLL_LIMIT);
        if (polled > 0) {
            taken += polled;
            published = taken;
        }
        return polled;
    }

    @Override
    public void onPacket(DirectBuffer buffer, int offset, int length) {
        final int number = UdpPacket.numberOf(buffer, offset, length);
        if (number > 0 && number < arrivedNs.length && arrivedNs[number] == 0) {
            arrivedNs[number] = System.nanoTime();
        }
    }

    /** Packets taken so far; from any thread. */
    long taken() {
        return published;
    }

    /** System.nanoTime() by number, 0 for what did not arrive. To be asked when the reading thread has ended. */
    long[] arrivedNs() {
        return arrivedNs;
    }

    @Override
    public String roleName() {
        return "reader";
    }
}
