// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;

/** What the service costs while nothing happens. */
final class Idle {

    private static final long SETTLE_MS = 1_000;
    private static final long DURATION_MS = 3_000;

    private Idle() {}

    /** Share of a core that a service takes which nobody sends anything, to about 0.003. */
    static double share(Race race, Engine engine) throws IOException {
        return race.turn(engine, () -> {
            Threads.sleepMs(SETTLE_MS); // it may have been started just now
            final long startCpuNs = engine.cpuNs();
            final long startNs = System.nanoTime();
            Threads.sleepMs(DURATION_MS);
            return (double) (engine.cpuNs() - startCpuNs) / (System.nanoTime() - startNs);
        });
    }
}
