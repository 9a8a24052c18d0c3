// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Sas;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/** What every step works with, and the checks that recur. */
class Scenario {

    /** What one hopes for. */
    static final String ALL = "alice, venus, carol";

    static final int PROBE_PORT = 7;
    private static final Duration PATH_TIMEOUT = Duration.ofSeconds(15);
    private static final Duration PROBE_TIMEOUT = Duration.ofMillis(300);

    final Network network;
    final Engine engine;
    final Report report;
    final Station alice;
    final Station venus;
    final Station carol;
    final List<Station> clients;

    Scenario(Network network, Engine engine, Report report) {
        this.network = network;
        this.engine = engine;
        this.report = report;
        alice = network.alice();
        venus = network.venus();
        carol = network.carol();
        clients = network.clients();
    }

    /**
     * Asks every client and names those with which all is well; the complaints about the others follow.
     *
     * @param complaint empty if all is well
     */
    final String each(Function<Station, String> complaint) {
        return each(clients, complaint);
    }

    static String each(List<Station> stations, Function<Station, String> complaint) {
        return stations.stream()
                .map(client -> {
                    final String text = complaint.apply(client);
                    return text.isEmpty() ? client.name() : client + " not: " + text;
                })
                .collect(Collectors.joining(", "));
    }

    final String mark(Station client) {
        final Sas.Child child = Network.child(network.sas(), client);
        return child == null ? "none" : child.mark();
    }

    /** A socket address of the gateway's. */
    static InetSocketAddress gateway(int port) {
        return new InetSocketAddress(Network.GATEWAY, port);
    }

    /** Waits for an engine that has just heard of new SAs; that it did is for the checks to tell. */
    final void awaitPaths(List<Station> stations) {
        awaitPaths(network.sun(), stations);
    }

    /** @param gateway at the address that these clients know */
    static void awaitPaths(Station gateway, List<Station> stations) {
        try (Mailbox server = Mailbox.echo(gateway, PROBE_PORT)) {
            stations.forEach(client -> awaitPath(client, new InetSocketAddress(gateway.address(), server.port())));
        }
    }

    private static void awaitPath(Station client, InetSocketAddress server) {
        try (Mailbox mailbox = Mailbox.open(client, 0)) {
            Waiting.until(PATH_TIMEOUT, () -> {
                mailbox.send(server, "path of " + client);
                return mailbox.await("path of " + client, PROBE_TIMEOUT).isPresent();
            });
        }
    }

    /**
     * Waits until every client has an SA that it did not have before. With IKEv1 the old ones stay until they expire.
     *
     * @param before SPIs
     */
    final void awaitRekeying(Set<String> before) {
        network.awaitSas(
                "rekeyed CHILD_SAs",
                sas -> clients.stream().allMatch(client -> {
                    final Sas.Child child = Network.child(sas, client);
                    return child != null && !before.contains(child.spi());
                }));
    }

    /** Tunnels that were down come up and can be used. */
    final void up(List<Station> stations) {
        network.up(stations);
        awaitPaths(stations);
    }

    /** Brings everything back into the state that every step begins with. */
    final void restore() {
        network.abandon();
        network.load(Connections.sun(), Connections::client);
        up(clients);
    }
}
