// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/** Flows whose addresses and ports differ: what conntrack alone can tell apart. */
final class Sessions extends Scenario {

    private static final int SERVICE = 8080;
    private static final int LATE_SERVICE = 5000;
    private static final int STREAM_SERVICE = 6000;
    private static final Duration DELAY = Duration.ofSeconds(3);
    private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(2);
    private static final int ROUNDS = 5;
    private static final int BULK = 60_000;

    Sessions(Network network, Engine engine, Report report) {
        super(network, engine, report);
    }

    /** What every client and every protocol needs. */
    void evaluate() {
        report.check("three SAs with marks of their own, two from one address", "3 marks, 2 addresses", this::distinct);
        report.check("each can ping the gateway", ALL, () -> each(Sessions::pings));
        report.check("TCP sessions to one service at the same time", ALL, () -> converse(10));
        report.check("full segments in both directions", Defects.LARGE_SEGMENTS, ALL, () -> converse(BULK));
        report.check("the gateway's answers come 3 s later, last come first served", ALL, this::answerLate);
    }

    private String distinct() {
        final Set<String> marks = new TreeSet<>();
        final Set<String> addresses = new TreeSet<>();
        network.sas().ikes().forEach(ike -> {
            addresses.add(ike.remoteHost());
            ike.children().forEach(child -> marks.add(child.mark()));
        });
        return marks.size() + " marks, " + addresses.size() + " addresses";
    }

    private static String pings(Station client) {
        final String answered = client.ping(Network.GATEWAY);
        return answered.equals("3 of 3") ? "" : answered;
    }

    /** Lines in turn, so that no session has the gateway for itself. */
    private String converse(int length) {
        try (OpenSessions sessions = new OpenSessions(network.sun(), clients, SERVICE)) {
            String result = ALL;
            for (int round = 0; round < ROUNDS && result.equals(ALL); round++) {
                result = each(client -> sessions.converse(client, 1, length));
            }
            return result;
        }
    }

    private String answerLate() {
        final Map<Station, Mailbox> mailboxes = new LinkedHashMap<>();
        try (Mailbox server = Mailbox.open(network.sun(), LATE_SERVICE)) {
            final List<Runnable> answers = new ArrayList<>();
            for (final Station client : clients) {
                final Mailbox mailbox = Mailbox.open(client, OpenSessions.sourcePort());
                mailboxes.put(client, mailbox);
                mailbox.send(gateway(LATE_SERVICE), "from " + client);
                final Optional<InetSocketAddress> from =
                        server.await("from " + client, DELIVERY_TIMEOUT).map(Mailbox.Letter::from);
                from.ifPresent(address -> answers.add(0, () -> server.send(address, "to " + client)));
            }
            Waiting.sleep(DELAY);
            answers.forEach(Runnable::run);
            return each(client -> {
                mailboxes.get(client).await("to " + client, DELIVERY_TIMEOUT);
                final List<String> texts = mailboxes.get(client).texts();
                return texts.equals(List.of("to " + client)) ? "" : "got " + texts;
            });
        } finally {
            mailboxes.values().forEach(Mailbox::close);
        }
    }

    /** New SPIs and keys under the flows. */
    void rekey() {
        report.check(
                "CHILD_SAs rekeyed by the gateway under 100 datagrams/s each way",
                ALL,
                () -> streamDuring(() -> network.gateway().swanctl("--rekey", "--child", "clients")));
        report.check(
                "and by the clients",
                ALL,
                () -> streamDuring(() -> clients.forEach(
                        client -> network.charon(client).swanctl("--rekey", "--child", Connections.TO_SUN))));
        report.check("each can ping the gateway", ALL, () -> each(Sessions::pings));
    }

    private String streamDuring(Runnable rekeying) {
        final Set<String> before = network.sas().spis();
        final Map<Station, Stream> streams = new LinkedHashMap<>();
        final Mailbox server = Mailbox.echo(network.sun(), STREAM_SERVICE);
        try {
            clients.forEach(
                    client -> streams.put(client, new Stream(client, OpenSessions.sourcePort(), STREAM_SERVICE)));
            streams.get(alice).more(50);
            rekeying.run();
            awaitRekeying(before);
            streams.get(alice).more(150); // until after the old SAs are gone
            return each(client -> streams.get(client).losses());
        } finally {
            streams.values().forEach(Stream::close);
            server.close();
        }
    }
}
