// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs every benchmark once, in this process, for a number of operations instead of a time: so it does not matter how busy the
 * machine is. Times mean nothing here; what is allocated does: harness and profiler allocate 6 KB, a tenth of a byte for each
 * operation.
 */
class BenchmarksTest {

    private static final double HARNESS_BYTES = 1;
    private static final int OPERATIONS = 50_000;
    private static final String BASELINE = "Baseline";
    private static final int BENCHMARKS_OF_OURS = 10;

    private static Collection<RunResult> results;

    @BeforeAll
    static void runAll() throws RunnerException {
        results = new Runner(new OptionsBuilder()
                        .include("org\\.markcast\\.bench\\.")
                        .addProfiler(GCProfiler.class)
                        .forks(0)
                        .mode(Mode.SingleShotTime)
                        .warmupIterations(1)
                        .warmupBatchSize(OPERATIONS)
                        .measurementIterations(1)
                        .measurementBatchSize(OPERATIONS)
                        .param("sas", "1", "256")
                        .shouldFailOnError(true)
                        .verbosity(VerboseMode.SILENT)
                        .build())
                .run();
    }

    @Test
    void shouldAllocateNothingInTheHotPath() {
        final List<RunResult> ours = results.stream()
                .filter(result -> !result.getParams().getBenchmark().contains(BASELINE))
                .toList();

        assertTrue(ours.size() >= BENCHMARKS_OF_OURS, () -> "only " + ours.size() + " ran");
        assertAll(ours.stream()
                .map(result -> () -> assertTrue(
                        allocated(result) < HARNESS_BYTES,
                        () -> result.getParams().id() + " allocates " + allocated(result) + " bytes an operation")));
    }

    @Test
    void shouldSeeTheAllocationsOfABaseline() {
        assertFalse(results.stream()
                .filter(result -> result.getParams().getBenchmark().endsWith("allocatingBaseline"))
                .filter(result -> allocated(result) > 100)
                .toList()
                .isEmpty());
    }

    private static double allocated(RunResult result) {
        for (final Result<?> secondary : result.getSecondaryResults().values()) {
            if (secondary.getLabel().endsWith("gc.alloc.rate.norm")) {
                return secondary.getScore() / OPERATIONS; // single shot: the whole batch counts as one
            }
        }
        throw new AssertionError(result.getParams().id() + " has no allocation rate");
    }
}
