// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** Offers one contender packets of which none should be lost, and sees what arrives. */
final class DeliveryTrial {

    static final int BURSTS = 10;
    static final int BURST = 1_000;

    private static final long PAUSE_MS = 50;
    private static final long LOOK_INTERVAL_MS = 5;

    private final Stage stage;
    private final Race race;
    private final Contender contender;
    private final int length;

    DeliveryTrial(Stage stage, Race race, Contender contender, int length) {
        this.stage = stage;
        this.race = race;
        this.contender = contender;
        this.length = length;
    }

    /** What the sender did. */
    private record Sent(long packets, long elapsedNs, long mostBehind) {}

    /** Sends evenly for a while. */
    Delivery sustained(double perSecond, int seconds) throws IOException {
        return delivery(() -> {
            final Flood flood = Flood.even(stage.sender(), stage.packet(length), perSecond);
            final long startNs = System.nanoTime();
            final long packetsBefore = contender.packets();
            long mostBehind = 0;
            try (flood) {
                while (System.nanoTime() - startNs < TimeUnit.SECONDS.toNanos(seconds)) {
                    Threads.sleepMs(LOOK_INTERVAL_MS);
                    mostBehind = Math.max(mostBehind, flood.offered() - (contender.packets() - packetsBefore));
                }
            }
            return new Sent(flood.offered(), System.nanoTime() - startNs, mostBehind);
        });
    }

    /** Sends bursts back to back, each when the one before has been dealt with; the pace is that within a burst. */
    Delivery bursts() throws IOException {
        return delivery(() -> {
            final long packetsBefore = contender.packets();
            long elapsedNs = 0;
            long mostBehind = 0;
            try (PacketSender sender = new PacketSender(stage.sender(), stage.packet(length))) {
                for (int i = 0; i < BURSTS; i++) {
                    final long startNs = System.nanoTime();
                    sender.burst(BURST);
                    elapsedNs += System.nanoTime() - startNs;
                    final long offered = (i + 1L) * BURST;
                    mostBehind = Math.max(mostBehind, offered - (contender.packets() - packetsBefore));
                    Threads.sleepMs(PAUSE_MS);
                    Race.awaitRest(contender);
                }
            }
            return new Sent((long) BURSTS * BURST, elapsedNs, mostBehind);
        });
    }

    private Delivery delivery(Race.Work<Sent> sending) throws IOException {
        return race.turn(contender, () -> {
            final long dropsBefore = contender.kernelDrops();
            final long copiesBefore = stage.sinkPackets();
            final long packetsBefore = contender.packets();
            final Sent sent = sending.run();
            Race.awaitRest(contender);
            final long copies = stage.sinkPackets() - copiesBefore;
            return new Delivery(
                    sent.elapsedNs() / 1e9,
                    Math.round(sent.packets() * 1e9 / sent.elapsedNs()),
                    sent.packets(),
                    contender.packets() - packetsBefore,
                    contender.kernelDrops() - dropsBefore,
                    sent.mostBehind(),
                    copies,
                    sent.packets() * contender.plan().match() - copies);
        });
    }
}
