// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.markcast.linux.Poller;

/**
 * Looks again for a while, then waits in poll(2) until a source has something. Spinning keeps a busy flow free of wake-ups, which
 * cost more than a packet; waiting keeps an idle service off the CPU. Owned by the thread that idles, but for {@link #follow}.
 */
public final class PollingIdle implements IdleStrategy {

    /** How long forwarders look at their sources before they wait: less than a wake-up delays a packet. */
    public static final long FORWARDER_SPIN_NS = TimeUnit.MICROSECONDS.toNanos(20);

    /** How long a thread takes at most to notice what no descriptor tells: a new state, its end. */
    private static final int WAIT_MS = 100;

    private final NanoClock clock;
    private final long spinNs;

    private volatile Poller poller;
    private boolean isIdle;
    private long sinceNs;

    /** @param spinNs how long to look before the first wait; 0: not at all */
    public PollingIdle(long spinNs, int... fds) {
        this(SystemNanoClock.INSTANCE, spinNs, fds);
    }

    PollingIdle(NanoClock clock, long spinNs, int... fds) {
        this.clock = clock;
        this.spinNs = spinNs;
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
        final long nowNs = clock.nanoTime();
        if (!isIdle) {
            isIdle = true;
            sinceNs = nowNs;
        }
        if (nowNs - sinceNs < spinNs) {
            Thread.onSpinWait();
        } else {
            poller.await(WAIT_MS);
        }
    }

    @Override
    public void reset() {
        isIdle = false;
    }
}
