// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for conditions that nobody announces. */
public final class Waiting {

    private static final long POLL_MS = 20;

    private Waiting() {}

    /** Asks until a condition holds or the time is over; whether it does. */
    public static boolean until(Duration timeout, BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + timeout.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() >= deadlineNs) {
                return false;
            }
            sleep(Duration.ofMillis(POLL_MS));
        }
        return true;
    }

    /** @throws IllegalStateException that names the condition, if the time is over */
    public static void await(String what, Duration timeout, BooleanSupplier condition) {
        if (!until(timeout, condition)) {
            throw new IllegalStateException("waited " + timeout.toSeconds() + " s for " + what);
        }
    }

    public static void sleep(Duration duration) {
        try {
            Thread.sleep(duration.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting", e);
        }
    }
}
