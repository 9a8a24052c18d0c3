// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** CLOCK_REALTIME, by which the kernel stamps packets. */
final class WallClock {

    private WallClock() {}

    static long nowNs() {
        final Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }
}
