// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.agrona.ErrorHandler;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.markcast.linux.Wakeup;

/**
 * The one thread that changes things: it follows the kernel's news and runs what others ask for, one after the other, so that
 * nothing of the control plane needs a lock.
 */
final class ControlThread implements AutoCloseable {

    private final Wakeup wakeup = new Wakeup();
    private final Queue<FutureTask<?>> tasks = new ArrayDeque<>();
    private final ErrorHandler errors;
    private final PollingIdle idle;
    private final AgentRunner runner;

    /** @param work what the thread does between tasks, often and quickly */
    ControlThread(Runnable work, ErrorHandler errors, int... fds) {
        this.errors = errors;
        idle = new PollingIdle(0, withWakeup(fds));
        runner = new AgentRunner(idle, errors, null, new Agent() {
            @Override
            public int doWork() {
                wakeup.clear();
                takeTasks().forEach(FutureTask::run);
                work.run();
                return 0;
            }

            @Override
            public String roleName() {
                return "control";
            }
        });
    }

    private int[] withWakeup(int... fds) {
        return IntStream.concat(IntStream.of(fds), IntStream.of(wakeup.fd())).toArray();
    }

    /** Wakes up for other descriptors from now on. */
    void follow(int... fds) {
        idle.follow(withWakeup(fds));
    }

    void start() {
        AgentRunner.startOnThread(runner, work -> {
            final Thread thread = new Thread(work, "control");
            thread.setDaemon(true);
            return thread;
        });
    }

    private List<FutureTask<?>> takeTasks() {
        synchronized (tasks) {
            final List<FutureTask<?>> taken = new ArrayList<>(tasks);
            tasks.clear();
            return taken;
        }
    }

    /** Has a task run on the control thread, soon; from any thread. What it throws goes to the error handler. */
    void execute(Runnable task) {
        enqueue(new FutureTask<>(
                () -> {
                    try {
                        task.run();
                    } catch (RuntimeException e) {
                        errors.onError(e);
                    }
                },
                null));
    }

    private void enqueue(FutureTask<?> task) {
        synchronized (tasks) {
            tasks.add(task);
        }
        wakeup.wake();
    }

    /** Runs a task on the control thread and waits for its result; from any other thread. */
    <T> T call(Callable<T> task, long timeoutMs) throws TimeoutException {
        final FutureTask<T> future = new FutureTask<>(task);
        enqueue(future);
        try {
            return future.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        wakeup.wake();
        runner.close();
        wakeup.close();
    }
}
