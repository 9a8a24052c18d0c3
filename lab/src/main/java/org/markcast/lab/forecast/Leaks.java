// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import org.markcast.daemon.emulation.Tap;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.MarkcastEngine;
import org.markcast.lab.uml.Report;

/** Steps in which SAs vanish while packets are on their way: none may leave in clear. */
final class Leaks extends Scenario {

    private static final int PACKETS_PER_SECOND = 1000;
    private static final int ROUNDS = 3;

    Leaks(Network network, Engine engine, Report report) {
        super(network, engine, report);
    }

    /** First with the guard, then, to know that the test would see a leak, without. */
    void guard() {
        report.check("carol's SA is deleted under 1,000 packets/s", "F15", "0 in clear", this::deleteSa);
        report.check("all policies vanish under 1,000 packets/s", "F15", "0 in clear", this::deletePolicies);
        if (engine instanceof MarkcastEngine markcast) {
            markcast.stop();
            markcast.configure(Services.markcast(false));
            markcast.start();
            awaitForwarding();
            report.check("without the guard the same leaks", "leaks", () -> leaks(deletePolicies()));
            markcast.stop();
            markcast.configure(Services.markcast(true));
            markcast.start();
            awaitForwarding();
        } else {
            report.notApplicable("without the guard the same leaks", "the plugin has no guard");
        }
    }

    private static String leaks(String seen) {
        return seen.startsWith("0 ") ? "does not leak" : "leaks";
    }

    private String deleteSa() {
        long clear = 0;
        for (int round = 0; round < ROUNDS; round++) {
            clear += during(() -> network.down(carol));
            network.up(carol);
            awaitForwarding();
        }
        return clear + " in clear";
    }

    private String deletePolicies() {
        final long clear = during(() -> network.moon().run("ip", "xfrm", "policy", "flush"));
        restore();
        return clear + " in clear";
    }

    /** How many multicasts the gateway has sent in clear, to the WAN or back to the LAN, while something happened. */
    private long during(Runnable change) {
        try (Flow flow = new Flow(alice, false, PACKETS_PER_SECOND, carol);
                Tap wan = network.wan().tap(flow.token()::isIn);
                Tap lan = alice.tap(flow.token()::isIn)) {
            flow.more(PACKETS_PER_SECOND / 2);
            change.run();
            flow.more(PACKETS_PER_SECOND / 2);
            flow.end();
            return wan.packets().size() + lan.packets().size();
        }
    }
}
