// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.markcast.bench.ComparisonSettings.USUAL_LENGTH;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.markcast.bench.ComparisonSettings.Part;
import org.markcast.bench.FanoutSettings.Timing;

/**
 * The whole matrix of the fan-out benchmark. What stands in one row, and rows that are divided by each other, come from the same
 * {@link Race}: its contenders have alternating turns in one network. A service is warmed up once for all packet lengths.
 */
final class Comparison {

    private static final int[] ALL_MATCH = {10, 100, 1_000};
    private static final int FEW = 10;
    private static final int[] MANY = {10, 1_000, 10_000};
    private static final int SHARDED = 100;
    private static final int FORWARDERS = 2;
    private static final int LATENCY_PACE = 1_000;

    private final ComparisonSettings settings;
    private final Progress progress;
    private final WarmUp warmUp;
    private final List<String> failures = new ArrayList<>();

    Comparison(ComparisonSettings settings, Progress progress) {
        this.settings = settings;
        this.progress = progress;
        warmUp = new WarmUp(settings.warmUpMs());
    }

    /** Contenders on one stage, and what closes them. */
    private final class Meeting implements AutoCloseable {

        private final Deque<AutoCloseable> opened = new ArrayDeque<>();
        private final List<Contender> contenders = new ArrayList<>();
        private final Stage stage;
        private final Race race;

        Meeting(int forwarders) {
            stage = opened(new Stage(forwarders));
            race = new Race(stage, warmUp);
        }

        private <T extends AutoCloseable> T opened(T resource) {
            opened.push(resource);
            return resource;
        }

        private <T extends Contender> T joined(T contender) {
            contenders.add(contender);
            return opened(contender);
        }

        Engine engine(SaPlan plan) throws IOException {
            progress.step("starting a service with " + Text.number(plan.sas()) + " SAs");
            return joined(Engine.start(stage, plan));
        }

        PluginLoop loop(SaPlan plan) {
            return joined(new PluginLoop(stage, plan));
        }

        BareLoop ceiling(SaPlan plan, int length) throws IOException {
            return joined(new BareLoop(stage.gateway(), stage.packet(length), plan));
        }

        /** Each copy that was queued has reached a sink, or is known not to. */
        private void checkBooks() {
            for (final Contender contender : contenders) {
                if (race.missing(contender) != contender.copiesRefused()) {
                    failures.add(contender.name() + ", " + contender.plan().match() + " of "
                            + contender.plan().sas() + " SAs: " + race.missing(contender)
                            + " copies were queued that the sink never saw, but " + contender.copiesRefused()
                            + " are known to be refused");
                }
            }
        }

        @Override
        public void close() throws IOException {
            Closing.all(opened);
        }
    }

    /** Measures what the settings say. */
    ComparisonReport run(Machine machine) throws IOException {
        final List<ComparisonReport.Copies> copies = new ArrayList<>();
        ComparisonReport.Service service = null;
        for (final int sas : ALL_MATCH) {
            final boolean isService = sas == ALL_MATCH[0] && settings.has(Part.SERVICE);
            if (settings.has(Part.COPIES) || isService) {
                try (Meeting meeting = new Meeting(1)) {
                    final Engine engine = meeting.engine(new SaPlan(sas, sas, 1));
                    final double idle = isService ? idle(meeting, engine) : 0;
                    final double packetsPerSecond = compareCopies(meeting, engine, copies);
                    service = isService ? measureService(meeting, engine, idle, packetsPerSecond) : service;
                    meeting.checkBooks();
                }
            }
        }
        return new ComparisonReport(
                machine,
                copies,
                settings.has(Part.FEW) ? compareFew() : List.of(),
                settings.has(Part.FORWARDERS) ? compareForwarders() : List.of(),
                service,
                failures);
    }

    private double idle(Meeting meeting, Engine engine) throws IOException {
        progress.step("idle");
        return Idle.share(meeting.race, engine, Timing.USUAL.idleMs());
    }

