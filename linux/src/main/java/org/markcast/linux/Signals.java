// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import jnr.constants.platform.Signal;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;

/**
 * Signals that the service handles (signal(7)); the action runs on a thread of its own that the JVM starts. Not through the
 * native implementation of jnr-posix: that one calls Java from inside the signal handler, on whatever thread the kernel chose.
 */
public final class Signals {

    private static final POSIX POSIX = POSIXFactory.getJavaPOSIX();

    private Signals() {}

    /** SIGHUP: read the configuration again. */
    public static void onHangup(Runnable action) {
        POSIX.signal(Signal.SIGHUP, number -> action.run());
    }

    /** SIGTERM and SIGINT: stop in order. */
    public static void onTermination(Runnable action) {
        POSIX.signal(Signal.SIGTERM, number -> action.run());
        POSIX.signal(Signal.SIGINT, number -> action.run());
    }
}
