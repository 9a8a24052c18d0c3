// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.markcast.engine.port.SaSource;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaSet;

/** A listener that a test can wait on. */
final class AwaitedSas implements SaSource.Listener {

    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(20);

    private final List<SaSet> all = new ArrayList<>();

    @Override
    public synchronized void onSas(SaSet sas) {
        all.add(sas);
        notifyAll();
    }

    synchronized int count() {
        return all.size();
    }

    synchronized SaSet last() {
        return all.get(all.size() - 1);
    }

    /** Waits until the newest SAs are as wished. */
    synchronized SaSet await(Predicate<SaSet> wish) throws InterruptedException {
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        while (all.isEmpty() || !wish.test(last())) {
            final long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
            if (leftMs <= 0) {
                throw new AssertionError("not seen: "
                        + (all.isEmpty()
                                ? "anything"
                                : "it; the last has " + last().sas().size() + " SAs"));
            }
            wait(leftMs);
        }
        return last();
    }

    SaSet awaitNames(String... names) throws InterruptedException {
        return await(sas -> sas.sas().stream().map(Sa::name).toList().equals(List.of(names)));
    }
}