    /** Adds a row for each length; the packets a second at the usual one. */
    private double compareCopies(Meeting meeting, Engine engine, List<ComparisonReport.Copies> rows)
            throws IOException {
        final PluginLoop loop = meeting.loop(engine.plan());
        double usual = 0;
        for (final int length : settings.lengths()) {
            if (length == USUAL_LENGTH || settings.has(Part.COPIES)) {
                progress.step(engine.plan().sas() + " SAs, " + length + " bytes: ceiling, engine, loop");
                final BareLoop ceiling = meeting.ceiling(engine.plan(), length);
                final List<Score> scores = meeting.race.heat(length, List.of(ceiling, engine, loop), settings.rounds());
                final Score score = scores.get(1);
                if (settings.has(Part.COPIES)) {
                    rows.add(ComparisonReport.Copies.of(
                            engine.plan().sas(), length, score, scores.get(0), scores.get(2)));
                }
                usual = length == USUAL_LENGTH ? score.packetsPerSecond() : usual;
            }
        }
        return usual;
    }

    private ComparisonReport.Service measureService(
            Meeting meeting, Engine engine, double idle, double packetsPerSecond) throws IOException {
        final DeliveryTrial trial = new DeliveryTrial(meeting.stage, meeting.race, engine, USUAL_LENGTH);
        progress.step("90 % of the maximum for " + settings.sustainSeconds() + " s");
        final Delivery sustained = trial.sustained(Fanout.SUSTAINABLE * packetsPerSecond, settings.sustainSeconds());
        progress.step("bursts");
        final Delivery bursts = trial.bursts();
        progress.step("latency");
        final LatencyProbe.Latency latency;
        try (LatencyProbe probe = meeting.stage.latencyProbe(USUAL_LENGTH)) {
            final int packets = LATENCY_PACE * Timing.USUAL.latencySeconds();
            latency = meeting.race.turn(engine, () -> probe.run(packets, LATENCY_PACE));
        }
        meeting.race.drain(engine);
        return ComparisonReport.Service.of(engine.plan().sas(), idle, sustained, bursts, latency);
    }

    private List<ComparisonReport.Few> compareFew() throws IOException {
        try (Meeting meeting = new Meeting(1)) {
            final List<Contender> contenders = new ArrayList<>();
            for (final int many : MANY) {
                final SaPlan plan = new SaPlan(many, FEW, 1);
                contenders.add(meeting.engine(plan));
                contenders.add(meeting.loop(plan));
            }
            progress.step("few of many SAs match: engine and loop");
            final List<Score> scores = meeting.race.heat(USUAL_LENGTH, contenders, settings.rounds());
            meeting.checkBooks();
            final List<ComparisonReport.Few> rows = new ArrayList<>();
            for (int i = 0; i < MANY.length; i++) {
                rows.add(ComparisonReport.Few.of(
                        FEW, MANY[i], scores.get(2 * i), scores.get(0), scores.get(2 * i + 1), scores.get(1)));
            }
            return rows;
        }
    }

    private List<ComparisonReport.Forwarders> compareForwarders() throws IOException {
        try (Meeting meeting = new Meeting(FORWARDERS)) {
            final List<Contender> contenders = new ArrayList<>();
            for (int forwarders = 1; forwarders <= FORWARDERS; forwarders++) {
                final SaPlan plan = new SaPlan(SHARDED, SHARDED, forwarders);
                contenders.add(meeting.engine(plan));
                contenders.add(meeting.ceiling(plan, USUAL_LENGTH));
            }
            progress.step("one forwarder and two: engine and ceiling");
            final List<Score> scores = meeting.race.heat(USUAL_LENGTH, contenders, settings.rounds());
            meeting.checkBooks();
            final List<ComparisonReport.Forwarders> rows = new ArrayList<>();
            for (int i = 0; i < FORWARDERS; i++) {
                rows.add(ComparisonReport.Forwarders.of(
                        SHARDED, i + 1, scores.get(2 * i), scores.get(0), scores.get(2 * i + 1), scores.get(1)));
            }
            return rows;
        }
    }
}
