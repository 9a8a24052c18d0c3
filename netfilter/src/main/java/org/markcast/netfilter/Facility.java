// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.agrona.concurrent.NanoClock;
import org.markcast.linux.LinuxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Something that the kernel does for us and may fail to do, while the rest goes on: it is said once, and tried again after a while.
 * Belongs to the control thread.
 */
final class Facility<T extends Facility.Resource> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Facility.class);

    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(10);

    private final String loss;
    private final Supplier<T> opener;
    private final NanoClock clock;

    private T resource; // null: not to be had now
    private String problem;
    private long retryNs;

    /** By what the kernel does it. */
    interface Resource extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * @param loss what is so without it, in a few words
     * @param opener may fail with a {@link LinuxException}
     */
    Facility(String loss, Supplier<T> opener, NanoClock clock) {
        this.loss = loss;
        this.opener = opener;
        this.clock = clock;
    }

    /** Whether it could be used; a {@link LinuxException} means that it could not, and for some seconds it is not tried again. */
    boolean attempt(Consumer<T> use) {
        if (problem != null && clock.nanoTime() - retryNs < 0) {
            return false;
        }
        try {
            if (resource == null) {
                resource = opener.get();
            }
            use.accept(resource);
        } catch (LinuxException e) {
            fail(loss + ": " + e.getMessage());
            return false;
        }
        if (problem != null) {
            LOG.info("no longer so: {}", problem);
            problem = null;
        }
        return true;
    }

    /** What a failed request leaves unread on a socket would be taken for the next one's answer: the next one gets another socket. */
    private void fail(String what) {
        if (!what.equals(problem)) {
            LOG.error("{}", what);
        }
        problem = what;
        retryNs = clock.nanoTime() + RETRY_NS;
        close();
    }

    /** What is so because it failed, and why; empty while it works. */
    Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    @Override
    public void close() {
        if (resource != null) {
            resource.close();
            resource = null;
        }
    }
}
