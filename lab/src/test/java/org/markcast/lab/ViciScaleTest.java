// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.ipsec.vici.ScriptedCharon;
import org.markcast.ipsec.vici.ScriptedSa;
import org.markcast.linux.NetfilterNews;
import org.markcast.linux.NetfilterNews.News;
import org.markcast.linux.Poller;

/** Ten thousand SAs of a charon. What that costs is printed, not judged: the machine may be busy. */
@NetworkNamespaceTest
class ViciScaleTest {

    private static final int SAS = 10_000;
    private static final int BURST = 100;
    private static final int ROUNDS = 20;
    private static final int POLL_MS = 100;
    private static final Duration SOON = Duration.ofSeconds(60);

    private ViciScene scene;
    private KernelTable table;
    private ServiceProcess service;
    private NetfilterNews news;
    private Poller poller;

    @BeforeEach
    void start() throws IOException {
        scene = new ViciScene();
        table = scene.table();
        service = scene.startService(scene.config().set("leak_guard", "yes"), List.of());
        scene.awaitSas();
        news = scene.gateway().namespace().call(() -> new NetfilterNews("markcast"));
        poller = new Poller(news.fd());
    }

    @AfterEach
    void stop() {
        news.close();
        scene.close();
    }

    @Test
    void shouldHoldTenThousandSas() throws Exception {
        final ScriptedCharon charon = scene.startCharon(sas(1, SAS));
        charon.awaitConnections(1);
        final long startCpuMs = cpuMs();
        final long firstMs = millisUntil(() -> clientMarks() == SAS);
        final long firstCpuMs = cpuMs() - startCpuMs;
        awaitSas(SAS);
        assertEquals(
                SAS,
                table.elements("esp_marks").size()
                        + table.elements("natt_marks").size());
        assertEquals(SAS, table.elements("sa_marks").size());

        final ScriptedSa one = ScriptedSa.client(SAS + 1);
        shouldTouchOnly(one, 4, () -> charon.up(one));
        shouldTouchOnly(one, 3, () -> charon.down(one)); // the guard remembers its mark

        final long beforeOnesCpuMs = cpuMs();
        long upMs = 0;
        long downMs = 0;
        for (int i = 0; i < ROUNDS; i++) {
            charon.up(one);
            upMs += millisUntil(() -> true);
            charon.down(one);
            downMs += millisUntil(() -> true);
        }
        final long oneCpuMs = cpuMs() - beforeOnesCpuMs;

        final long beforeBurstCpuMs = cpuMs();
        for (final ScriptedSa sa : sas(SAS + 1, BURST)) {
            charon.up(sa);
        }
        final long burstMs = millisUntil(() -> clientMarks() == SAS + BURST);
        System.out.printf(
                "%d SAs: in the kernel %d ms after the connection (CPU %d ms); one up %d ms, one down %d ms (CPU %.1f ms);"
                        + " %d ups at once %d ms (CPU %d ms)%n",
                SAS,
                firstMs,
                firstCpuMs,
                upMs / ROUNDS,
                downMs / ROUNDS,
                oneCpuMs / (2.0 * ROUNDS),
                BURST,
                burstMs,
                cpuMs() - beforeBurstCpuMs);
    }

    /** Does something to charon. */
    private interface Change {
        void run() throws IOException;
    }

    private void shouldTouchOnly(ScriptedSa sa, int elements, Change change) throws IOException {
        try (RulesetMonitor monitor = new RulesetMonitor(scene.gateway())) {
            news.drain(0);
            change.run();
            millisUntil(() -> true);
            final List<String> changes = monitor.changes();
            assertEquals(elements, changes.size(), changes::toString);
            for (final String line : changes) {
                assertTrue(
                        line.contains(sa.vip()) || line.contains(sa.remoteHost()) || line.contains(hex(sa.mark())),
                        line);
            }
        }
    }

    private static String hex(int mark) {
        return String.format("0x%08x", mark);
    }

    private static ScriptedSa[] sas(int first, int count) {
        return IntStream.range(first, first + count)
                .mapToObj(ScriptedSa::client)
                .toArray(ScriptedSa[]::new);
    }

    private int clientMarks() {
        return table.elements("client_marks").size();
    }

    private void awaitSas(int count) {
        service.awaitStatus(
                "have " + count + " SAs",
                status -> status.json().getAsJsonArray("sas").size() == count);
    }

    /** Waits for changes of the table until a condition holds; the time of the last one, from now. */
    private long millisUntil(BooleanSupplier condition) {
        final long startNs = System.nanoTime();
        final long deadlineNs = startNs + SOON.toNanos();
        while (System.nanoTime() < deadlineNs) {
            if (poller.await(POLL_MS) && news.drain(0) != News.NONE) {
                final long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
                if (condition.getAsBoolean()) {
                    return ms;
                }
            }
        }
        throw new AssertionError("the table does not change so within " + SOON.toSeconds() + " s\n" + service.log());
    }

    private long cpuMs() {
        return ProcessHandle.of(service.pid())
                .orElseThrow()
                .info()
                .totalCpuDuration()
                .orElseThrow()
                .toMillis();
    }
}
