// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.counter.ForwarderCounters;
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
 * Cost of counting one packet, where others read along. Ours has a single writer, so it needs no locked instruction; the baselines are
 * what serves several writers.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(2)
public class CounterBenchmark {

    private final ForwarderCounters counters = Counters.inMemory(256).forwarder(0);
    private final AtomicLong atomic = new AtomicLong();
    private final LongAdder adder = new LongAdder();

    /** What the service does. */
    @Benchmark
    public void singleWriter() {
        counters.increment(Counter.CAPTURED);
    }

    @Benchmark
    public void atomicLongBaseline() {
        atomic.incrementAndGet();
    }

    @Benchmark
    public void longAdderBaseline() {
        adder.increment();
    }
}
