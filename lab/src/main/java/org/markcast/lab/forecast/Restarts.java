// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;

/** Steps in which the engine or charon ends and starts. */
final class Restarts extends Scenario {

    private static final String PART_OF_CHARON = "the plugin is part of charon";

    /** The rules that a killed charon leaves come after the new ones and override their marks. */
    private static final String STALE_RULES = "F18";

    Restarts(Network network, Engine engine, Report report) {
        super(network, engine, report);
    }

    /** Charon everywhere, the engine, and both tunnels. */
    void start() {
        network.start();
        engine.start();
        network.up();
        awaitForwarding();
    }

    /** The engine, as a service manager stops it. */
    void stop() {
        engine.stop();
    }

    /** The order of starting makes no difference. */
    void restartEngine() {
        if (!engine.isService()) {
            report.notApplicable("tunnels up before the service starts", PART_OF_CHARON);
            report.notApplicable("tunnels up after the service has started", PART_OF_CHARON);
            report.notApplicable("the service killed and restarted", PART_OF_CHARON);
            return;
        }
        engine.stop();
        network.again();
        engine.start();
        awaitForwarding();
        checkAllPaths("tunnels up before the service starts");
        network.down();
        network.up();
        awaitForwarding();
        checkAllPaths("tunnels up after it has started");
        engine.kill();
        engine.start();
        awaitForwarding();
        checkAllPaths("the service killed and restarted");
        report.check("alice can ping carol", "3 of 3", () -> alice.ping(carol.address()));
    }

    /** SIGKILL for the gateway's charon: what the kernel has stays, marks and addresses are given out anew. */
    void killCharon() {
        network.gateway().kill();
        network.gateway().start(Connections.moon(Connections.UNIQUE));
        network.again();
        awaitForwarding();
        checkAllPaths("charon killed and restarted");
        report.check("alice can ping carol", STALE_RULES, "3 of 3", () -> alice.ping(carol.address()));
    }
}
