// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.packet.Ipv4Flyweight;
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
 * Cost of reading what the forwarding rule asks of a packet's headers. The baseline is what a protocol library does: a slice
 * of the buffer and an object for each header.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(2)
public class HeaderParseBenchmark {

    private final SamplePackets packets = new SamplePackets(300);
    private final UnsafeBuffer memory = packets.memory();
    private final ByteBuffer bytes = memory.byteBuffer();
    private final Ipv4Flyweight ip = new Ipv4Flyweight();
    private int next;

    private record Ipv4Header(
            int headerLength, int totalLength, int fragment, int protocol, int source, int destination) {

        static Ipv4Header parse(ByteBuffer packet) {
            return new Ipv4Header(
                    (packet.get(0) & 0x0f) << 2,
                    packet.getShort(2) & 0xffff,
                    packet.getShort(6) & 0x3fff,
                    packet.get(9) & 0xff,
                    packet.getInt(12),
                    packet.getInt(16));
        }
    }

    private record UdpHeader(int sourcePort, int destinationPort) {

        static UdpHeader parse(ByteBuffer segment) {
            return new UdpHeader(segment.getShort(0) & 0xffff, segment.getShort(2) & 0xffff);
        }
    }

    /** A packet as a tree of objects. */
    public record ParsedPacket(Object ip, Object udp) {}

    /** What the service does. */
    @Benchmark
    public int flyweight() {
        if (!ip.tryWrap(memory, packets.offset(next++), packets.length())) {
            throw new IllegalStateException("a sample packet is malformed");
        }
        return ip.totalLength()
                ^ ip.source()
                ^ ip.destination()
                ^ ip.protocol()
                ^ ip.selectorSourcePort()
                ^ ip.selectorDestinationPort();
    }

    @Benchmark
    public ParsedPacket objectsBaseline() {
        final ByteBuffer packet = bytes.slice(packets.offset(next++), packets.length());
        final Ipv4Header header = Ipv4Header.parse(packet);
        final ByteBuffer segment = packet.slice(header.headerLength(), header.totalLength() - header.headerLength());
        return new ParsedPacket(header, UdpHeader.parse(segment));
    }
}
