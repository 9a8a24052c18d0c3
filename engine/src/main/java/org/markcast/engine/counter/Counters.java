// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.counter;

import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;
import org.agrona.concurrent.status.CountersManager;

/**
 * All counters of the service, in two buffers that another process may map and read ({@link
 * org.agrona.concurrent.status.CountersReader} describes their layout). Allocating and freeing belong to the control thread.
 */
public final class Counters {

    private final CountersManager manager;

    public Counters(AtomicBuffer metadata, AtomicBuffer values) {
        manager = new CountersManager(metadata, values);
    }

    /** Counters in memory of this process alone, with room for {@code capacity} of them. */
    public static Counters inMemory(int capacity) {
        return new Counters(
                new UnsafeBuffer(new byte[capacity * CountersManager.METADATA_LENGTH]),
                new UnsafeBuffer(new byte[capacity * CountersManager.COUNTER_LENGTH]));
    }

    /** Allocates the counters of one forwarder. */
    public ForwarderCounters forwarder(int index) {
        final Counter[] all = Counter.values();
        final AtomicCounter[] counters = new AtomicCounter[all.length];
        for (final Counter counter : all) {
            counters[counter.ordinal()] = manager.newCounter("forwarder " + index + ": " + counter.label());
        }
        return new ForwarderCounters(counters);
    }
}
