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
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.markcast.capture.Capture;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.config.ConfigReader;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.sa.SaTable;
import org.markcast.netfilter.KernelRules;
import org.markcast.netfilter.Masquerading;
import org.markcast.netfilter.TableText;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The running service. Opened in this order, closed in the reverse: run directory, counters, rules, uplinks, masquerading, forwarding, control
 * thread, tunnels, control socket. Once it runs, everything here belongs to the control thread.
 */
final class Daemon implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    private static final long CONTROL_TIMEOUT_MS = 10_000;
    private static final long DROPS_INTERVAL_NS = TimeUnit.SECONDS.toNanos(1);

    private final Path configFile;
    private final RunDirectory directory;
    private final CountersFile countersFile;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Pinning pinning;
    private final Optional<Forwarding> forwarding;
    private final ControlThread control;
    private final Tunnels tunnels;
    private final NanoClock clock = SystemNanoClock.INSTANCE;
    private final long startedNs = clock.nanoTime();

    private Config config;
    private KernelRules rules; // null: not wanted
    private Masquerading masquerading; // null: not wanted
    private SaTable sas;
    private boolean isGuarded = true;
    private int reloads;
    private long nextDropsNs = clock.nanoTime();

    private Daemon(Path configFile, Config config, RunDirectory directory) throws IOException {
        this.configFile = configFile;
        this.config = config;
        this.directory = directory;
        opened.add(directory);
        try {
            countersFile = open(new CountersFile(directory.counters()));
            opened.add(this::closeRules);
            openRules();
            pinning = open(new Pinning(config));
            opened.add(this::closeMasquerading);
            followMasquerade();
            forwarding = config.forward() ? Optional.of(open(new Forwarding(config, counters()))) : Optional.empty();
            control = open(new ControlThread(this::work, new ErrorLog(), newsFds()));
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

    private void run() throws IOException {
        if (forwarding.isEmpty()) {
            LOG.info("forward = no: nothing is captured or sent");
        }
        followSources(config);
        followTunnels();
        forwarding.ifPresent(Forwarding::start);
        control.start();
        open(ControlServer.start(directory.controlSocket(), this::answer));
        LOG.info(
                "running: {}{}, process {}",
                StatusTable.count(sas.size(), "SA"),
                forwarding
                        .map(packets -> ", " + StatusTable.count(packets.forwarders(), "forwarder"))
                        .orElse(""),
                ProcessHandle.current().pid());
    }

    private void followSources(Config latest) {
        tunnels.follow(latest);
        config = latest.withoutStaticSas();
    }

    /** What the control thread has to wake up for. */
    private int[] newsFds() {
        final IntStream ofCapture =
                forwarding.stream().mapToInt(packets -> packets.capture().fd());
        return IntStream.concat(ofCapture, pinning.fds()).toArray();
    }

    private Counters counters() {
        return countersFile.counters();
    }

    private void openRules() {
        if (config.rules()) {
            rules = KernelRules.open(config.leakGuard(), config.connmark(), SystemNanoClock.INSTANCE);
            rules.remember(directory.marks());
        }
        LockOut.warnings(config).forEach(LOG::warn);
    }

    private void closeRules() {
        if (rules != null) {
            rules.close();
            rules = null;
        }
    }

    private void closeMasquerading() {
        if (masquerading != null) {
            masquerading.close();
            masquerading = null;
        }
    }

    /** Starts, stops or reconfigures what the section {@code masquerade} asks for. */
    private void followMasquerade() {
        if (masquerading != null) {
            masquerading.configure(config.masquerade());
            if (rules == null) { // and so its table is gone already
                masquerading.work();
                closeMasquerading();
            }
        } else if (config.masquerade().isEnabled()) {
            masquerading = Masquerading.open(config.masquerade(), directory.leases(), rules);
        }
        ExternalAddresses.problems(config.masquerade()).forEach(LOG::warn);
    }

    /** Those that do not follow from the SAs. */
    private List<TableText> tables() {
        final List<TableText> tables = new ArrayList<>(ConfiguredTables.of(
                config, forwarding.map(packets -> packets.capture().names()).orElseGet(() -> LocalLans.names(config))));
        tables.addAll(pinning.tables());
        leasing().map(Masquerading::table).ifPresent(tables::add);
        return tables;
    }

    /** Empty also while only the connections of former leases are left to forget. */
    private Optional<Masquerading> leasing() {
        return Optional.ofNullable(masquerading)
                .filter(former -> config.masquerade().isEnabled());
    }

    /** One turn of the control thread. */
    private void work() {
        final boolean haveLansChanged =
                forwarding.isPresent() && forwarding.get().capture().refresh();
        final boolean haveUplinksChanged = pinning.refresh();
        if (tunnels.refresh() || haveLansChanged || haveUplinksChanged) {
            followTunnels();
        }
        releaseConnections();
        if (rules != null) {
            rules.work();
            if (masquerading != null) {
                masquerading.work();
                if (masquerading.isDone()) {
                    closeMasquerading();
                }
            }
            if (isGuarded != isGuarded()) {
                followTunnels();
            }
        }
        if (clock.nanoTime() - nextDropsNs >= 0) {
            nextDropsNs = clock.nanoTime() + DROPS_INTERVAL_NS;
            forwarding.ifPresent(Forwarding::countDrops);
        }
    }

    /** Rules first: when the first copy with a mark leaves, the guard knows the mark. Without the guard none leaves. */
    private void followTunnels() {
        tunnels.refresh();
        pinning.check(tunnels.current().sas(), config.uplinks());
        if (rules != null) {
            rules.setTables(tables());
            rules.setComplete(tunnels.areComplete());
            rules.apply(
                    tunnels.current().sas(),
                    forwarding.map(Forwarding::broadcasts).orElseGet(() -> LocalLans.broadcasts(config)));
        }
        if (isGuarded && !isGuarded()) {
            LOG.warn("nothing is forwarded to tunnels or from them until the leak guard is in place");
        }
        isGuarded = isGuarded();
        sas = sas.successor(isGuarded ? tunnels.current().sas() : List.of(), config.reinject());
        forwarding.ifPresent(packets -> packets.publish(sas, config));
        releaseConnections();
    }

    /** Whoever sends would be pinned again by rules that are still in place. */
    private void releaseConnections() {
        if (rules == null || rules.problem().isEmpty()) {
            pinning.release();
        }
    }

    private boolean isGuarded() {
        return rules == null || !config.leakGuard() || rules.problem().isEmpty();
    }

    /** Reads the configuration again and changes to it without a gap; a bad one changes nothing. From any thread. */
    void reload() {
        try {
            control.call(
                    () -> {
                        final long heapBytes = Runtime.getRuntime().totalMemory();
                        follow(ConfigReader.read(configFile, LOG::warn));
                        giveBackMemory(heapBytes);
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

    /**
     * Reading ten thousand SAs takes more memory than having them, and without a collection the heap would keep it: an idle
     * service makes no garbage. A configuration that fits costs nothing.
     */
    private static void giveBackMemory(long formerHeapBytes) {
        if (Runtime.getRuntime().totalMemory() > formerHeapBytes) {
            System.gc();
        }
    }

    private void follow(Config latest) {
        if (latest.forward() != config.forward() || latest.forwarders() != config.forwarders()) {
            LOG.warn("forward and forwarders change with the next start");
        }
        pinning.follow(latest); // before all else: what it opens it may not get
        final boolean wantedRules = config.rules();
        config = latest;
        if (config.rules() != wantedRules) {
            closeRules();
            openRules();
        } else if (rules != null) {
            rules.configure(config.leakGuard(), config.connmark());
            LockOut.warnings(config).forEach(LOG::warn);
        }
        followMasquerade();
        control.follow(newsFds());
        followSources(latest);
        followTunnels();
        if (forwarding.isPresent()) {
            forwarding.get().reconfigure(sas, config);
            followTunnels(); // the rules depend on the LANs
        }
        reloads++;
        LOG.info("reloaded: {}", StatusTable.count(sas.size(), "SA"));
    }

    private Stream<String> answer(String request) {
        try {
            return switch (request) {
                case ControlServer.STATUS ->
                    control.call(this::status, CONTROL_TIMEOUT_MS).table();
                case ControlServer.STATUS_JSON ->
                    control.call(this::status, CONTROL_TIMEOUT_MS).json();
                default -> Stream.of();
            };
        } catch (TimeoutException e) {
            return Stream.of();
        }
    }

    private Status status() throws IOException {
        forwarding.ifPresent(Forwarding::countDrops);
        final Optional<Capture> capture = forwarding.map(Forwarding::capture);
        final Optional<Counters> packets = forwarding.map(forwarders -> counters());
        return new Status(
                Version.read(),
                ProcessHandle.current().pid(),
                "running",
                TimeUnit.NANOSECONDS.toSeconds(clock.nanoTime() - startedNs),
                configFile.toString(),
                reloads,
                forwarding.map(Forwarding::forwarders).orElse(null),
                StatusParts.rules(rules, config.connmark()),
                StatusParts.firewall(rules, config.firewall()),
                leasing().map(StatusParts::masquerade).orElse(null),
                capture.map(StatusParts::interfaces).orElse(null),
                pinning.status(config.uplinks()),
                capture.map(StatusParts::decapsulated).orElse(null),
                capture.map(lans -> config.groups().stream()
                                .map(Inet4Address::getHostAddress)
                                .toList())
                        .orElse(null),
                capture.map(lans -> config.strictGroups()).orElse(null),
                packets.map(StatusParts::packets).orElse(null),
                packets.map(StatusParts::copies).orElse(null),
                packets.map(StatusParts::events).orElse(null),
                StatusParts.tunnels(sas, forwarding.map(Forwarding::state).orElse(null), rules),
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
