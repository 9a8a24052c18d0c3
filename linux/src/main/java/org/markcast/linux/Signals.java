// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import jnr.constants.platform.Signal;
import jnr.posix.util.SunMiscSignal;

/**
 * Signals that the service handles (signal(7)); the action runs on a thread of its own. The JVM's own handlers do the work:
 * {@code POSIX.signal} would call Java from inside the signal handler, where a thread may hold any lock of the JVM's, and hang.
 */
public final class Signals {

    private Signals() {}

    /** SIGHUP: read the configuration again. */
    public static void onHangup(Runnable action) {
        SunMiscSignal.signal(Signal.SIGHUP, number -> action.run());
    }

    /** SIGTERM and SIGINT: stop in order. */
    public static void onTermination(Runnable action) {
        SunMiscSignal.signal(Signal.SIGTERM, number -> action.run());
        SunMiscSignal.signal(Signal.SIGINT, number -> action.run());
    }
}
