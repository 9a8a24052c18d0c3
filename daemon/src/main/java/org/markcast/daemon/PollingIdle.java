// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import org.agrona.concurrent.IdleStrategy;
import org.markcast.linux.Poller;

/**
 * Looks again a few times, then waits in poll(2) until a source has something. Spinning keeps a busy flow free of wake-ups, which
 * cost more than a packet; waiting keeps an idle service off the CPU. Owned by the thread that idles, but for {@link #follow}.
 */
final class PollingIdle implements IdleStrategy {

    /** How long a thread takes at most to notice what no descriptor tells: a new state, its end. */
    private static final int WAIT_MS = 100;

    private final int maxSpins;

    private volatile Poller poller;
    private int spins;

    PollingIdle(int maxSpins, int... fds) {
        this.maxSpins = maxSpins;
        poller = new Poller(fds);
    }

    /** Waits for other descriptors from now on; from any thread. */
    void follow(int... fds) {
        poller = new Poller(fds);
    }

    @Override
    public void idle(int workCount) {
        if (workCount > 0) {
            reset();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        if (spins < maxSpins) {
            spins++;
            Thread.onSpinWait();
        } else {
            poller.await(WAIT_MS);
        }
    }

    @Override
    public void reset() {
        spins = 0;
    }
}
