// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/** What an administrator wants: xl2tpd and PPP for clients that do as Windows does, with IKEv1 and from port 1701. */
final class L2tpSessions extends Scenario {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration RECOVERY_TIMEOUT = Duration.ofSeconds(15);
    /** Each side says Hello every 60 s (HELLO_DELAY in xl2tpd's l2tp.h). */
    private static final Duration HELLO_TIMEOUT = Duration.ofSeconds(75);

    private static final String HELLO = "message type is Hello";

    private final Path logs;
    private final Map<Station, L2tpDaemon> daemons = new LinkedHashMap<>();
    private L2tpDaemon server;

    L2tpSessions(Network network, Engine engine, Report report, Path logs) {
        super(network, engine, report);
        this.logs = logs;
    }

    void run() {
        network.abandon();
        network.load(Connections.sunForWindows(), Connections::windowsClient);
        network.up(clients);
        server = L2tpDaemon.server(network.sun(), logs);
        try {
            clients.forEach(client -> daemons.put(client, L2tpDaemon.client(client, logs)));
            connect();
            live();
            leave();
        } finally {
            close();
        }
        restore();
    }

    private void close() {
        try {
            daemons.values().forEach(L2tpDaemon::close);
        } finally {
            server.close();
        }
    }

    private void connect() {
        daemons.values().forEach(L2tpDaemon::connect);
        Waiting.until(
                CONNECT_TIMEOUT,
                () -> daemons.values().stream()
                        .allMatch(daemon -> daemon.address().isPresent()));
        check(
                "PPP has given each an address",
                client -> daemons.get(client).address().isPresent() ? "" : "none");
        check("each can ping the gateway inside", this::recovers); // the server's PPP is up a moment after the client's
        report.check("the server has three tunnels", Defects.ONE_FLOW, "tunnels.count=3", this::tunnels);
    }

    private void check(String name, Function<Station, String> complaint) {
        report.check(name, Defects.ONE_FLOW, ALL, () -> each(complaint));
    }

    private String pings(Station client) {
        final String answered = client.ping(L2tpDaemon.INSIDE);
        return answered.equals("3 of 3") ? "" : answered;
    }

    private String tunnels() {
        return server.status()
                .lines()
                .map(line -> line.replaceFirst("^\\d+ STATUS ", "").strip())
                .filter(line -> line.startsWith("tunnels.count"))
                .findFirst()
                .orElse("no answer");
    }

    /** What happens in the life of a session. */
    private void live() {
        report.check("alice can ping venus by way of the gateway", Defects.ONE_FLOW, "3 of 3", this::pingAcross);
        network.moon().rebind(alice);
        check("alice's NAT has another port for her", this::recovers);
        final Set<String> before = network.sas().spis();
        network.gateway().swanctl("--rekey", "--child", "clients");
        awaitRekeying(before);
        check("CHILD_SAs rekeyed", this::pings);
        if (engine.isService()) {
            engine.stop();
            engine.start();
            check("the service restarted", this::recovers);
            engine.kill();
            engine.start();
            check("the service killed and restarted", this::recovers);
        }
        Waiting.until(
                HELLO_TIMEOUT,
                () -> clients.stream().allMatch(client -> hellos(client).isEmpty()));
        check("the server, unasked, has said Hello to each", this::hellos);
        report.check("the server still has three tunnels", Defects.ONE_FLOW, "tunnels.count=3", this::tunnels);
    }

    private String pingAcross() {
        network.sun().run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        List.of(alice, venus).forEach(client -> client.run("ip", "route", "replace", "10.3.0.0/24", "dev", "ppp0"));
        return alice.ping(daemons.get(venus).address().orElse(L2tpDaemon.INSIDE));
    }

    /** Whether pings are answered again before long. */
    private String recovers(Station client) {
        Waiting.until(RECOVERY_TIMEOUT, () -> pings(client).isEmpty());
        return pings(client);
    }

    private String hellos(Station client) {
        return daemons.get(client).mentions(HELLO) > 0 ? "" : "not greeted";
    }

    /** One goes, the others stay. */
    private void leave() {
        daemons.get(alice).disconnect();
        Waiting.until(RECOVERY_TIMEOUT, () -> tunnels().equals("tunnels.count=2"));
        report.check("alice's tunnel ends in order", Defects.ONE_FLOW, "tunnels.count=2", this::tunnels);
        report.check(
                "venus and carol stay",
                Defects.ONE_FLOW,
                "venus, carol",
                () -> each(List.of(venus, carol), this::pings));
        daemons.get(alice).connect();
        Waiting.until(CONNECT_TIMEOUT, () -> daemons.get(alice).address().isPresent());
        check("alice is back", this::recovers);
    }
}
