// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.util.Deque;

/** Closes what was opened, the last one first. */
final class Closing {

    private Closing() {}

    /** Closes and forgets all; the first failure ends it. */
    static void all(Deque<? extends AutoCloseable> opened) throws IOException {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }
}
