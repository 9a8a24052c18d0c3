// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;

/** SAs that go and others that come; what conntrack remembers of the old ones must not be taken for the new. */
final class Changes extends Scenario {

    private static final int SERVICE = 8090;
    private static final int SILENT_SERVICE = 5001;
    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration SILENCE = Duration.ofSeconds(1);

    Changes(Network network, Engine engine, Report report) {
        super(network, engine, report);
    }

    /** A client goes and comes back. */
    void comeAndGo() {
        try (OpenSessions sessions = new OpenSessions(network.sun(), List.of(venus, carol), SERVICE);
                Mailbox server = Mailbox.open(network.sun(), SILENT_SERVICE)) {
            report.check("venus and carol have sessions", "venus, carol", () -> converse(sessions));
            final String before = mark(alice);
            final InetSocketAddress old = introduce(alice, server, OpenSessions.sourcePort());
            network.down(List.of(alice));
            report.check("they go on without alice", "venus, carol", () -> converse(sessions));
            report.check(
                    "what the gateway still has for alice",
                    Defects.IN_CLEAR,
                    "reaches nobody, 0 in clear",
                    () -> whoGets(server, old, clients));
            up(List.of(alice));
            report.check(
                    "alice is back with a mark of her own",
                    "another mark",
                    () -> mark(alice).equals(before) ? "the old one" : "another mark");
            report.check("they still go on", "venus, carol", () -> converse(sessions));
            report.check("all have sessions", ALL, this::fresh);
        }
    }

    /** Charon's marks start over, and this time venus comes first. */
    void killCharon() {
        try (Mailbox server = Mailbox.open(network.sun(), SILENT_SERVICE);
                Mailbox l2tp = Mailbox.open(network.sun(), L2tpPorts.L2TP)) {
            restartCharon();
            up(clients); // the first mark is alice's
            final String markOfAlice = mark(alice);
            final InetSocketAddress old = introduce(alice, server, OpenSessions.sourcePort());
            final InetSocketAddress oldL2tp = introduce(alice, l2tp, L2tpPorts.L2TP);
            restartCharon();
            network.up(List.of(venus));
            awaitPaths(List.of(venus));
            report.check("venus has got the mark that was alice's", markOfAlice, () -> mark(venus));
            report.check(
                    "what the gateway still has for alice",
                    Defects.STALE_MARK,
                    "reaches nobody, 0 in clear",
                    () -> whoGets(server, old, clients));
            report.check(
                    "venus is another L2TP peer than alice was",
                    Defects.ONE_FLOW,
                    "another",
                    () -> introduce(venus, l2tp, L2tpPorts.L2TP).equals(oldL2tp) ? "the same" : "another");
            report.check(
                    "what L2TP still has for alice",
                    Defects.ONE_FLOW,
                    "reaches nobody, 0 in clear",
                    () -> whoGets(l2tp, oldL2tp, clients));
            up(List.of(alice, carol));
            report.check("all have sessions", ALL, this::fresh);
        }
    }

    /** SIGKILL; then nothing is left of it, as if the machine's administrator had cleaned up. */
    private void restartCharon() {
        network.gateway().kill();
        network.sun().run("ip", "xfrm", "state", "flush");
        network.sun().run("ip", "xfrm", "policy", "flush");
        network.gateway().start(Connections.sun());
        network.abandon();
    }

    private String converse(OpenSessions sessions) {
        return each(List.of(venus, carol), client -> sessions.converse(client, 3, 100));
    }

    private String fresh() {
        try (OpenSessions sessions = new OpenSessions(network.sun(), clients, SERVICE + 1)) {
            return each(client -> sessions.converse(client, 3, 100));
        }
    }

    /** Has a client say something to a service that remembers it; the client's address as the gateway sees it. */
    private InetSocketAddress introduce(Station client, Mailbox server, int sourcePort) {
        try (Mailbox mailbox = Mailbox.open(client, sourcePort)) {
            mailbox.send(gateway(server.port()), "I am " + client);
            return server.await("I am " + client, DELIVERY_TIMEOUT)
                    .orElseThrow(() -> new IllegalStateException(client + " is not heard"))
                    .from();
        }
    }

    /** Who gets what the gateway sends to an address of old: every client listens on that port. */
    private String whoGets(Mailbox server, InetSocketAddress old, List<Station> listeners) {
        final StringBuilder got = new StringBuilder();
        final List<Mailbox> mailboxes = listeners.stream()
                .map(client -> Mailbox.open(client, server.port() == L2tpPorts.L2TP ? L2tpPorts.L2TP : old.getPort()))
                .toList();
        try (ClearText wan = new ClearText(network.wan(), network.sun())) {
            server.send(old, "for alice");
            for (int i = 0; i < mailboxes.size(); i++) {
                if (mailboxes.get(i).await("for alice", SILENCE).isPresent()) {
                    got.append(got.isEmpty() ? "" : ", ").append(listeners.get(i));
                }
            }
            return "reaches " + (got.isEmpty() ? "nobody" : got) + ", " + wan.count() + " in clear";
        } finally {
            mailboxes.forEach(Mailbox::close);
        }
    }
}
