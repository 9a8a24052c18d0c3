// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.util.Locale;

/** Runs the steps of a lab, one after the other; one that breaks is put right before the next. */
public final class Steps {

    private final Report report;
    private final Runnable restoration;

    /** @param restoration brings everything back into the state that every step begins with */
    public Steps(Report report, Runnable restoration) {
        this.report = report;
        this.restoration = restoration;
    }

    public void step(String title, Runnable work) {
        if (!attempt(title, work)) {
            restore();
        }
    }

    /** A step after which nothing can be put right; whether it came to its end. */
    public boolean attempt(String title, Runnable work) {
        report.step(title);
        final long startNs = System.nanoTime();
        boolean isDone = true;
        try {
            work.run();
        } catch (RuntimeException e) {
            isDone = false;
            report.broken(title, e);
        }
        report.note(String.format(Locale.ROOT, "(%.1f s)", (System.nanoTime() - startNs) / 1e9));
        return isDone;
    }

    private void restore() {
        try {
            restoration.run();
        } catch (RuntimeException e) {
            report.broken("restoring the tunnels", e);
        }
    }
}
