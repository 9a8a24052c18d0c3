// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.engine.Decision.ORIGIN_LAN;
import static org.markcast.engine.packet.TestPacket.address;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaTable;
import org.markcast.engine.sa.TestSa;

class FlowCacheTest {

    private static final int UDP = 17;
    private static final int HOST = address("10.1.0.10");
    private static final int GROUP = address("224.0.0.251");

    @Test
    void shouldMatchAFlowOnce() {
        final FlowCache cache = new FlowCache(0, everybody(3, 1));
        cache.find(ORIGIN_LAN, HOST, GROUP, UDP, 1, 1);
        cache.find(ORIGIN_LAN, HOST, GROUP, UDP, 1, 1);

        assertEquals(1, cache.misses());
        assertEquals(List.of(0, 1, 2), targets(cache));
    }

    @Test
    void shouldTellFlowsApartByEachPartOfTheKey() {
        final FlowCache cache = new FlowCache(0, everybody(3, 1));
        cache.find(ORIGIN_LAN, HOST, GROUP, UDP, 1, 2);
        cache.find(0, HOST, GROUP, UDP, 1, 2);
        cache.find(ORIGIN_LAN, HOST + 1, GROUP, UDP, 1, 2);
        cache.find(ORIGIN_LAN, HOST, GROUP + 1, UDP, 1, 2);
        cache.find(ORIGIN_LAN, HOST, GROUP, 6, 1, 2);
        cache.find(ORIGIN_LAN, HOST, GROUP, UDP, 2, 2);
        cache.find(ORIGIN_LAN, HOST, GROUP, UDP, 1, 1);
        cache.find(ORIGIN_LAN, HOST, GROUP, UDP, -1, -1);
        cache.find(ORIGIN_LAN, HOST, GROUP, UDP, 0xffff, 0xffff);

        assertEquals(9, cache.misses());
    }

    @Test
    void shouldKeepTheForwardersOwnSasButKnowOfTheOthers() {
        final SaTable table = everybody(3, 2);
        final FlowCache first = new FlowCache(0, table);
        final FlowCache second = new FlowCache(1, table);
        first.find(ORIGIN_LAN, HOST, GROUP, UDP, 1, 1);
        second.find(ORIGIN_LAN, HOST, GROUP, UDP, 1, 1);

        assertEquals(List.of(0, 2), targets(first));
        assertEquals(List.of(1), targets(second));
        second.find(1, HOST, GROUP, UDP, 1, 1);
        assertEquals(List.of(), targets(second));
        assertTrue(second.isWanted());
        final FlowCache alone = new FlowCache(0, everybody(1, 2));
        alone.find(0, HOST, GROUP, UDP, 1, 1);
        assertFalse(alone.isWanted());
    }

    @Test
    void shouldForgetWhenTheTableChanges() {
        final FlowCache cache = new FlowCache(0, everybody(3, 1));
        cache.find(ORIGIN_LAN, HOST, GROUP, UDP, 1, 1);
        cache.reset(everybody(2, 1));
        cache.find(ORIGIN_LAN, HOST, GROUP, UDP, 1, 1);

        assertEquals(2, cache.misses());
        assertEquals(List.of(0, 1), targets(cache));
    }

    @Test
    void shouldNotSpendArenaOnListsThatAreTheSame() {
        final int sas = 20_000;
        final FlowCache cache = new FlowCache(0, everybody(sas, 1));
        for (int round = 0; round < 2; round++) {
            for (int host = 0; host < 50; host++) {
                cache.find(ORIGIN_LAN, HOST + host, GROUP, UDP, 1, 1);
                assertEquals(sas, cache.count());
            }
        }
        assertEquals(50, cache.misses(), "fifty full lists would not fit");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldSurviveAFloodOfFlows(long seed) {
        final Random random = new Random(seed);
        final SaTable table = warriors(200);
        final FlowCache cache = new FlowCache(0, table);
        final int[] found = new int[table.size()];
        for (int i = 0; i < 200_000; i++) {
            final int origin = random.nextInt(201) - 1;
            final int source =
                    address("10.1.0.0") + random.nextInt(1 << 17); // half of them outside the local selectors
            final int port = random.nextInt(1 << 10);
            cache.find(origin, source, GROUP, UDP, port, 5353);

            final int count = table.match(source, GROUP, UDP, port, 5353, found);
            final List<Integer> expected = Arrays.stream(found, 0, count)
                    .filter(sa -> sa != origin)
                    .boxed()
                    .toList();
            assertEquals(expected, targets(cache));
            assertEquals(!expected.isEmpty(), cache.isWanted());
        }
    }

    @Test
    void shouldStillHitAHotFlowBetweenFloods() {
        final FlowCache cache = new FlowCache(0, everybody(10, 1));
        for (int flood = 0; flood < 100_000; flood++) {
            cache.find(ORIGIN_LAN, flood, GROUP, UDP, 1, 1);
            cache.find(ORIGIN_LAN, HOST, GROUP, UDP, 5353, 5353);
            assertEquals(10, cache.count());
        }
        assertTrue(cache.misses() < 100_000 + 10, "the hot flow was matched " + (cache.misses() - 100_000) + " times");
    }

    private static List<Integer> targets(FlowCache cache) {
        return Arrays.stream(cache.targets(), cache.first(), cache.first() + cache.count())
                .boxed()
                .toList();
    }

    /** All with the same selectors. */
    private static SaTable everybody(int count, int forwarders) {
        final List<Sa> sas = IntStream.range(0, count)
                .mapToObj(i -> TestSa.bare("sa" + i, i + 1)
                        .local("0.0.0.0/0")
                        .remote("224.0.0.0/4")
                        .build())
                .toList();
        return SaTable.of(sas, Set.of(), forwarders);
    }

    private static SaTable warriors(int count) {
        return SaTable.of(
                IntStream.range(0, count)
                        .mapToObj(i -> TestSa.roadWarrior("sa" + i, i + 1, Ipv4Address.text(address("10.1.1.0") + i))
                                .build())
                        .toList(),
                Set.of(),
                1);
    }
}
