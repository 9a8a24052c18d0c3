// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.util.EnumMap;
import java.util.Map;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counter.Kind;

/** What the service is to have counted: balanced, because intake is the sum of what became of it. */
final class Books {

    private final Map<Counter, Long> counts = new EnumMap<>(Counter.class);

    /** Packets of which copies are sent. */
    Books forwarded(long packets) {
        return add(Counter.CAPTURED, packets).add(Counter.FORWARDED, packets);
    }

    /** Packets that went nowhere. */
    Books dropped(Counter reason, long packets) {
        if (reason.kind() != Kind.OUTCOME) {
            throw new IllegalArgumentException(reason + " is no outcome of a packet");
        }
        return add(Counter.CAPTURED, packets).add(reason, packets);
    }

    /** Copies that left. */
    Books sent(long copies) {
        return add(Counter.COPIES_QUEUED, copies).add(Counter.COPIES_SENT, copies);
    }

    /** Copies that did not leave. */
    Books failed(Counter reason, long copies) {
        if (reason.kind() != Kind.COPY_OUTCOME) {
            throw new IllegalArgumentException(reason + " is no outcome of a copy");
        }
        return add(Counter.COPIES_QUEUED, copies).add(reason, copies);
    }

    /** Packets whose checksum the sender had left unfinished. */
    Books completed(long packets) {
        return add(Counter.CHECKSUMS_COMPLETED, packets);
    }

    /** Copies that left in fragments. */
    Books fragmented(long copies) {
        return add(Counter.FRAGMENTED, copies);
    }

    private Books add(Counter counter, long count) {
        counts.merge(counter, count, Long::sum);
        return this;
    }

    long captured() {
        return counts.getOrDefault(Counter.CAPTURED, 0L);
    }

    Map<Counter, Long> counts() {
        return Map.copyOf(counts);
    }
}
