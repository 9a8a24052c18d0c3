// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.port;

import org.markcast.engine.sa.SaSet;

/** Knows which SAs exist now, and follows them. */
public interface SaSource extends AutoCloseable {

    /** Takes what a source knows, each time that it changes. */
    @FunctionalInterface
    interface Listener {

        /** Called on the source's own thread, one call at a time; must return soon. */
        void onSas(SaSet sas);
    }

    /** Starts to follow; the first call of the listener comes when the source knows something. */
    void start(Listener listener);

    /** Ends it; the listener is not called afterwards. */
    @Override
    void close();
}
