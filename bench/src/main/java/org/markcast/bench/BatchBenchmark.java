// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.MessageBatch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Cost of preparing one copy for sendmmsg(2), in batches of 64: ours writes what differs into messages that were laid out
 * once. The baselines write every field of {@code struct mmsghdr} and all that it points to: into memory that stays, and into
 * a buffer allocated for each copy.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(2)
public class BatchBenchmark {

    private static final int COPIES = 64;
    private static final int MESSAGE_LENGTH = 64 + 96; // mmsghdr; address, iovec and two control messages
    private static final int PACKET_LENGTH = 300;

    private final MessageBatch batch = MessageBatch.marked(COPIES, true);
    private final ByteBuffer memory =
            ByteBuffer.allocateDirect(COPIES * MESSAGE_LENGTH).order(ByteOrder.nativeOrder());
    private final UnsafeBuffer messages = new UnsafeBuffer(memory);
    private final ByteBuffer[] allocated = new ByteBuffer[COPIES];
    private int firstMark;

    /** What the service does. */
    @Benchmark
    @OperationsPerInvocation(COPIES)
    public MessageBatch inPlace() {
        final int mark = ++firstMark;
        final long packet = messages.addressOffset();
        for (int i = 0; i < COPIES; i++) {
            batch.mark(i, SamplePackets.GROUP, mark + i, Ipv4Flyweight.PROTOCOL_UDP);
            batch.packet(i, packet, PACKET_LENGTH);
        }
        return batch;
    }

    @Benchmark
    @OperationsPerInvocation(COPIES)
    public UnsafeBuffer everyFieldBaseline() {
        final int mark = ++firstMark;
        final long packet = messages.addressOffset();
        for (int i = 0; i < COPIES; i++) {
            write(messages, i * MESSAGE_LENGTH, packet, mark + i);
        }
        return messages;
    }

    @Benchmark
    @OperationsPerInvocation(COPIES)
    public ByteBuffer[] allocatingBaseline() {
        final int mark = ++firstMark;
        final long packet = messages.addressOffset();
        for (int i = 0; i < COPIES; i++) {
            final ByteBuffer message = ByteBuffer.allocate(MESSAGE_LENGTH).order(ByteOrder.nativeOrder());
            write(new UnsafeBuffer(message), 0, packet, mark + i);
            allocated[i] = message;
        }
        return allocated;
    }

    private static void write(UnsafeBuffer buffer, int at, long packet, int mark) {
        final long base = buffer.addressOffset() + at;
        final int name = at + 64;
        final int iovec = name + 24;
        final int control = name + 40;
        buffer.putLong(at, base + 64);
        buffer.putInt(at + 8, 16);
        buffer.putLong(at + 16, base + 64 + 24);
        buffer.putLong(at + 24, 1);
        buffer.putLong(at + 32, base + 64 + 40);
        buffer.putLong(at + 40, 48);
        buffer.putInt(at + 48, 0);
        buffer.putInt(at + 56, 0);
        buffer.putShort(name, (short) 2);
        buffer.putShort(name + 2, (short) 0);
        buffer.putInt(name + 4, SamplePackets.GROUP, ByteOrder.BIG_ENDIAN);
        buffer.putLong(name + 8, 0);
        buffer.putLong(iovec, packet);
        buffer.putLong(iovec + 8, PACKET_LENGTH);
        putControl(buffer, control, 1, 36, mark);
        putControl(buffer, control + 24, 0, 52, Ipv4Flyweight.PROTOCOL_UDP);
    }

    private static void putControl(UnsafeBuffer buffer, int at, int level, int type, int value) {
        buffer.putLong(at, 20);
        buffer.putInt(at + 8, level);
        buffer.putInt(at + 12, type);
        buffer.putInt(at + 16, value);
    }
}
