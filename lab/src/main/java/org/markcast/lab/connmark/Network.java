// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.markcast.lab.uml.Charon;
import org.markcast.lab.uml.Sas;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/** The hosts of {@code lab/uml/connmark.hosts}, their IKE daemons and NATs. */
final class Network implements AutoCloseable {

    static final String GATEWAY = "192.168.0.2";

    private static final Duration CHANGE_TIMEOUT = Duration.ofSeconds(20);

    private final Station alice = new Station("alice", "eth0", "10.1.0.10");
    private final Station venus = new Station("venus", "eth0", "10.1.0.20");
    /** Has the address of alice, behind another NAT. */
    private final Station carol = new Station("carol", "eth0", "10.1.0.10");

    private final Station sun = new Station("sun", "eth0", GATEWAY);
    /** The gateway at its second line to the internet. */
    private final Station sunByCable = new Station("sun", "eth1", "192.168.1.2");

    private final Station moon = new Station("moon", "eth0", "192.168.0.1");
    private final Station mars = new Station("mars", "eth0", "192.168.0.3");
    /** The WAN's switch, which sees what passes from anybody to anybody. */
    private final Station wan = new Station("switches", "wan", "0.0.0.0");
    /** That of the second line. */
    private final Station cable = new Station("switches", "cable", "0.0.0.0");

    private final Router moonRouter = new Router(moon);
    private final Router marsRouter = new Router(mars);
    private final Charon gateway;
    private final Map<Station, Charon> charons = new LinkedHashMap<>();

    Network(Path logs, String gatewayPlugins) {
        gateway = new Charon(sun, logs, gatewayPlugins, "");
        for (final Station client : clients()) {
            charons.put(client, new Charon(client, logs, "", ""));
        }
    }

    Station alice() {
        return alice;
    }

    Station venus() {
        return venus;
    }

    Station carol() {
        return carol;
    }

    /** The first two are behind one NAT. */
    List<Station> clients() {
        return List.of(alice, venus, carol);
    }

    Station sun() {
        return sun;
    }

    Station wan() {
        return wan;
    }

    /** The gateway at its second line to the internet. */
    Station sunByCable() {
        return sunByCable;
    }

    Station cable() {
        return cable;
    }

    /** The gateway of alice's and venus's site, outside. */
    Station moonOutside() {
        return moon;
    }

    Router moon() {
        return moonRouter;
    }

    Router mars() {
        return marsRouter;
    }

    Charon gateway() {
        return gateway;
    }

    Charon charon(Station client) {
        return charons.get(client);
    }

    /** Starts NATs and daemons; no tunnel is up. */
    void start() {
        moonRouter.start();
        marsRouter.start();
        gateway.start(Connections.sun());
        charons.forEach((client, charon) -> charon.start(Connections.client(client.name())));
    }

    /** Loads other connections into all daemons. */
    void load(String gatewayText, Function<String, String> clientText) {
        gateway.load(gatewayText);
        charons.forEach((client, charon) -> charon.load(clientText.apply(client.name())));
    }

    /** Brings tunnels up, one after the other. */
    void up(List<Station> stations) {
        stations.forEach(
                client -> charon(client).swanctl("--initiate", "--child", Connections.TO_SUN, "--timeout", "15"));
        awaitSas("tunnels", sas -> stations.stream().allMatch(client -> child(sas, client) != null));
    }

    /** Takes tunnels down and waits until the gateway knows. */
    void down(List<Station> stations) {
        stations.forEach(
                client -> charon(client).swanctl("--terminate", "--ike", Connections.TO_SUN, "--timeout", "15"));
        awaitSas("less tunnels", sas -> stations.stream().allMatch(client -> child(sas, client) == null));
    }

    /** Ends all tunnels, whatever state they are in. */
    void abandon() {
        charons.values()
                .forEach(charon ->
                        charon.attempt("--terminate", "--ike", Connections.TO_SUN, "--force", "--timeout", "1"));
        gateway.attempt("--terminate", "--ike", "clients", "--force", "--timeout", "1");
        awaitSas("no tunnel", sas -> sas.ikes().isEmpty());
    }

    /** The gateway's SAs. */
    Sas sas() {
        return Sas.parse(gateway.swanctl("--list-sas", "--raw"));
    }

    void awaitSas(String what, Predicate<Sas> condition) {
        Waiting.await(what, CHANGE_TIMEOUT, () -> condition.test(sas()));
    }

    /** The gateway's end of a client's CHILD_SA; null if there is none. */
    static Sas.Child child(Sas sas, Station client) {
        return sas.ikes().stream()
                .filter(ike -> ike.peer().equals(client.name()))
                .flatMap(ike -> ike.children().stream())
                .filter(Sas.Child::isInstalled)
                .findFirst()
                .orElse(null);
    }

    /** The port outside that the gateway believes a client to have. */
    static int port(Sas sas, Station client) {
        return sas.ikes().stream()
                .filter(ike -> ike.peer().equals(client.name()))
                .findFirst()
                .map(Sas.Ike::remotePort)
                .orElse(0);
    }

    /** Ends all daemons and lets go of all hosts. */
    @Override
    public void close() {
        final List<Charon> all = new ArrayList<>(charons.values());
        all.add(gateway);
        all.forEach(Charon::stop);
        List.of(alice, venus, carol, sun, sunByCable, moon, mars, wan, cable).forEach(Station::close);
    }
}
