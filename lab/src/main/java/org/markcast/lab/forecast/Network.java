// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.markcast.lab.uml.Charon;
import org.markcast.lab.uml.Sas;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/** The hosts and their IKE daemons; which tunnels are up is up to us. */
final class Network implements AutoCloseable {

    static final String GROUP = "224.0.0.251";
    static final String LAN_BROADCAST = "10.1.255.255";

    private static final Duration CHANGE_TIMEOUT = Duration.ofSeconds(20);

    private final Station alice = new Station("alice", "eth0", "10.1.0.10");
    private final Station moon = new Station("moon", "eth0", "10.1.0.1");
    private final Station carol = new Station("carol", "eth0", "10.1.0.129");
    private final Station dave = new Station("dave", "eth0", "10.1.0.130");
    private final Station mallory = new Station("mallory", "eth0", "192.168.0.66");
    private final Station impostor = new Station("mallory", "eth0", carol.address());
    /** The WAN's switch, which sees what passes from anybody to anybody. */
    private final Station wan = new Station("switches", "wan", "0.0.0.0");

    private final Charon gateway;
    private final Map<Station, Charon> clients;

    Network(Path logs, String gatewayPlugins) {
        gateway = new Charon(moon, logs, gatewayPlugins, "forecast { interface = eth1\n reinject = rw }");
        clients = Map.of(carol, new Charon(carol, logs, "", ""), dave, new Charon(dave, logs, "", ""));
    }

    Station alice() {
        return alice;
    }

    Station moon() {
        return moon;
    }

    Station carol() {
        return carol;
    }

    Station dave() {
        return dave;
    }

    /** On the WAN, without a tunnel. */
    Station mallory() {
        return mallory;
    }

    /** Mallory with carol's address inside, once she has it. */
    Station impostor() {
        return impostor;
    }

    Station wan() {
        return wan;
    }

    Charon gateway() {
        return gateway;
    }

    Charon charon(Station client) {
        return clients.get(client);
    }

    /** Starts all daemons; no tunnel is up. */
    void start() {
        gateway.start(Connections.moon(Connections.UNIQUE));
        clients.forEach((client, charon) -> charon.start(Connections.client(client.name(), false)));
    }

    /** Brings tunnels up, one after the other: the first gets the first virtual address. */
    void up(Station... stations) {
        for (final Station client : stations) {
            charon(client).swanctl("--initiate", "--child", "home", "--timeout", "15");
        }
    }

    void up() {
        up(carol, dave);
    }

    /** Takes tunnels down and waits until the gateway knows. */
    void down(Station... stations) {
        for (final Station client : stations) {
            charon(client).swanctl("--terminate", "--ike", "home", "--timeout", "15");
        }
        final int left = clients.size() - stations.length;
        awaitSas("less tunnels", sas -> sas.ikes().size() <= left);
    }

    void down() {
        down(carol, dave);
    }

    /** Brings both clients' tunnels up, whatever state they are in now. */
    void again() {
        clients.values().forEach(charon -> charon.attempt("--terminate", "--ike", "home", "--force", "--timeout", "1"));
        gateway.attempt("--terminate", "--ike", "rw", "--force", "--timeout", "1");
        awaitSas("no tunnel", sas -> sas.ikes().isEmpty());
        up();
    }

    /** The gateway's SAs. */
    Sas sas() {
        return Sas.parse(gateway.swanctl("--list-sas", "--raw"));
    }

    void awaitSas(String what, Predicate<Sas> condition) {
        Waiting.await(what, CHANGE_TIMEOUT, () -> condition.test(sas()));
    }

    /** Ends all daemons and lets go of all hosts. */
    @Override
    public void close() {
        final List<Charon> all = new ArrayList<>(clients.values());
        all.add(gateway);
        all.forEach(Charon::stop);
        List.of(alice, moon, carol, dave, mallory, impostor, wan).forEach(Station::close);
    }
}
