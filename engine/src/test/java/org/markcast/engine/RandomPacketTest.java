// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.agrona.DirectBuffer;
import org.junit.jupiter.api.Test;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.TestPacket;

class RandomPacketTest {

    private final Random random = new Random(20261121);
    private final Set<Counter> outcomes = EnumSet.noneOf(Counter.class);

    @Test
    void shouldComeToAnOutcomeForAnyBytes() {
        for (int i = 0; i < 50_000; i++) {
            final byte[] data = new byte[4 + random.nextInt(64)];
            random.nextBytes(data);
            outcomes.add(PacketFuzz.outcome(data));
        }
        assertTrue(outcomes.contains(Counter.DROPPED_MALFORMED), outcomes::toString);
    }

    @Test
    void shouldComeToAnOutcomeForPacketsWithErrors() {
        final CapturedPacket packet = TestPacket.mdns(RuleFixture.HOST).build();
        for (int i = 0; i < 50_000; i++) {
            outcomes.add(PacketFuzz.outcome(damaged(packet.buffer(), packet.offset(), packet.capturedLength())));
        }
        assertTrue(outcomes.contains(Counter.FORWARDED) && outcomes.size() > 3, outcomes::toString);
    }

    /** Cut off here and there, and with up to three wrong bytes. */
    private byte[] damaged(DirectBuffer buffer, int offset, int length) {
        final byte[] data = new byte[4 + length - (random.nextInt(4) == 0 ? random.nextInt(length) : 0)];
        data[2] = (byte) random.nextInt(3);
        data[3] = (byte) (data[2] == 0 ? TestPacket.LAN_INDEX : 9);
        buffer.getBytes(offset, data, 4, data.length - 4);
        for (int errors = random.nextInt(4); errors > 0; errors--) {
            data[random.nextInt(data.length)] = (byte) random.nextInt(256);
        }
        return data;
    }
}
