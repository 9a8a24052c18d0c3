// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.util.List;
import org.markcast.daemon.emulation.Tap;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.MarkcastEngine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;

/**
 * Roadwarriors who send everything through their tunnels, and a gateway that masquerades them: answers come to its own address, and
 * only conntrack knows whose they are.
 */
final class FullTunnel extends Scenario {

    /** Answers are looked up before their destination is translated back, so they find no SA. */
    private static final String BEFORE_NAT = "F19";

    private static final String ANSWERED = "3 of 3, 0 in clear";

    private static final String MASQUERADE = """
            table ip nat {
                chain post {
                    type nat hook postrouting priority srcnat; policy accept;
                    oifname "eth0" ip saddr 10.1.0.0/16 rt ipsec missing masquerade
                }
            }
            """;

    private final Station mallory;

    FullTunnel(Network network, Engine engine, Report report) {
        super(network, engine, report);
        mallory = network.mallory();
    }

    /** Mallory is the internet here. */
    void browse() {
        network.moon().write("/run/masquerade.nft", MASQUERADE);
        network.moon().run("nft", "-f", "/run/masquerade.nft");
        network.gateway().load(Connections.moonForAll());
        List.of(carol, dave).forEach(client -> network.charon(client).load(Connections.clientForAll(client.name())));
        network.down();
        network.up();
        awaitForwarding();
        checkAnswers("");
        if (engine instanceof MarkcastEngine markcast) {
            markcast.reload(Services.markcast(true, "interface = eth0\nmode = enforce\n"));
            checkAnswers(", behind the firewall");
            markcast.reload(Services.markcast(true));
        } else {
            report.notApplicable("the same behind the firewall", "the plugin has none");
        }
        checkAllPaths("everything in the tunnel");
        network.moon().run("nft", "delete", "table", "ip", "nat");
        restore();
    }

    private void checkAnswers(String when) {
        for (final Station client : List.of(carol, dave)) {
            report.check(
                    client + "'s pings to the WAN are answered through the tunnel" + when,
                    BEFORE_NAT,
                    ANSWERED,
                    () -> pings(client));
        }
        report.check("and the LAN's" + when, "3 of 3", () -> alice.ping(mallory.address()));
    }

    private String pings(Station client) {
        try (Tap clear = network.wan()
                .tap(arrival -> arrival.packet().destination().equals(client.address())
                        || arrival.packet().source().equals(client.address()))) {
            return client.ping(mallory.address()) + ", " + clear.packets().size() + " in clear";
        }
    }
}
