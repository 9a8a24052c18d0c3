// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.IOException;
import java.net.Inet4Address;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.markcast.capture.Capture;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.config.ConfigReader;
import org.markcast.engine.ForwarderAgent;
import org.markcast.engine.ForwardingState;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.port.LanInterface;
import org.markcast.engine.sa.SaTable;
import org.markcast.injector.Injector;
import org.markcast.ipsec.StaticSas;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running service. Opened in this order, closed in the reverse: run directory, counters, capture, forwarders, control
 * thread, control socket. Once it runs, everything here belongs to the control thread.
 */
final class Daemon implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    private static final long CONTROL_TIMEOUT_MS = 5_000;
    private static final long DROPS_INTERVAL_MS = 1_000;

    /** About 20 us of looking at the sources before waiting: less than a wake-up delays a packet. */
    private static final int FORWARDER_SPINS = 20;

    private final Path configFile;
    private final RunDirectory directory;
    private final CountersFile countersFile;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<Forwarder> forwarders = new ArrayList<>();
    private final Capture capture;
    private final EpochClock clock = SystemEpochClock.INSTANCE;
    private final long startedMs = clock.time();

    private Config config;
    private SaTable sas;
    private ForwardingState state = ForwardingState.EMPTY;
    private ControlThread control;
    private int reloads;
    private long nextDropsMs;

    /** A forwarder thread and what it waits with. */
    private record Forwarder(ForwarderAgent agent, AgentRunner runner, PollingIdle idle) {}

    private Daemon(Path configFile, Config config, RunDirectory directory) throws IOException {
        this.configFile = configFile;
        this.config = config;
        this.directory = directory;
        opened.add(directory);
        try {
            countersFile = open(new CountersFile(directory.counters()));
            capture = config.forward()
                    ? open(new Capture(config.forwarders(), config.interfaces(), groups(config)))
                    : null;
            sas = SaTable.of(StaticSas.of(config), config.reinject(), config.forwarders());
            for (int i = 0; capture != null && i < config.forwarders(); i++) {
                addForwarder(i);
            }
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

    private void addForwarder(int index) {
        final Injector injector =
                open(Injector.open(SystemNanoClock.INSTANCE, counters().forwarder(index)));
        final ForwarderAgent agent =
                new ForwarderAgent(index, counters().forwarder(index), injector, SystemNanoClock.INSTANCE);
        final PollingIdle idle = new PollingIdle(FORWARDER_SPINS, capture.fds(index));
        forwarders.add(new Forwarder(agent, new AgentRunner(idle, new ErrorLog(), null, agent), idle));
    }

    private void run() throws IOException {
        explainLimits();
        publish();
        for (final Forwarder forwarder : forwarders) {
            opened.add(forwarder.runner());
            AgentRunner.startOnThread(forwarder.runner());
        }
        control = open(
                new ControlThread(this::work, new ErrorLog(), capture == null ? new int[0] : new int[] {capture.fd()}));
        control.start();
        open(ControlServer.start(directory.controlSocket(), this::answer));
        LOG.info(
                "running: {} SAs, {} forwarders, process {}",
                sas.size(),
                forwarders.size(),
                ProcessHandle.current().pid());
    }

    private void explainLimits() {
        if (capture == null) {
            LOG.info("forward = no: nothing is captured or sent");
        } else if (!capture.hasMarks()) {
            LOG.warn("this kernel does not tell the marks of packets (needs Linux 5.19): the source address decides"
                    + " which tunnel a packet came from");
        }
        if (config.rules() || config.leakGuard()) {
            LOG.warn("rules and leak_guard: this version does not manage nftables rules; set both to no, and see to it"
                    + " that decapsulated packets get their marks");
        }
    }

    private Counters counters() {
        return countersFile.counters();
    }

    private static List<Integer> groups(Config config) {
        return config.groups().stream().map(Ipv4Address::of).toList();
    }

    /** One turn of the control thread. */
    private void work() {
        if (capture == null) {
            return;
        }
        if (capture.refresh()) {
            publish();
        }
        if (clock.time() >= nextDropsMs) {
            nextDropsMs = clock.time() + DROPS_INTERVAL_MS;
            countDrops();
        }
    }

    /** The kernel's own count of what it dropped because we were slow. */
    private void countDrops() {
        for (final String name : capture.names()) {
            counters().named("kernel drops on " + name).setRelease(capture.drops(name));
        }
        counters().named("kernel drops of decapsulated packets").setRelease(capture.decapsulatedDrops());
    }

    /** Hands the forwarders what they work by now, with the sources that they poll now; returns the generation. */
    private long publish() {
        final Optional<List<Inet4Address>> strict =
                config.strictGroups() ? Optional.of(config.groups()) : Optional.empty();
        state = new ForwardingState(
                sas, counters().forSas(sas), lans(), strict, capture != null && !capture.hasMarks());
        long generation = 0;
        for (int i = 0; i < forwarders.size(); i++) {
            forwarders.get(i).idle().follow(capture.fds(i));
            generation = forwarders.get(i).agent().publish(state, capture.sources(i));
        }
        return generation;
    }

    private List<LanInterface> lans() {
        return capture == null ? List.of() : capture.usable();
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
        config = latest;
        sas = sas.successor(StaticSas.of(config), config.reinject());
        if (capture != null) {
            capture.reconfigure(config.interfaces(), groups(config));
            awaitForwarders(publish());
            capture.closeRetired();
        }
        reloads++;
        LOG.info("reloaded: {} SAs", sas.size());
    }

    /** A source must not be closed under a forwarder that still polls it. */
    private void awaitForwarders(long generation) {
        final long deadlineNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CONTROL_TIMEOUT_MS);
        for (final Forwarder forwarder : forwarders) {
            while (!forwarder.agent().hasSeen(generation)) {
                if (System.nanoTime() > deadlineNs) {
                    throw new IllegalStateException(
                            forwarder.agent().roleName() + " does not take the new configuration");
                }
                Thread.onSpinWait();
            }
        }
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
        if (capture != null) {
            countDrops();
        }
        return new Status(
                Version.read(),
                ProcessHandle.current().pid(),
                "running",
                TimeUnit.MILLISECONDS.toSeconds(clock.time() - startedMs),
                configFile.toString(),
                reloads,
                forwarders.size(),
                StatusParts.interfaces(capture),
                new Status.Decapsulated(
                        capture == null || capture.hasMarks(), capture == null ? 0 : capture.decapsulatedDrops()),
                config.groups().stream().map(Inet4Address::getHostAddress).toList(),
                config.strictGroups(),
                StatusParts.packets(counters()),
                StatusParts.copies(counters()),
                StatusParts.events(counters()),
                StatusParts.tunnels(state));
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
