// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.util.List;
import org.markcast.daemon.emulation.Tap;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.MarkcastEngine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;

/**
 * A gateway with two lines to the internet: alice comes in by one, venus and carol by the other. Venus's NAT has an address that only
 * a default route leads to. Both kinds of marks, of SAs and of uplinks, share packets and connections.
 */
final class BesideUplinks extends Scenario {

    private static final int SERVICE = 8095;
    private static final String MASKED = Connections.UNIQUE + "/0x00ffffff";
    private static final String DSL_ROUTER = "192.168.0.1";
    private static final String CABLE_ROUTER = "192.168.1.1";
    private static final String FAR_NAT = "192.168.9.1";

    private final Station sun;
    private final Station sunByCable;
    private final List<Station> byDsl;
    private final List<Station> byCable;

    BesideUplinks(Network network, Engine engine, Report report) {
        super(network, engine, report);
        sun = network.sun();
        sunByCable = network.sunByCable();
        byDsl = List.of(alice);
        byCable = List.of(venus, carol);
    }

    void pin() {
        if (engine instanceof MarkcastEngine markcast) {
            network.moon().translate("eth2", FAR_NAT);
            network.mars().translate("eth2", "192.168.1.3");
            leadTo(DSL_ROUTER, "eth0");
            network.abandon();
            markcast.reload(Services.markcastWithUplinks());
            try (ClearText cable = new ClearText(network.cable(), sunByCable)) {
                converse("with masks", MASKED);
                converse("without", Connections.UNIQUE);
                report.check("nothing on the cable in clear", "{}", cable::kinds);
            }
            network.abandon();
            markcast.reload(Services.markcast());
            sun.run("ip", "route", "delete", "default");
            restore();
        } else {
            report.notApplicable("SAs beside pinned connections", "the plugin pins nothing");
        }
    }

    private void leadTo(String router, String interfaceName) {
        sun.run("ip", "route", "replace", "default", "via", router, "dev", interfaceName);
    }

    private void converse(String marks, String mark) {
        network.abandon();
        network.load(Connections.sun(mark), this::client);
        network.up(clients);
        awaitPaths(sun, byDsl);
        awaitPaths(sunByCable, byCable);
        try (OpenSessions dsl = new OpenSessions(sun, byDsl, SERVICE);
                OpenSessions cable = new OpenSessions(sunByCable, byCable, SERVICE)) {
            report.check("marks " + marks + ": sessions by both lines", ALL, () -> converse(dsl, cable));
            report.check("each can ping the gateway", ALL, () -> each(this::pings));
            leadTo(CABLE_ROUTER, "eth1");
            report.check("the default route moves, sessions go on", ALL, () -> converse(dsl, cable));
            leadTo(DSL_ROUTER, "eth0");
            report.check("and when it moves back", ALL, () -> converse(dsl, cable));
            report.check("on the line that they began on", "0 astray", () -> astray(dsl, cable));
        }
    }

    private String client(String name) {
        return Connections.client(name, gatewayOf(name).address());
    }

    private Station gatewayOf(String client) {
        return client.equals(alice.name()) ? sun : sunByCable;
    }

    private String converse(OpenSessions dsl, OpenSessions cable) {
        return each(client -> (byDsl.contains(client) ? dsl : cable).converse(client, 3, 100));
    }

    private String pings(Station client) {
        final String answered = client.ping(gatewayOf(client.name()).address());
        return answered.equals("3 of 3") ? "" : answered;
    }

    /** What leaves by one line with the address of the other, while all sessions are busy. */
    private String astray(OpenSessions dsl, OpenSessions cable) {
        try (Tap atDsl = network.wan().tap(arrival -> arrival.packet().source().equals(sunByCable.address()));
                Tap atCable =
                        network.cable().tap(arrival -> arrival.packet().source().equals(sun.address()))) {
            final String all = converse(dsl, cable);
            final int astray = atDsl.packets().size() + atCable.packets().size();
            return all.equals(ALL) ? astray + " astray" : all;
        }
    }
}
