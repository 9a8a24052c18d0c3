// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaTable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Cost of finding the SAs that want a packet, as SAs grow: what a flow costs that is not in the cache. The baseline is the
 * walk over all SAs and all their selectors that strongSwan's forecast plugin does for every packet.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(2)
public class MatchBenchmark {

    private static final int SOURCE_PORT = 40_000;
    private static final int DESTINATION_PORT = 1900;

    @Param({"1", "16", "256", "4096"})
    private int sas;

    /** How many SAs want the packet: all, or 10. */
    @Param({"all", "10"})
    private String matching;

    private SaTable table;
    private ListedSa[] list;
    private int[] found;
    private int next;

    record Range(int first, int last, int protocol, int firstPort, int lastPort) {

        static Range[] of(List<TrafficSelector> selectors) {
            return selectors.stream().map(Range::of).toArray(Range[]::new);
        }

        private static Range of(TrafficSelector selector) {
            final int first = Ipv4Address.of(selector.prefix().address());
            final int hostBits = 32 - selector.prefix().length();
            final int last = (int) (first + (1L << hostBits) - 1);
            return new Range(first, last, selector.protocol(), selector.firstPort(), selector.lastPort());
        }

        boolean holds(int address, int otherProtocol, int port) {
            return Integer.compareUnsigned(address, first) >= 0
                    && Integer.compareUnsigned(address, last) <= 0
                    && (protocol == 0 || protocol == otherProtocol)
                    && port >= firstPort
                    && port <= lastPort;
        }
    }

    /** An SA's selectors as the plugin would walk them. */
    record ListedSa(Range[] locals, Range[] remotes) {

        static ListedSa of(Sa sa) {
            return new ListedSa(Range.of(sa.localTs()), Range.of(sa.remoteTs()));
        }

        boolean wants(int source, int destination) {
            return isInOneOf(locals, source, SOURCE_PORT) && isInOneOf(remotes, destination, DESTINATION_PORT);
        }

        private static boolean isInOneOf(Range[] ranges, int address, int port) {
            for (final Range range : ranges) {
                if (range.holds(address, Ipv4Flyweight.PROTOCOL_UDP, port)) {
                    return true;
                }
            }
            return false;
        }
    }

    /** The same SAs for both. */
    @Setup
    public void setUp() {
        final List<Sa> sample = SampleSas.of(sas, matching.equals("all") ? sas : Integer.parseInt(matching));
        table = SaTable.of(sample, Set.of(), 1);
        found = new int[sample.size()];
        list = sample.stream().map(ListedSa::of).toArray(ListedSa[]::new);
    }

    /** What the service does for the first packet of a flow. */
    @Benchmark
    public int table() {
        return table.match(
                nextSource(), SamplePackets.GROUP, Ipv4Flyweight.PROTOCOL_UDP, SOURCE_PORT, DESTINATION_PORT, found);
    }

    @Benchmark
    public int listWalkBaseline() {
        final int source = nextSource();
        int count = 0;
        for (int i = 0; i < list.length; i++) {
            if (list[i].wants(source, SamplePackets.GROUP)) {
                found[count++] = i;
            }
        }
        return count;
    }

    private int nextSource() {
        return SamplePackets.NETWORK | ++next & 0xffff;
    }
}
