// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;

/** Time that passes when a test says so. */
final class ManualTimers implements Timers {

    private record Task(long atNs, long order, Runnable action) {}

    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Task::atNs).thenComparingLong(Task::order));

    private long nowNs = -1_000_000_000_000L; // System.nanoTime may be negative
    private long scheduled;

    @Override
    public long nanoTime() {
        return nowNs;
    }

    @Override
    public Timer schedule(long delayNs, Runnable task) {
        if (delayNs < 0) {
            throw new IllegalArgumentException("delay " + delayNs);
        }
        final Task entry = new Task(nowNs + delayNs, scheduled++, task);
        tasks.add(entry);
        return () -> tasks.remove(entry);
    }

    /** Runs what is due in this time, each at its moment. */
    void advanceMs(long ms) {
        final long untilNs = nowNs + TimeUnit.MILLISECONDS.toNanos(ms);
        while (!tasks.isEmpty() && tasks.peek().atNs() <= untilNs) {
            final Task task = tasks.poll();
            nowNs = task.atNs();
            task.action().run();
        }
        nowNs = untilNs;
    }

    int pending() {
        return tasks.size();
    }
}
