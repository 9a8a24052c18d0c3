// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.markcast.bench.LinkWatch.Passed;
import org.markcast.bench.ScaleReport.Memory;
import org.markcast.bench.ScaleReport.StartTimes;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;

/** The service with static SAs: how soon it forwards, and the memory that it takes. */
final class StaticTrial {

    private static final long PACE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LOOK_INTERVAL_MS = 2;
    private static final long START_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long SETTLE_MS = 1_000;

    /** Fewer than the service's ring holds: none is lost. */
    private static final int PACKETS_TO_ALL = 1_000;

    private static final long STANDSTILL_NS = TimeUnit.SECONDS.toNanos(2);
    private static final int STATUS_CALLS = 5;

    private final ScaleNetwork network;
    private final int sas;
    private final boolean hasRules;
    private final String config;

    StaticTrial(ScaleNetwork network, int sas, boolean hasRules) {
        this.network = network;
        this.sas = sas;
        this.hasRules = hasRules;
        final ServiceConfig text = network.config(sas).set("rules", hasRules ? "yes" : "no");
        config = text.text();
    }

    /** Starts the service again and again; from before its files are written to its first copy at the sink. */
    StartTimes startTimes(int runs) {
        final long[] timesNs = new long[runs];
        for (int run = 0; run < runs; run++) {
            final long startNs = WallClock.nowNs();
            try (ServiceProcess service = launch()) {
                timesNs[run] = awaitFirstCopy(service) - startNs;
            }
        }
        return StartTimes.of(sas, hasRules, Durations.of(timesNs));
    }

    private ServiceProcess launch() {
        return ServiceProcess.launch(network.gateway(), config, ScaleNetwork.jvmOptions());
    }

    /** When it passed the sink. */
    private long awaitFirstCopy(ServiceProcess service) {
        final long deadlineNs = System.nanoTime() + START_TIMEOUT_NS;
        try (LinkWatch sink = network.watchSink();
                PacedFlow flow = network.flow(ScaleNetwork.ONE, PACE_NS)) {
            while (System.nanoTime() < deadlineNs) {
                final Passed passed = sink.look(ScaleNetwork.ONE.address());
                if (passed.count() > 0) {
                    return passed.firstNs();
                }
                requireAlive(service);
                Threads.sleepMs(LOOK_INTERVAL_MS);
            }
            throw new IllegalStateException("the service with " + sas + " SAs forwards none of " + flow.sent()
                    + " packets within " + TimeUnit.NANOSECONDS.toSeconds(START_TIMEOUT_NS) + " s of its start");
        }
    }

    private static void requireAlive(ServiceProcess service) {
        if (!ProcessHandle.of(service.pid()).map(ProcessHandle::isAlive).orElse(false)) {
            throw new IllegalStateException("the service ended before it forwarded anything:\n" + service.log());
        }
    }

    /** Starts the service once more and gives it something to do. */
    Memory memory() throws IOException {
        try (ServiceProcess service = launch()) {
            awaitFirstCopy(service);
            Threads.sleepMs(SETTLE_MS);
            final ResidentMemory started = ResidentMemory.of(service.pid());
            final long copies = sendToAll();
            final ResidentMemory forwarded = ResidentMemory.of(service.pid());
            for (int i = 0; i < STATUS_CALLS; i++) {
                service.status();
            }
            return Memory.of(sas, started, copies, forwarded, ResidentMemory.of(service.pid()));
        }
    }

    /** How many copies have reached the sink when no more come. */
    private long sendToAll() {
        final long before = network.gateway().sinkPackets();
        try (PacedFlow flow = network.flow(ScaleNetwork.ALL, PACE_NS)) {
            while (flow.sent() < PACKETS_TO_ALL) {
                Threads.sleepMs(LOOK_INTERVAL_MS);
            }
        }
        long last = before;
        long sinceNs = System.nanoTime();
        while (System.nanoTime() - sinceNs < STANDSTILL_NS) {
            Threads.sleepMs(100);
            final long now = network.gateway().sinkPackets();
            if (now != last) {
                last = now;
                sinceNs = System.nanoTime();
            }
        }
        if (last == before) {
            throw new IllegalStateException("the service sends no copy of " + PACKETS_TO_ALL + " packets to all SAs");
        }
        return last - before;
    }
}
