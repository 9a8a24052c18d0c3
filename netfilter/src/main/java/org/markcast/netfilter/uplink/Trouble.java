// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.Optional;
import org.markcast.linux.LinuxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the kernel refuses of one thing that is tried again and again: one line in the log when that begins or changes, and one when it is
 * over.
 */
final class Trouble {

    private static final Logger LOG = LoggerFactory.getLogger(Trouble.class);

    private final String subject;

    private String message; // null: none
    private String logged; // null: nothing, or that it is over

    /** @param subject who is not in place, for the log */
    Trouble(String subject) {
        this.subject = subject;
    }

    /** Begins another try. */
    void begin() {
        message = null;
    }

    /** A part of it. */
    void attempt(Runnable task) {
        try {
            task.run();
        } catch (LinuxException e) {
            note(e.getMessage());
        }
    }

    /** The first reason counts. */
    void note(String reason) {
        if (message == null) {
            message = reason;
        }
    }

    /** Ends it. */
    void end() {
        if (message != null && !message.equals(logged)) {
            LOG.error("{} not in place: {}", subject, message);
        } else if (message == null && logged != null) {
            LOG.info("{} in place", subject);
        }
        logged = message;
    }

    /** What the last try met. */
    Optional<String> message() {
        return Optional.ofNullable(message);
    }
}
