// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;

/**
 * A thread that does one step after the other, unless it is paused: as it is at first. What a step throws comes out of the next
 * call.
 */
final class PausableThread implements AutoCloseable {

    private final Runnable step;
    private final FutureTask<Void> run;

    private volatile boolean mayRun;
    private boolean isEnding;
    private boolean isPaused;
    private long javaId;
    private Path task;

    PausableThread(String name, Runnable step) {
        this.step = step;
        run = Threads.start(name, this::run);
        awaitPause();
    }

    private Void run() throws IOException {
        introduce();
        while (awaitPermission()) {
            while (mayRun) {
                step.run();
            }
        }
        return null;
    }

    private synchronized void introduce() throws IOException {
        javaId = Thread.currentThread().getId();
        task = Path.of("/proc/thread-self").toRealPath();
    }

    private synchronized boolean awaitPermission() {
        while (!mayRun && !isEnding) {
            isPaused = true;
            notifyAll();
            waitForNotice(0);
        }
        isPaused = false;
        return !isEnding;
    }

    private void waitForNotice(long timeoutMs) {
        try {
            wait(timeoutMs);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    synchronized void resume() {
        mayRun = true;
        isPaused = false;
        notifyAll();
    }

    /** Returns when the step is over. */
    void pause() {
        mayRun = false;
        awaitPause();
    }

    private synchronized void awaitPause() {
        while (!isPaused && !run.isDone()) {
            waitForNotice(10); // a thread that has failed gives no notice
        }
        throwFailure();
    }

    private void throwFailure() {
        if (run.isDone()) {
            Threads.await(run);
        }
    }

    /** CPU time so far. */
    long cpuNs() {
        return Math.max(0, ManagementFactory.getThreadMXBean().getThreadCpuTime(javaId));
    }

    /** How often it has gone to sleep so far. */
    long sleeps() {
        try {
            return Threads.sleeps(task);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        mayRun = false;
        synchronized (this) {
            isEnding = true;
            notifyAll();
        }
        Threads.await(run);
    }
}
