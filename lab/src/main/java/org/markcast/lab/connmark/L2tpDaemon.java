// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/** The xl2tpd of one host (xl2tpd.conf(5)), which bears PPP in the kernel's L2TP. */
final class L2tpDaemon implements AutoCloseable {

    /** The gateway inside PPP. */
    static final String INSIDE = "10.3.0.1";

    private static final Duration START_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration END_TIMEOUT = Duration.ofSeconds(20);
    private static final String SETTINGS = "/run/xl2tpd.conf";
    private static final String OPTIONS = "/run/ppp.options";
    private static final String CONTROL = "/run/xl2tpd/l2tp-control";
    private static final Pattern ADDRESS = Pattern.compile("inet (10\\.3\\.0\\.\\d+) peer");

    private final Station station;
    private final Path log;
    private final Process process;

    private L2tpDaemon(Station station, Path logs, String settings, String options) {
        this.station = station;
        log = logs.resolve(station + ".xl2tpd.log");
        station.write("/run/l2tp-secrets", "");
        station.write(SETTINGS, """
                [global]
                port = 1701
                auth file = /run/l2tp-secrets
                debug tunnel = yes
                debug state = yes
                """ + settings);
        station.write(OPTIONS, """
                noauth
                noccp
                noipv6
                nodefaultroute
                mtu 1280
                mru 1280
                lcp-echo-interval 0
                logfile %s
                """.formatted(logs.resolve(station + ".pppd.log")) + options);
        station.run("mkdir", "-p", "/run/xl2tpd");
        process = station.start(log, Map.of(), "xl2tpd", "-D", "-c", SETTINGS, "-p", "/run/xl2tpd.pid", "-C", CONTROL);
        Waiting.await(station + "'s xl2tpd", START_TIMEOUT, () -> Files.exists(station.path(CONTROL)));
    }

    /** The server, which gives addresses from 10.3.0.10 on. */
    static L2tpDaemon server(Station station, Path logs) {
        return new L2tpDaemon(station, logs, """
                [lns default]
                ip range = 10.3.0.10-10.3.0.99
                local ip = %s
                require authentication = no
                name = %s
                pppoptfile = %s
                length bit = yes
                """.formatted(INSIDE, station, OPTIONS), "");
    }

    /** A client, which speaks from port 1701 too. */
    static L2tpDaemon client(Station station, Path logs) {
        return new L2tpDaemon(
                station,
                logs,
                """
                [lac sun]
                lns = %s
                require authentication = no
                name = %s
                pppoptfile = %s
                length bit = yes
                """.formatted(Network.GATEWAY, station, OPTIONS),
                "ipcp-accept-local\nipcp-accept-remote\n");
    }

    void connect() {
        control("connect-lac", "sun");
    }

    void disconnect() {
        control("disconnect-lac", "sun");
    }

    /** What the server says of its tunnels. */
    String status() {
        return control("status-lns", "default");
    }

    private String control(String... command) {
        final List<String> all = new ArrayList<>(List.of("xl2tpd-control", "-d", "-c", CONTROL)); // mute without -d
        all.addAll(List.of(command));
        return station.attempt(Map.of(), all.toArray(String[]::new)).output(); // judged by its effect
    }

    /** The address that PPP has given to this client. */
    Optional<String> address() {
        final Matcher matcher = ADDRESS.matcher(
                station.attempt(Map.of(), "ip", "-4", "-o", "address").output());
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    /** How often something stands in its log. */
    long mentions(String text) {
        try {
            return Files.readAllLines(log).stream()
                    .filter(line -> line.contains(text))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends it and waits for PPP, which takes leave of the other side: its last words must find a tunnel. */
    @Override
    public void close() {
        process.destroy();
        Waiting.await("the end of " + station + "'s xl2tpd", END_TIMEOUT, () -> !process.isAlive());
        Waiting.await("the end of " + station + "'s PPP", END_TIMEOUT, () -> !hasPpp());
        station.run("rm", "-f", CONTROL);
    }

    private boolean hasPpp() {
        return station.run("ip", "-brief", "link").contains("ppp");
    }
}
