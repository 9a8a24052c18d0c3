// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.markcast.engine.port.SaSource.Listener;
import org.markcast.engine.sa.SaSet;
import org.markcast.ipsec.vici.Timers.Timer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands SAs to the listener: once all has been read that arrived together with a change, but a burst of changes in few pieces,
 * because each costs the forwarders what they remember of packets. What equals the last piece is not handed out.
 */
final class Publisher {

    private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);

    /** Between two pieces. Charon needs longer for the next SA of the same client, and a person does not notice. */
    static final long SPACING_NS = TimeUnit.MILLISECONDS.toNanos(3);

    private final Listener listener;
    private final Timers timers;

    private SaSet last;
    private Timer timer;
    private Supplier<SaSet> pending;
    private long lastNs;

    Publisher(Listener listener, Timers timers) {
        this.listener = listener;
        this.timers = timers;
        lastNs = timers.nanoTime() - SPACING_NS;
    }

    /** Will ask for the SAs and hand them out, when the thread has nothing more to read or a while after the last piece. */
    void changed(Supplier<SaSet> sas) {
        pending = sas;
        if (timer == null) {
            final long sinceLastNs = timers.nanoTime() - lastNs;
            timer = timers.schedule(Math.max(0, SPACING_NS - sinceLastNs), this::flush);
        }
    }

    /** Hands out at once what is still to be handed out. */
    void flush() {
        if (pending != null) {
            publish(pending.get());
        }
    }

    /** Hands out these at once, in place of whatever was pending. */
    void publish(SaSet sas) {
        stop();
        if (isLast(sas)) {
            return;
        }
        last = sas;
        lastNs = timers.nanoTime();
        try {
            listener.onSas(sas);
        } catch (RuntimeException e) {
            LOG.error("the SAs could not be taken over", e);
        }
    }

    /** Sizes first: two lists that differ at the end, as most do, are compared as a whole. */
    private boolean isLast(SaSet sas) {
        return last != null && sas.sas().size() == last.sas().size() && sas.equals(last);
    }

    /** Nothing is handed out any more, unless asked again. */
    void stop() {
        pending = null;
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    /** What the listener has; empty before the first. */
    SaSet last() {
        return last == null ? SaSet.EMPTY : last;
    }

    boolean hasPublished() {
        return last != null;
    }
}
