// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.markcast.linux.Wakeup;

class PollingIdleTest {

    private static final int TURNS = 100_000;
    private static final int MAX_ATTEMPTS = 5;

    /** Every other turn spins, every other one polls a descriptor that is ready. */
    @Test
    void shouldAllocateNothingInAnIdleTurn() {
        try (Wakeup ready = new Wakeup()) {
            ready.wake();
            final long[] nowNs = new long[1];
            final PollingIdle idle = new PollingIdle(() -> nowNs[0]++, 1, ready.fd());
            final long measuringBytes = allocatedBytes(idle, 0);

            long bytes;
            int attempts = 0;
            do {
                bytes = allocatedBytes(idle, TURNS) - measuringBytes;
                attempts++;
            } while (bytes != 0
                    && attempts < MAX_ATTEMPTS); // classes are loaded and methods compiled in the first ones

            assertEquals(0, bytes);
        }
    }

    private static long allocatedBytes(PollingIdle idle, int turns) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long before =
                threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        turn(idle, turns);
        return threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
    }

    private static void turn(PollingIdle idle, int turns) {
        for (int i = 0; i < turns; i++) {
            idle.idle(1);
            idle.idle(0);
            idle.idle(0);
        }
    }
}
