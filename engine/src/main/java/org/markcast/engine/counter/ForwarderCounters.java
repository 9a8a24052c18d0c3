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

    /** Packets taken in and neither forwarded nor dropped: zero whenever the forwarder is between packets. */
    public long unaccountedPackets() {
        return sum(Counter.Kind.INTAKE) - sum(Counter.Kind.OUTCOME);
    }

    /** Copies queued whose fate is open: zero whenever the sink is flushed. */
    public long unaccountedCopies() {
        return sum(Counter.Kind.COPY_INTAKE) - sum(Counter.Kind.COPY_OUTCOME);
    }

    private long sum(Counter.Kind kind) {
        long sum = 0;
        for (final Counter counter : Counter.values()) {
            if (counter.kind() == kind) {
                sum += get(counter);
            }
        }
        return sum;
    }
}
