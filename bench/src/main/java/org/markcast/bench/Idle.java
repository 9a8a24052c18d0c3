// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;

/** What the service costs while nothing happens. */
final class Idle {

    private static final long SETTLE_MS = 1_000;

    private Idle() {}

    /** Share of a core that a service takes to which nobody sends anything, to 10 ms of CPU time. */
    static double share(Race race, Engine engine, long durationMs) throws IOException {
        return race.turn(engine, () -> {
            Threads.sleepMs(SETTLE_MS); // it may have been started just now
            final long startCpuNs = engine.cpuNs();
            final long startNs = System.nanoTime();
            Threads.sleepMs(durationMs);
            return (double) (engine.cpuNs() - startCpuNs) / (System.nanoTime() - startNs);
        });
    }
}
