// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

/** Time, and things to do later, on one thread. */
interface Timers {

    /** Something to do later. */
    interface Timer {

        /** Nothing if it has run. */
        void cancel();
    }

    /** As {@link System#nanoTime}. */
    long nanoTime();

    /** Runs the task on the thread after the delay, 0 included, never from within this call. */
    Timer schedule(long delayNs, Runnable task);
}
