// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.counter;

import org.agrona.concurrent.status.AtomicCounter;

/** The {@link Counter}s of one forwarder. Written by its thread alone; readable from anywhere. */
public final class ForwarderCounters {

    private final AtomicCounter[] counters;

    ForwarderCounters(AtomicCounter[] counters) {
        this.counters = counters;
    }

    public void increment(Counter counter) {
        counters[counter.ordinal()].incrementRelease();
    }

    public void add(Counter counter, long amount) {
        counters[counter.ordinal()].getAndAddRelease(amount);
    }

    public long get(Counter counter) {
        return counters[counter.ordinal()].getAcquire();
    }
}
