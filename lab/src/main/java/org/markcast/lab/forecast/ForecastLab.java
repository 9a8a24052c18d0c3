// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.nio.file.Path;
import java.util.List;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.MarkcastEngine;
import org.markcast.lab.uml.Options;
import org.markcast.lab.uml.PluginEngine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Steps;

/**
 * strongSwan's forecast scenario and what it leaves out, against one engine. Started by {@code lab/uml/init}.
 *
 * <p>Arguments: {@code --engine markcast|plugin --output DIRECTORY [--measure]}. Exit status 0 if every check passed that this
 * engine can pass.
 */
public final class ForecastLab {

    private final Network network;
    private final Engine engine;
    private final Report report;

    private ForecastLab(Network network, Engine engine, Report report) {
        this.network = network;
        this.engine = engine;
        this.report = report;
    }

    /** Runs the lab; see the class. */
    public static void main(String[] arguments) {
        System.exit(run(new Options(arguments))); // a flow that broke off may still have its thread
    }

    private static int run(Options options) {
        final Path logs = options.logs();
        try (Network network = new Network(logs, options.isPlugin() ? "forecast" : "")) {
            final Engine engine = options.isPlugin()
                    ? new PluginEngine(network.gateway())
                    : new MarkcastEngine(network.moon(), logs, Services.markcast(true));
            final Report report = new Report(System.out, options.results(), engine);
            new ForecastLab(network, engine, report).run(logs, options.has("--measure"));
            return report.close();
        }
    }

    private void run(Path logs, boolean hasMeasurement) {
        final Restarts restarts = new Restarts(network, engine, report);
        final Steps steps = new Steps(report, restarts::restore);
        if (!steps.attempt("Start", restarts::start)) {
            return; // nothing else would say anything
        }
        final List<Process> captures =
                List.of(network.moon().capture(logs, "eth0"), network.moon().capture(logs, "eth1"));
        final Forwarding forwarding = new Forwarding(network, engine, report);
        steps.step("strongSwan's own evaluation", forwarding::evaluate);
        steps.step("Delivery to programs", forwarding::deliver);
        steps.step("What stays out", forwarding::keepOut);
        steps.step("Unicast", forwarding::unicast);
        steps.step("Sizes", forwarding::sizes);
        final Changes changes = new Changes(network, engine, report);
        steps.step("CHILD_SA rekey", changes::rekeyChildren);
        steps.step("IKE_SA rekey", changes::rekeyIke);
        steps.step("A client goes and comes back", changes::comeAndGo);
        steps.step("MOBIKE", changes::roam);
        steps.step("UDP encapsulation", changes::encapsulate);
        steps.step("Marks by direction (%unique-dir)", changes::uniqueDir);
        steps.step("Service and tunnels in any order", restarts::restartEngine);
        steps.step("charon killed", restarts::killCharon);
        final Leaks leaks = new Leaks(network, engine, report);
        steps.step("Nothing leaves in clear", leaks::guard);
        final Filtering filtering = new Filtering(network, engine, report);
        steps.step("Firewall, monitor", filtering::monitor);
        steps.step("Firewall, enforce", filtering::enforce);
        steps.step("Firewall, by marks, and gone", filtering::byMarks);
        steps.step("Full tunnels, masqueraded", new FullTunnel(network, engine, report)::browse);
        captures.forEach(Process::destroy);
        if (hasMeasurement) {
            final Measurement measurement = new Measurement(network, engine, report);
            steps.step("Two tunnels at full speed", measurement::measure);
        }
        steps.attempt("Stop", restarts::stop);
    }
}
