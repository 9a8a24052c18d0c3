// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.agrona.ErrorHandler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs errors of agents, so that one that recurs with every packet does not fill the disk: the first, then the tenth, the
 * hundredth and so on of its kind. From any thread.
 */
final class ErrorLog implements ErrorHandler {

    private static final Logger LOG = LoggerFactory.getLogger(ErrorLog.class);
    private static final int MAX_KINDS = 1_000;

    private final ConcurrentMap<String, Long> counts = new ConcurrentHashMap<>();

    @Override
    public void onError(Throwable error) {
        if (error instanceof Error) {
            // The agent's thread ends with it; a service manager restarts a dead service, not half a one.
            LOG.error(
                    "{} cannot go on, nor can the service",
                    Thread.currentThread().getName(),
                    error);
            Runtime.getRuntime().halt(ExitStatus.FAILED);
        }
        final String kind = counts.size() < MAX_KINDS ? error.toString() : "other errors";
        final long count = counts.merge(kind, 1L, Long::sum);
        if (count == 1) {
            LOG.error("{} goes on after: {}", Thread.currentThread().getName(), kind, error);
        } else if (isPowerOfTen(count)) {
            LOG.error("{} times: {}", count, kind);
        }
    }

    private static boolean isPowerOfTen(long count) {
        long rest = count;
        while (rest % 10 == 0) {
            rest /= 10;
        }
        return rest == 1;
    }
}
