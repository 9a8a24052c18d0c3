// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * A network namespace (network_namespaces(7)), held by a file descriptor. One of our own has no name, leaves no trace in the
 * file system, and is gone with this process and the processes inside. Needs CAP_SYS_ADMIN, which a user namespace gives.
 */
public final class NetworkNamespace implements AutoCloseable {

    private static final int CLONE_NEWNET = 0x4000_0000;
    private static final int O_CLOEXEC = 0x80000; // and O_RDONLY, which is 0

    private final int fd;

    private NetworkNamespace(int fd) {
        this.fd = fd;
    }

    /** Creates a namespace, empty but for a loopback interface that is down. */
    public static NetworkNamespace create() {
        return new NetworkNamespace(onThreadOfItsOwn(() -> {
            Libc.check("unshare(CLONE_NEWNET)", Libc.calls().unshare(CLONE_NEWNET));
            return Libc.check(
                    "open(/proc/thread-self/ns/net)", Libc.calls().open("/proc/thread-self/ns/net", O_CLOEXEC));
        }));
    }

    /** Holds a namespace that exists already, such as {@code /proc/PID/ns/net}; it stays as long as anybody holds it. */
    public static NetworkNamespace open(Path path) {
        return new NetworkNamespace(
                Libc.check("open(" + path + ")", Libc.calls().open(path.toString(), O_CLOEXEC)));
    }

    /** A path by which other processes, such as {@code ip} and {@code nsenter}, find the namespace. */
    public String path() {
        return "/proc/" + ProcessHandle.current().pid() + "/fd/" + fd;
    }

    /**
     * Runs something inside, on a thread of its own. Sockets that it opens, threads and processes that it starts belong to the
     * namespace for good.
     */
    public <T> T call(Callable<T> inside) {
        return onThreadOfItsOwn(() -> {
            Libc.check("setns(CLONE_NEWNET)", Libc.calls().setns(fd, CLONE_NEWNET));
            return inside.call();
        });
    }

    private static <T> T onThreadOfItsOwn(Callable<T> work) {
        final FutureTask<T> task = new FutureTask<>(work);
        final Thread thread = new Thread(task, "namespace");
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted inside a network namespace", e);
        }
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
