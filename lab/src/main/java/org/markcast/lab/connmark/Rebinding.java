// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.util.function.Predicate;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Sas;

/** NATs that forget, under TCP sessions that live on. */
final class Rebinding extends Scenario {

    private static final int SERVICE = 8081;

    Rebinding(Network network, Engine engine, Report report) {
        super(network, engine, report);
    }

    void rebind() {
        try (OpenSessions sessions = new OpenSessions(network.sun(), clients, SERVICE)) {
            report.check("TCP sessions before it", ALL, () -> converse(sessions));
            final String mark = mark(alice);
            final int port = network.moon().rebind(alice);
            report.check(
                    "they go on though alice's NAT has another port for her",
                    Defects.LOST_AFTER_REBINDING,
                    ALL,
                    () -> converse(sessions));
            report.check("the gateway follows, the mark stays", mark + " at " + port, () -> {
                await("alice's new port", sas -> Network.port(sas, alice) == port);
                return mark(alice) + " at " + Network.port(network.sas(), alice);
            });
            report.check("new sessions too", Defects.LOST_AFTER_REBINDING, ALL, this::fresh);
            swap(sessions);
        }
    }

    /** The worst that can happen: packets come from where somebody else was a moment ago. */
    private void swap(OpenSessions sessions) {
        final int ofAlice = network.moon().rebind(alice);
        final int ofVenus = network.moon().rebind(venus);
        report.check("both get other ports", Defects.LOST_AFTER_REBINDING, ALL, () -> {
            final String result = converse(sessions);
            await("their ports", sas -> Network.port(sas, alice) == ofAlice && Network.port(sas, venus) == ofVenus);
            return result;
        });
        network.moon().swap(alice, ofAlice, venus, ofVenus);
        report.check("alice gets venus's port and venus hers", Defects.LOST_AFTER_REBINDING, ALL, () -> {
            final String result = converse(sessions);
            await("their ports", sas -> Network.port(sas, alice) == ofVenus && Network.port(sas, venus) == ofAlice);
            return result;
        });
        report.check("new sessions after it", Defects.LOST_AFTER_REBINDING, ALL, this::fresh);
    }

    private void await(String what, Predicate<Sas> condition) {
        network.awaitSas(what, condition);
    }

    private String converse(OpenSessions sessions) {
        return each(client -> sessions.converse(client, 3, 100));
    }

    private String fresh() {
        try (OpenSessions sessions = new OpenSessions(network.sun(), clients, SERVICE + 1)) {
            return converse(sessions);
        }
    }
}
