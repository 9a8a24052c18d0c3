// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

/** The IKE daemon of one host, with its own configuration, control socket and log. */
public final class Charon {

    private static final Duration START_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);
    private static final String SETTINGS = "/run/strongswan.conf";
    private static final Map<String, String> ENVIRONMENT = Map.of("STRONGSWAN_CONF", SETTINGS);

    private final Station station;
    private final Path logs;
    private final String plugins;
    private final String settings;
    private Process process;

    /**
     * @param plugins to load besides those that everybody needs
     * @param settings of those plugins, for strongswan.conf
     */
    public Charon(Station station, Path logs, String plugins, String settings) {
        this.station = station;
        this.logs = logs;
        this.plugins = plugins;
        this.settings = settings;
    }

    /** Starts it and loads what stands in {@code connections}, see {@link #load}. */
    public void start(String connections) {
        station.write(SETTINGS, settings());
        station.run("rm", "-f", "/run/charon.vici", "/run/charon.pid");
        process = station.start(log("charon.err"), ENVIRONMENT, "/usr/lib/ipsec/charon");
        Waiting.await(station + "'s charon", START_TIMEOUT, this::isListening);
        load(connections);
    }

    private boolean isListening() {
        if (!process.isAlive()) {
            throw new IllegalStateException(station + "'s charon ended with status " + process.exitValue());
        }
        return Files.exists(station.path("/run/charon.vici"))
                && station.attempt(ENVIRONMENT, "swanctl", "--stats").status() == 0;
    }

    private String settings() {
        return """
                charon {
                    load = random nonce openssl kdf vici kernel-netlink socket-default updown %s
                    piddir = /run
                    retransmit_tries = 2
                    delete_rekeyed_delay = 1
                    filelog {
                        lab {
                            path = %s
                            append = yes
                            flush_line = yes
                            time_format = %%T
                            time_add_ms = yes
                            default = 1
                        }
                    }
                    plugins {
                        %s
                    }
                }
                swanctl {
                    load = random
                }
                """.formatted(plugins, log("charon.log"), settings);
    }

    private Path log(String what) {
        return logs.resolve(station + "." + what);
    }

    /** Replaces connections, pools and secrets; what is up stays as it is. */
    public void load(String connections) {
        station.write("/etc/swanctl/swanctl.conf", connections);
        swanctl("--load-all", "--noprompt");
    }

    /** The output of swanctl. */
    public String swanctl(String... arguments) {
        final Station.Outcome outcome = attempt(arguments);
        if (outcome.status() != 0) {
            throw new IllegalStateException(
                    station + ": swanctl " + String.join(" ", arguments) + ": " + complaints(outcome.output()));
        }
        return outcome.output();
    }

    /** What became of swanctl, whatever that is. */
    public Station.Outcome attempt(String... arguments) {
        final String[] command = new String[arguments.length + 1];
        command[0] = "swanctl";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        return station.attempt(ENVIRONMENT, command);
    }

    /** Without the directories that it looks for in vain. */
    private static String complaints(String output) {
        return output.lines()
                .filter(line -> !line.startsWith("opening directory"))
                .collect(Collectors.joining("; "));
    }

    public long pid() {
        return process.pid();
    }

    /** Ends it without giving it a chance to clean up. */
    public void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** Ends it as a service manager does, if it runs. */
    public void stop() {
        if (process != null) {
            process.destroy();
            awaitEnd();
        }
    }

    private void awaitEnd() {
        Waiting.await("the end of " + station + "'s charon", STOP_TIMEOUT, () -> !process.isAlive());
    }
}
