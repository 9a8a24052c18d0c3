// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.injector.TransportChecksum;
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
 * Cost of completing the UDP checksum of a packet from a sender on this machine. The baseline adds up byte by byte, as RFC 1071
 * reads.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(2)
public class ChecksumBenchmark {

    /** Bytes of the packet, IP header included. */
    @Param({"300", "1400"})
    private int length;

    private final Ipv4Flyweight ip = new Ipv4Flyweight();
    private SamplePackets packets;
    private UnsafeBuffer memory;
    private int next;

    @Setup
    public void setUp() {
        packets = new SamplePackets(length);
        memory = packets.memory();
    }

    /** What the service does. */
    @Benchmark
    public boolean complete() {
        ip.tryWrap(memory, packets.offset(next++), length);
        return TransportChecksum.complete(ip);
    }

    @Benchmark
    public int byteWiseBaseline() {
        final int packet = packets.offset(next++);
        final int udp = packet + Ipv4Flyweight.MIN_HEADER_LENGTH;
        final int udpLength = length - Ipv4Flyweight.MIN_HEADER_LENGTH;
        memory.putByte(udp + 6, (byte) 0);
        memory.putByte(udp + 7, (byte) 0);
        long sum = Ipv4Flyweight.PROTOCOL_UDP + udpLength;
        for (int i = packet + 12; i < packet + length; i++) { // addresses, then the UDP packet
            final int unsigned = memory.getByte(i) & 0xff;
            sum += (i - packet & 1) == 0 ? unsigned << 8 : unsigned;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        final int checksum = (int) ~sum & 0xffff;
        memory.putByte(udp + 6, (byte) (checksum >>> 8));
        memory.putByte(udp + 7, (byte) checksum);
        return checksum;
    }
}
