// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.ipsec.vici.ScriptedCharon;
import org.markcast.ipsec.vici.ScriptedSa;

/**
 * The service with the SAs of a charon that speaks VICI and has nothing behind it, inside this process. One more SA comes and
 * goes, each time another, with the group {@link ScaleNetwork#NEWCOMER}.
 */
final class ChangingService implements AutoCloseable {

    private static final Duration LINGER = Duration.ofMinutes(5);
    private static final long PACE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LOOK_INTERVAL_MS = 2;
    private static final long LOAD_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long SETTLE_MS = 1_000;

    private final ScaleNetwork network;
    private final Path directory;
    private final ScriptedCharon charon;
    private final MeasuredService service;

    private int lastNumber;
    private ScriptedSa newcomer;

    private ChangingService(
            ScaleNetwork network, Path directory, ScriptedCharon charon, MeasuredService service, int sas) {
        this.network = network;
        this.directory = directory;
        this.charon = charon;
        this.service = service;
        lastNumber = sas;
    }

    /** Starts charon and the service, and waits until the service has all SAs and has come to rest. */
    static ChangingService start(ScaleNetwork network, int sas, boolean hasRules) throws IOException {
        final Path directory = Files.createTempDirectory("markcast-scale-");
        final Path socket = directory.resolve("charon.vici");
        final ScriptedCharon charon = ScriptedCharon.start(socket, sas(sas));
        final ServiceConfig config = network.config().vici(socket, LINGER).set("rules", hasRules ? "yes" : "no");
        final MeasuredService service;
        try {
            service = MeasuredService.start(network.gateway(), config.text(), ScaleNetwork.jvmOptions());
        } catch (IOException | RuntimeException e) {
            charon.stop();
            Files.delete(directory);
            throw e;
        }
        final ChangingService changing = new ChangingService(network, directory, charon, service, sas);
        try {
            changing.awaitLoaded();
            return changing;
        } catch (RuntimeException e) {
            changing.close();
            throw e;
        }
    }

    private static List<ScriptedSa> sas(int count) {
        final List<ScriptedSa> sas = new ArrayList<>();
        for (int n = 1; n <= count; n++) {
            sas.add(ScriptedSa.client(n).wanting((n == 1 ? ScaleNetwork.ONE : ScaleNetwork.ALL).toString()));
        }
        return sas;
    }

    private void awaitLoaded() {
        final long deadlineNs = System.nanoTime() + LOAD_TIMEOUT_NS;
        try (LinkWatch sink = network.watchSink();
                PacedFlow flow = network.flow(ScaleNetwork.ONE, PACE_NS)) {
            while (sink.look(ScaleNetwork.ONE.address()).count() == 0) {
                if (System.nanoTime() > deadlineNs) {
                    throw new IllegalStateException("the service does not take over " + lastNumber
                            + " SAs over VICI: it forwarded none of " + flow.sent() + " packets");
                }
                Threads.sleepMs(LOOK_INTERVAL_MS);
            }
        }
        Threads.sleepMs(SETTLE_MS);
    }

    MeasuredService service() {
        return service;
    }

    /** How often charon was asked for all its SAs. */
    int fullReads() {
        return charon.lists();
    }

    /** Tells of one more SA; when its first event began to be written, by {@link WallClock}. */
    long add() throws IOException {
        lastNumber++;
        newcomer = ScriptedSa.client(lastNumber).wanting(ScaleNetwork.NEWCOMER.toString());
        final long nowNs = WallClock.nowNs();
        charon.up(newcomer);
        return nowNs;
    }

    /** Tells that it is gone; when the first event began to be written. */
    long remove() throws IOException {
        final long nowNs = WallClock.nowNs();
        charon.down(newcomer);
        newcomer = null;
        return nowNs;
    }

    /** Adds, or removes what was added. */
    void change() throws IOException {
        if (newcomer == null) {
            add();
        } else {
            remove();
        }
    }

    @Override
    public void close() throws IOException {
        try {
            service.close();
        } finally {
            charon.stop();
            Files.delete(directory);
        }
    }
}
