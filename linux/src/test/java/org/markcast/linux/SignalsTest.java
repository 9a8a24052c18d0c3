// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SignalsTest {

    private final Semaphore hangups = new Semaphore(0);

    @Test
    void shouldHandleSignalsAfterAGarbageCollection() throws Exception {
        Signals.onHangup(hangups::release);
        hangUp();
        assertTrue(hangups.tryAcquire(10, TimeUnit.SECONDS), "first signal");

        System.gc();
        hangUp();

        assertTrue(hangups.tryAcquire(10, TimeUnit.SECONDS), "signal after a garbage collection");
    }

    private static void hangUp() throws Exception {
        final long pid = ProcessHandle.current().pid();
        assertEquals(
                0, new ProcessBuilder("sh", "-c", "kill -HUP " + pid).start().waitFor());
    }
}
