// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.util.function.Consumer;
import org.markcast.bench.ScaleReport.Control;
import org.markcast.bench.ScaleReport.Memory;
import org.markcast.bench.ScaleReport.StartTimes;

/**
 * The benchmark of the control plane: the real service, as a process of its own, with many SAs.
 *
 * <ol>
 *   <li>Start with few and with many static SAs, without rules and with them ({@link StaticTrial}).
 *   <li>Memory after a start, after many copies, after questions for the status.
 *   <li>One SA more and one less over VICI, without rules and with them ({@link ChangeTrial}).
 *   <li>What a steady flow to another SA notices of that ({@link SteadyTrial}).
 * </ol>
 *
 * <p>All times end with the kernel's timestamp of a packet. One service runs at a time.
 */
final class Scale {

    private static final int STARTS = 3;

    private final ScaleSettings settings;
    private final Consumer<String> progress;

    /** @param progress is told what is measured next */
    Scale(ScaleSettings settings, Consumer<String> progress) {
        this.settings = settings;
        this.progress = progress;
    }

    /** Does all that the class comment says. */
    ScaleReport run() throws IOException {
        try (ScaleNetwork network = new ScaleNetwork()) {
            progress.accept("starting with few SAs");
            final StartTimes startOfFew = new StaticTrial(network, ScaleReport.FEW, false).startTimes(STARTS);
            progress.accept("starting with many SAs");
            final StartTimes start = new StaticTrial(network, settings.sas(), false).startTimes(STARTS);
            final StaticTrial withRules = new StaticTrial(network, settings.sas(), true);
            final StartTimes startWithRules = withRules.startTimes(STARTS);
            progress.accept("sending to all SAs");
            final Memory memory = withRules.memory();
            final Control control = control(network, false);
            final Control controlWithRules = control(network, true);
            return new ScaleReport(
                    settings.sas(), startOfFew, start, startWithRules, memory, control, controlWithRules);
        }
    }

    private Control control(ScaleNetwork network, boolean hasRules) throws IOException {
        progress.accept("changing SAs, " + (hasRules ? "rules" : "no rules"));
        try (ChangingService changing = ChangingService.start(network, settings.sas(), hasRules)) {
            return Control.of(
                    hasRules,
                    new ChangeTrial(network, changing).run(settings.changes()),
                    new SteadyTrial(network, changing).run(settings.seconds()),
                    ResidentMemory.of(changing.service().pid()));
        }
    }
}
