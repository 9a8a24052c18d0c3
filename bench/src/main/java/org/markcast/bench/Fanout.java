// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.markcast.bench.FanoutSettings.Mode;

/**
 * The fan-out benchmark: one contender beside the ceiling, on a {@link Stage} of its own.
 *
 * <ol>
 *   <li>What the service costs while nothing happens.
 *   <li>A heat of the {@link Race}: how many copies a second.
 *   <li>Nine tenths of that, evenly, for a while, and bursts: what is lost ({@link DeliveryTrial}).
 *   <li>Latency, at a moderate pace ({@link LatencyProbe}).
 * </ol>
 *
 * <p>Packets have their checksums, so the service does not complete any. SAs have no IPsec; every marked copy is routed to a
 * sink. Copies are counted by the kernel at the sinks, packets in the service's counter file, which is mapped: in the measured
 * time the service is asked nothing.
 */
final class Fanout implements AutoCloseable {

    /** Share of the maximum that must pass without loss. */
    static final double SUSTAINABLE = 0.9;

    private static final int MAX_PACE = 1_000;
    /** Share of what can be taken at which latency is measured. */
    private static final double MODERATE = 0.2;

    private final FanoutSettings settings;
    private final Progress progress;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Stage stage;
    private final Race race;
    private final Contender ceiling;
    private final Contender measured;

    Fanout(FanoutSettings settings, Progress progress) throws IOException {
        this.settings = settings;
        this.progress = progress;
        try {
            progress.step("starting");
            final SaPlan plan = settings.plan();
            stage = open(new Stage(plan.forwarders()));
            race = new Race(stage, new WarmUp(settings.timing().warmUpMs()));
            ceiling = open(new BareLoop(stage.gateway(), stage.packet(settings.length()), plan));
            measured = switch (settings.mode()) {
                case ENGINE -> open(Engine.start(stage, plan));
                case LOOP -> open(new PluginLoop(stage, plan));
                case CEILING -> ceiling;
            };
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.push(resource);
        return resource;
    }

    /** Does all that the class comment says. */
    FanoutReport run() throws IOException {
        final FanoutReport.Builder report = new FanoutReport.Builder(settings);
        if (measured instanceof Engine engine) {
            progress.step("idle");
            report.idle(Idle.share(race, engine, settings.timing().idleMs()));
        }
        final int gcLogStart = gcLogLength();
        progress.step("turns of half a second");
        measure(report);
        report.pauses(pauses(gcLogStart));
        if (measured.takesPackets()) {
            measureDelivery(report);
            measureLatency(report);
        }
        return report.missing(race.missing(measured), measured.copiesRefused()).build();
    }

    private void measure(FanoutReport.Builder report) throws IOException {
        final int rounds = (int) (TimeUnit.SECONDS.toMillis(settings.seconds()) / Race.TURN_MS);
        if (settings.mode() == Mode.CEILING) {
            final Score alone =
                    race.heat(settings.length(), List.of(ceiling), rounds).get(0);
            report.scores(alone, alone);
        } else {
            final List<Score> scores = race.heat(settings.length(), List.of(ceiling, measured), rounds);
            report.scores(scores.get(1), scores.get(0));
        }
    }

    private int gcLogLength() {
        return measured instanceof Engine engine ? engine.service().gcLogLength() : 0;
    }

    private MeasuredService.Pauses pauses(int gcLogStart) {
        return measured instanceof Engine engine
                ? engine.service().pauses(gcLogStart, engine.service().gcLogLength())
                : null;
    }

    private void measureDelivery(FanoutReport.Builder report) throws IOException {
        if (settings.sustainSeconds() == 0) {
            return;
        }
        final DeliveryTrial trial = new DeliveryTrial(stage, race, measured, settings.length());
        progress.step("90 % of the maximum for " + settings.sustainSeconds() + " s");
        report.sustained(trial.sustained(SUSTAINABLE * report.packetsPerSecond(), settings.sustainSeconds()));
        progress.step("bursts");
        report.bursts(trial.bursts());
    }

    private void measureLatency(FanoutReport.Builder report) throws IOException {
        progress.step("latency");
        final int pace = (int) Math.max(1, Math.min(MAX_PACE, MODERATE * report.packetsPerSecond()));
        try (LatencyProbe probe = stage.latencyProbe(settings.length())) {
            final int packets = pace * settings.timing().latencySeconds();
            report.latency(race.turn(measured, () -> probe.run(packets, pace)), pace);
        }
        race.drain(measured);
    }

    /** Ends the contenders, and with the last descriptor the network. */
    @Override
    public void close() throws IOException {
        Closing.all(opened);
    }
}
