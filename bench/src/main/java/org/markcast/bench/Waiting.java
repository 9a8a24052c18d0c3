// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.SleepingIdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;
import org.markcast.daemon.PollingIdle;

/** What a thread can do while no packet is there. */
enum Waiting {
    SPIN("spin", fd -> new BusySpinIdleStrategy()),
    YIELD("yield", fd -> new YieldingIdleStrategy()),
    PARK("park 50 us", fd -> new SleepingIdleStrategy(TimeUnit.MICROSECONDS.toNanos(50))),
    POLL("poll", fd -> new PollingIdle(0, fd)),
    SPIN_THEN_POLL(
            "spin " + TimeUnit.NANOSECONDS.toMicros(PollingIdle.FORWARDER_SPIN_NS) + " us, poll",
            fd -> new PollingIdle(PollingIdle.FORWARDER_SPIN_NS, fd));

    private final String title;
    private final IntFunction<IdleStrategy> strategy;

    Waiting(String title, IntFunction<IdleStrategy> strategy) {
        this.title = title;
        this.strategy = strategy;
    }

    String title() {
        return title;
    }

    IdleStrategy strategy(int fd) {
        return strategy.apply(fd);
    }
}
