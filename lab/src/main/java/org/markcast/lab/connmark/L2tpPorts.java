// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/** Datagrams from UDP port 1701 to UDP port 1701: those of two clients behind one NAT differ in nothing but their SA. */
final class L2tpPorts extends Scenario {

    static final int L2TP = 1701;

    private static final Duration DELAY = Duration.ofSeconds(3);
    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(5);

    private final Map<Station, Mailbox> mailboxes = new LinkedHashMap<>();
    private final Map<Station, InetSocketAddress> addresses = new LinkedHashMap<>();
    private Mailbox server;
    private int round;

    L2tpPorts(Network network, Engine engine, Report report) {
        super(network, engine, report);
    }

    void exchange() {
        withMailboxes(() -> {
            report.check("each request is answered at once", Defects.ONE_FLOW, ALL, () -> converse(Duration.ZERO));
            report.check("answered 3 s later, last come first served", Defects.ONE_FLOW, ALL, () -> converse(DELAY));
            report.check("each client is a peer of its own", Defects.ONE_FLOW, ALL, this::peersStay);
            report.check("what the gateway sends unasked", Defects.ONE_FLOW, ALL, this::tell);
            network.moon().rebind(alice);
            report.check("alice's NAT has another port for her", Defects.ONE_FLOW, ALL, () -> converse(Duration.ZERO));
            report.check("what the gateway sends unasked then", Defects.ONE_FLOW, ALL, this::tell);
            report.check("and she is still the same peer", Defects.ONE_FLOW, ALL, this::peersStay);
            restartEngine();
        });
    }

    /** In tunnel mode no two clients have the same address: L2TP passes as if nobody cared. */
    void tunnel() {
        if (!engine.isService()) {
            report.notApplicable("in tunnel mode", "the plugin marks transport mode only");
            return;
        }
        withMailboxes(() -> {
            network.abandon();
            network.load(Connections.sunForTunnels(), Connections::tunnelClient);
            network.up(List.of(alice, venus));
            report.check("in tunnel mode", "alice, venus", () -> converse(List.of(alice, venus), Duration.ZERO));
        });
        restore();
    }

    private void withMailboxes(Runnable work) {
        server = Mailbox.open(network.sun(), L2TP);
        clients.forEach(client -> mailboxes.put(client, Mailbox.open(client, L2TP)));
        try {
            work.run();
        } finally {
            mailboxes.values().forEach(Mailbox::close);
            server.close();
        }
    }

    private void restartEngine() {
        if (!engine.isService()) {
            report.notApplicable("the service restarted", "the plugin is part of charon");
            report.notApplicable("the service killed and restarted", "the plugin is part of charon");
            return;
        }
        engine.stop();
        engine.start();
        report.check("the service restarted", ALL, () -> converse(DELAY));
        report.check("every client is still the same peer", ALL, this::peersStay);
        engine.kill();
        report.check("the service killed: its rules stay", ALL, () -> converse(Duration.ZERO));
        engine.start();
        report.check("and restarted", ALL, () -> converse(DELAY));
        report.check("every client is still the same peer then", ALL, this::peersStay);
        report.check("what the gateway sends unasked after all that", ALL, this::tell);
    }

    /** All ask, then all are answered in the opposite order. */
    private String converse(Duration delay) {
        return converse(clients, delay);
    }

    private String converse(List<Station> stations, Duration delay) {
        round++;
        final List<Runnable> answers = new ArrayList<>();
        final Map<Station, Integer> before = counts();
        for (final Station client : stations) {
            final InetSocketAddress from = ask(client);
            if (from != null) {
                answers.add(0, () -> server.send(from, "to " + client + " " + round));
            }
        }
        Waiting.sleep(delay);
        answers.forEach(Runnable::run);
        return each(stations, client -> complaint(client, before.get(client), "to " + client + " " + round));
    }

    /** Until it is heard: a NAT's new port, or the service's start, takes a moment. Null if it never is. */
    private InetSocketAddress ask(Station client) {
        final String text = "from " + client + " " + round;
        Waiting.until(DELIVERY_TIMEOUT, () -> {
            mailboxes.get(client).send(gateway(L2TP), text);
            return server.await(text, Duration.ofMillis(200)).isPresent();
        });
        return server.await(text, Duration.ZERO).map(Mailbox.Letter::from).orElse(null);
    }

    /** The gateway speaks first, to the addresses that it knows since the first round. */
    private String tell() {
        round++;
        final Map<Station, Integer> before = counts();
        clients.forEach(client -> {
            if (addresses.containsKey(client)) {
                server.send(addresses.get(client), "unasked to " + client + " " + round);
            }
        });
        return each(client -> complaint(client, before.get(client), "unasked to " + client + " " + round));
    }

    private Map<Station, Integer> counts() {
        final Map<Station, Integer> counts = new LinkedHashMap<>();
        mailboxes.forEach(
                (client, mailbox) -> counts.put(client, mailbox.texts().size()));
        return counts;
    }

    private String complaint(Station client, int before, String expected) {
        final Mailbox mailbox = mailboxes.get(client);
        mailbox.await(expected, DELIVERY_TIMEOUT);
        final List<String> texts = mailbox.texts();
        final List<String> fresh = texts.subList(before, texts.size());
        return fresh.equals(List.of(expected)) ? "" : "got " + fresh;
    }

    /** Whether the gateway sees each client at one address and port of its own, the same as ever. */
    private String peersStay() {
        return each(client -> {
            final InetSocketAddress now = ask(client);
            final InetSocketAddress known = addresses.putIfAbsent(client, now == null ? gateway(0) : now);
            if (now == null) {
                return "not heard";
            }
            final boolean isShared = addresses.entrySet().stream()
                    .anyMatch(entry ->
                            entry.getKey() != client && entry.getValue().equals(now));
            if (isShared) {
                return "shares " + now + " with another";
            }
            return known == null || known.equals(now) ? "" : "was " + known + ", is " + now;
        });
    }
}
