// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
        final List<String> given = Arrays.asList(arguments);
        final int status =
                run(valueOf(given, "--engine"), Path.of(valueOf(given, "--output")), given.contains("--measure"));
        System.exit(status); // a flow that broke off may still have its thread
    }

    private static int run(String engineName, Path output, boolean hasMeasurement) {
        final Path logs = output.resolve("logs");
        final boolean isPlugin = engineName.equals("plugin");
        try (Network network = new Network(logs, isPlugin ? "forecast" : "")) {
            final Engine engine =
                    isPlugin ? new PluginEngine(network.gateway()) : new MarkcastEngine(network.moon(), logs);
            final Report report = new Report(System.out, output.resolve("results"), engine);
            new ForecastLab(network, engine, report).run(logs, hasMeasurement);
            return report.close();
        }
    }

    private static String valueOf(List<String> arguments, String option) {
        final int index = arguments.indexOf(option);
        if (index < 0 || index + 1 >= arguments.size()) {
            throw new IllegalArgumentException(option + " is missing");
        }
        return arguments.get(index + 1);
    }

    private void run(Path logs, boolean hasMeasurement) {
        final Restarts restarts = new Restarts(network, engine, report);
        if (!step("Start", restarts::start, null)) {
            return; // nothing else would say anything
        }
        final List<Process> captures = List.of(capture(logs, "eth0"), capture(logs, "eth1"));
        final Forwarding forwarding = new Forwarding(network, engine, report);
        step("strongSwan's own evaluation", forwarding::evaluate, forwarding);
        step("Delivery to programs", forwarding::deliver, forwarding);
        step("What stays out", forwarding::keepOut, forwarding);
        step("Unicast", forwarding::unicast, forwarding);
        step("Sizes", forwarding::sizes, forwarding);
        final Changes changes = new Changes(network, engine, report);
        step("CHILD_SA rekey", changes::rekeyChildren, changes);
        step("IKE_SA rekey", changes::rekeyIke, changes);
        step("A client goes and comes back", changes::comeAndGo, changes);
        step("MOBIKE", changes::roam, changes);
        step("UDP encapsulation", changes::encapsulate, changes);
        step("Marks by direction (%unique-dir)", changes::uniqueDir, changes);
        step("Service and tunnels in any order", restarts::restartEngine, restarts);
        step("charon killed", restarts::killCharon, restarts);
        final Leaks leaks = new Leaks(network, engine, report);
        step("Nothing leaves in clear", leaks::guard, leaks);
        captures.forEach(Process::destroy);
        if (hasMeasurement) {
            final Measurement measurement = new Measurement(network, engine, report);
            step("Two tunnels at full speed", measurement::measure, measurement);
        }
        step("Stop", restarts::stop, null);
    }

    private Process capture(Path logs, String interfaceName) {
        return network.moon()
                .start(
                        logs.resolve("tcpdump.log"),
                        Map.of(),
                        "tcpdump",
                        "-i",
                        interfaceName,
                        "-Z",
                        "root",
                        "-s",
                        "128",
                        "-w",
                        logs.resolve("moon." + interfaceName + ".pcap").toString());
    }

    /**
     * One step; one that breaks is put right before the next.
     *
     * @param scenario that knows how to put it right; null if nothing can
     * @return whether it came to its end
     */
    private boolean step(String title, Runnable work, Scenario scenario) {
        report.step(title);
        final long startNs = System.nanoTime();
        boolean isDone = true;
        try {
            work.run();
        } catch (RuntimeException e) {
            isDone = false;
            report.broken(title, e);
            tryToRestore(scenario);
        }
        report.note(String.format(Locale.ROOT, "(%.1f s)", (System.nanoTime() - startNs) / 1e9));
        return isDone;
    }

    private void tryToRestore(Scenario scenario) {
        try {
            if (scenario != null) {
                scenario.restore();
            }
        } catch (RuntimeException e) {
            report.broken("restoring the tunnels", e);
        }
    }
}
