// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.markcast.engine.Decision;
import org.markcast.engine.FlowCache;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.engine.sa.SaTable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Cost of finding the targets of a packet whose flow is known (hit) and of one whose flow is new (miss), with 256 SAs of which
 * 10 match. The baseline is a {@link HashMap} from a key record to an array; it asks the same table on a miss, and starts
 * over at as many flows.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(2)
public class FlowCacheBenchmark {

    private static final int SAS = 256;
    private static final int MATCHING = 10;
    private static final int KNOWN_FLOWS = 1024;
    private static final int MAX_FLOWS = 1 << 14; // as the flow cache has
    private static final int DESTINATION_PORT = 1900;

    private final SaTable sas = SaTable.of(SampleSas.of(SAS, MATCHING), Set.of(), 1);
    private final FlowCache cache = new FlowCache(0, sas);
    private final Map<FlowKey, int[]> map = new HashMap<>();
    private final int[] found = new int[SAS];
    private int next;

    private record FlowKey(
            int origin, int source, int destination, int protocol, int sourcePort, int destinationPort) {}

    /** What the service does for nearly every packet. */
    @Benchmark
    public int cacheHit() {
        return find(++next % KNOWN_FLOWS, DESTINATION_PORT);
    }

    /** What the service does for the first packet of a flow: every flow differs from all those that it remembers. */
    @Benchmark
    public int cacheMiss() {
        next++;
        return find(next & 0xffff, next >>> 16 & 0xffff);
    }

    private int find(int host, int destinationPort) {
        cache.find(
                Decision.ORIGIN_LAN,
                SamplePackets.NETWORK | host,
                SamplePackets.GROUP,
                Ipv4Flyweight.PROTOCOL_UDP,
                host,
                destinationPort);
        return cache.targets()[cache.first()] + cache.count();
    }

    @Benchmark
    public int mapHitBaseline() {
        return findInMap(++next % KNOWN_FLOWS, DESTINATION_PORT);
    }

    @Benchmark
    public int mapMissBaseline() {
        next++;
        return findInMap(next & 0xffff, next >>> 16 & 0xffff);
    }

    private int findInMap(int host, int destinationPort) {
        if (map.size() == MAX_FLOWS) {
            map.clear();
        }
        final FlowKey key = new FlowKey(
                Decision.ORIGIN_LAN,
                SamplePackets.NETWORK | host,
                SamplePackets.GROUP,
                Ipv4Flyweight.PROTOCOL_UDP,
                host,
                destinationPort);
        final int[] targets = map.computeIfAbsent(key, this::match);
        return targets[0] + targets.length;
    }

    private int[] match(FlowKey key) {
        final int count = sas.match(
                key.source(), key.destination(), key.protocol(), key.sourcePort(), key.destinationPort(), found);
        return Arrays.copyOf(found, count);
    }
}
