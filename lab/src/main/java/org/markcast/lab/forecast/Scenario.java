// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.time.Duration;
import java.util.stream.Stream;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;

/** What every step works with, and the trials that recur. */
class Scenario {

    static final String FROM_ALICE = "alice 0, carol 1, dave 1";
    static final String FROM_CAROL = "alice 1, carol 0, dave 1";
    static final String FROM_DAVE = "alice 1, carol 1, dave 0";
    static final String NOBODY = "alice 0, carol 0, dave 0";

    private static final Duration PATH_TIMEOUT = Duration.ofSeconds(15);

    final Network network;
    final Engine engine;
    final Report report;
    final Station alice;
    final Station carol;
    final Station dave;

    Scenario(Network network, Engine engine, Report report) {
        this.network = network;
        this.engine = engine;
        this.report = report;
        alice = network.alice();
        carol = network.carol();
        dave = network.dave();
    }

    /** A multicast from each of the three reaches the two others once. */
    final void checkAllPaths(String when, String defect) {
        report.check("LAN multicast reaches both, " + when, defect, FROM_ALICE, () -> counts(alice, Network.GROUP));
        report.check(
                "carol's reaches dave and the LAN, " + when, defect, FROM_CAROL, () -> counts(carol, Network.GROUP));
        report.check("dave's reaches carol and the LAN, " + when, defect, FROM_DAVE, () -> counts(dave, Network.GROUP));
    }

    final void checkAllPaths(String when) {
        checkAllPaths(when, "");
    }

    /** Who receives a packet from one of the three, once the two others have it. */
    final String counts(Station from, String destination) {
        try (Trial trial = new Trial(network)) {
            return trial.send(from, destination).counts(othersThan(from));
        }
    }

    final Station[] othersThan(Station from) {
        return Stream.of(alice, carol, dave).filter(station -> station != from).toArray(Station[]::new);
    }

    /** Waits for an engine that has just heard of new SAs; that it did is for the checks to tell. */
    final void awaitForwarding() {
        Trial.awaitPath(network, alice, carol, PATH_TIMEOUT);
        Trial.awaitPath(network, alice, dave, PATH_TIMEOUT);
        Trial.awaitPath(network, carol, alice, PATH_TIMEOUT);
    }

    /** Brings everything back into the state that every step begins with. */
    final void restore() {
        network.gateway().load(Connections.moon(Connections.UNIQUE));
        network.charon(carol).load(Connections.client("carol", false));
        network.charon(dave).load(Connections.client("dave", false));
        network.again();
        awaitForwarding();
    }
}
