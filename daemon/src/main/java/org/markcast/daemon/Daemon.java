// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.IOException;
import java.net.Inet4Address;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.markcast.capture.Capture;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.config.ConfigReader;
import org.markcast.engine.ForwardingState;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.sa.SaTable;
import org.markcast.netfilter.KernelRules;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running service. Opened in this order, closed in the reverse: run directory, counters, rules, forwarding, control thread,
 * tunnels, control socket. Once it runs, everything here belongs to the control thread.
 */
final class Daemon implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    private static final long CONTROL_TIMEOUT_MS = 10_000;
    private static final long DROPS_INTERVAL_MS = 1_000;

    private final Path configFile;
    private final RunDirectory directory;
    private final CountersFile countersFile;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Optional<Forwarding> forwarding;
    private final ControlThread control;
    private final Tunnels tunnels;
    private final EpochClock clock = SystemEpochClock.INSTANCE;
    private final long startedMs = clock.time();

    private Config config;
    private KernelRules rules; // null: not wanted
    private SaTable sas;
    private int reloads;
    private long nextDropsMs;

    private Daemon(Path configFile, Config config, RunDirectory directory) throws IOException {
        this.configFile = configFile;
        this.config = config;
        this.directory = directory;
        opened.add(directory);
        try {
            countersFile = open(new CountersFile(directory.counters()));
            opened.add(this::closeRules);
            openRules();
            forwarding = config.forward() ? Optional.of(open(new Forwarding(config, counters()))) : Optional.empty();
            control = open(new ControlThread(this::work, new ErrorLog(), descriptors()));
            tunnels = open(new Tunnels(control::execute));
            sas = SaTable.of(List.of(), config.reinject(), config.forwarders());
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Starts the service.
     *
     * @param directory closed with the service, and also if the start fails
     * @throws org.markcast.linux.LinuxException if a socket cannot be had
     */
    static Daemon start(Path configFile, Config config, RunDirectory directory) throws IOException {
        final Daemon daemon = new Daemon(configFile, config, directory);
        try {
            daemon.run();
            return daemon;
        } catch (IOException | RuntimeException e) {
            daemon.close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.add(resource);
        return resource;
    }

    private int[] descriptors() {
        final List<Integer> descriptors = new ArrayList<>();
        forwarding.ifPresent(packets -> descriptors.add(packets.capture().fd()));
        if (rules != null) {
            descriptors.add(rules.fd());
        }
        return descriptors.stream().mapToInt(Integer::intValue).toArray();
    }

    private void run() throws IOException {
        if (forwarding.isEmpty()) {
            LOG.info("forward = no: nothing is captured or sent");
        }
        tunnels.follow(config);
        followTunnels();
        forwarding.ifPresent(Forwarding::start);
        control.start();
        open(ControlServer.start(directory.controlSocket(), this::answer));
        LOG.info(
                "running: {} SAs, {} forwarders, process {}",
                sas.size(),
                forwarding.map(Forwarding::forwarders).orElse(0),
                ProcessHandle.current().pid());
    }

    private Counters counters() {
        return countersFile.counters();
    }

    private void openRules() {
        if (config.rules()) {
            rules = KernelRules.open(config.leakGuard(), SystemNanoClock.INSTANCE);
        }
    }

    private void closeRules() {
        if (rules != null) {
            rules.close();
            rules = null;
        }
    }

    /** One turn of the control thread. */
    private void work() {
        final boolean haveLansChanged =
                forwarding.isPresent() && forwarding.get().capture().refresh();
        if (tunnels.refresh() || haveLansChanged) {
            followTunnels();
        }
        if (rules != null) {
            rules.work();
        }
        if (clock.time() >= nextDropsMs) {
            nextDropsMs = clock.time() + DROPS_INTERVAL_MS;
            forwarding.ifPresent(Forwarding::countDrops);
        }
    }

    /** Rules first: when the first copy with a mark leaves, the guard knows the mark. */
    private void followTunnels() {
        tunnels.refresh();
        sas = sas.successor(tunnels.current().sas(), config.reinject());
        if (rules != null) {
            rules.apply(
                    tunnels.current().sas(),
                    forwarding.map(Forwarding::broadcasts).orElse(Set.of()));
        }
        forwarding.ifPresent(packets -> packets.publish(sas, config));
    }

    /** Reads the configuration again and changes to it without a gap; a bad one changes nothing. From any thread. */
    void reload() {
        try {
            control.call(
                    () -> {
                        follow(ConfigReader.read(configFile));
                        return null;
                    },
                    CONTROL_TIMEOUT_MS);
        } catch (TimeoutException e) {
            LOG.error("the reload takes longer than {} ms", CONTROL_TIMEOUT_MS);
        } catch (IllegalStateException e) {
            if (e.getCause() instanceof ConfigException bad) {
                bad.problems().forEach(LOG::error);
                LOG.error("not reloaded: the service goes on with the configuration that it has");
            } else {
                LOG.error("not reloaded", e);
            }
        }
    }

    private void follow(Config latest) {
        if (latest.forward() != config.forward() || latest.forwarders() != config.forwarders()) {
            LOG.warn("forward and forwarders change with the next start");
        }
        final boolean hasOtherRules = latest.rules() != config.rules() || latest.leakGuard() != config.leakGuard();
        config = latest;
        if (hasOtherRules) {
            closeRules();
            openRules();
        }
        tunnels.follow(config);
        followTunnels();
        forwarding.ifPresent(packets -> packets.reconfigure(sas, config));
        reloads++;
        LOG.info("reloaded: {} SAs", sas.size());
    }

    private String answer(String request) {
        try {
            return switch (request) {
                case ControlServer.STATUS ->
                    control.call(this::status, CONTROL_TIMEOUT_MS).table();
                case ControlServer.STATUS_JSON ->
                    control.call(this::status, CONTROL_TIMEOUT_MS).json();
                default -> "";
            };
        } catch (TimeoutException e) {
            return "";
        }
    }

    private Status status() throws IOException {
        forwarding.ifPresent(Forwarding::countDrops);
        final Capture capture = forwarding.map(Forwarding::capture).orElse(null);
        return new Status(
                Version.read(),
                ProcessHandle.current().pid(),
                "running",
                TimeUnit.MILLISECONDS.toSeconds(clock.time() - startedMs),
                configFile.toString(),
                reloads,
                forwarding.map(Forwarding::forwarders).orElse(0),
                StatusParts.rules(rules),
                StatusParts.interfaces(capture),
                new Status.Decapsulated(
                        capture == null || capture.hasMarks(), capture == null ? 0 : capture.decapsulatedDrops()),
                config.groups().stream().map(Inet4Address::getHostAddress).toList(),
                config.strictGroups(),
                StatusParts.packets(counters()),
                StatusParts.copies(counters()),
                StatusParts.events(counters()),
                StatusParts.tunnels(sas, forwarding.map(Forwarding::state).orElse(ForwardingState.EMPTY)),
                tunnels.current().unhandled());
    }

    /** Stops in order. Idempotent. */
    @Override
    public void close() {
        for (int i = opened.size() - 1; i >= 0; i--) {
            try {
                opened.get(i).close();
            } catch (Exception e) {
                LOG.error("while stopping", e);
            }
        }
        opened.clear();
    }
}
