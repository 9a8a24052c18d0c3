// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.nio.file.Path;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.MarkcastEngine;
import org.markcast.lab.uml.Options;
import org.markcast.lab.uml.PluginEngine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Steps;

/**
 * Three clients behind two NATs hold sessions with one gateway, in transport mode, with one engine. Started by
 * {@code lab/uml/init} with {@link Options}. Exit status 0 if every check passed that this engine can pass.
 */
public final class ConnmarkLab {

    private final Network network;
    private final Engine engine;
    private final Report report;
    private final Steps steps;

    private ConnmarkLab(Network network, Engine engine, Report report) {
        this.network = network;
        this.engine = engine;
        this.report = report;
        steps = new Steps(report, new Scenario(network, engine, report)::restore);
    }

    /** Runs the lab; see the class. */
    public static void main(String[] arguments) {
        System.exit(run(new Options(arguments))); // servers and streams have their threads
    }

    private static int run(Options options) {
        final Path logs = options.logs();
        try (Network network = new Network(logs, options.isPlugin() ? "connmark" : "")) {
            final Engine engine = options.isPlugin()
                    ? new PluginEngine(network.gateway())
                    : new MarkcastEngine(network.sun(), logs, Services.markcast());
            final Report report = new Report(System.out, options.results(), engine);
            new ConnmarkLab(network, engine, report).run(logs);
            return report.close();
        }
    }

    private void run(Path logs) {
        if (!steps.attempt("Start", this::start)) {
            return; // nothing else would say anything
        }
        final Process capture = network.sun().capture(logs, "eth0");
        final Sessions sessions = new Sessions(network, engine, report);
        step("Clients behind one NAT", sessions::evaluate);
        step("CHILD_SA rekey", sessions::rekey);
        final Rebinding rebinding = new Rebinding(network, engine, report);
        step("NAT rebinding", rebinding::rebind);
        step("UDP 1701 on both sides", new L2tpPorts(network, engine, report)::exchange);
        step("UDP 1701 in tunnel mode", new L2tpPorts(network, engine, report)::tunnel);
        step("L2TP and PPP, as Windows does", new L2tpSessions(network, engine, report, logs)::run);
        final Changes changes = new Changes(network, engine, report);
        step("A client goes and comes back", changes::comeAndGo);
        step("charon killed", changes::killCharon);
        step("ESP without UDP, from a pool", new PlainEsp(network, engine, report, logs)::run);
        step("SAs beside two uplinks", new BesideUplinks(network, engine, report)::pin);
        capture.destroy();
        steps.attempt("Stop", engine::stop);
    }

    private void start() {
        network.start();
        engine.start();
        new Scenario(network, engine, report).up(network.clients());
    }

    /** A step throughout which nothing may pass the WAN in clear. */
    private void step(String title, Runnable work) {
        steps.step(title, () -> {
            try (ClearText wan = new ClearText(network.wan(), network.sun())) {
                work.run();
                report.check("nothing on the WAN in clear", Defects.IN_CLEAR, "{}", wan::kinds);
            }
        });
    }
}
