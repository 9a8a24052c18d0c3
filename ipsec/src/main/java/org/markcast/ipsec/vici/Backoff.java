// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** Delays between attempts: doubling from 0.1 s to 5 s, each up to a quarter shorter or longer so that clients spread. */
final class Backoff {

    static final long FIRST_NS = TimeUnit.MILLISECONDS.toNanos(100);
    static final long LAST_NS = TimeUnit.SECONDS.toNanos(5);

    private final RandomGenerator random;

    private long nextNs = FIRST_NS;

    Backoff(RandomGenerator random) {
        this.random = random;
    }

    long nextDelayNs() {
        final long delayNs = nextNs * 3 / 4 + random.nextLong(nextNs / 2 + 1);
        nextNs = Math.min(2 * nextNs, LAST_NS);
        return delayNs;
    }

    void reset() {
        nextNs = FIRST_NS;
    }
}
