// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.markcast.daemon.CommandFailure;
import org.markcast.daemon.ExitStatus;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Runs the JMH benchmarks as they are annotated, with the allocation profiler. */
@Command(name = "jmh", description = "Run the JMH benchmarks of the hot path, with what they allocate.")
final class JmhCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "REGEX",
            arity = "0..1",
            defaultValue = ".*",
            description = "which benchmarks, all by default: Match, FlowCacheBenchmark.cacheHit")
    private String include;

    @Override
    public Integer call() throws RunnerException {
        try {
            Pattern.compile(include);
            new Runner(new OptionsBuilder()
                            .include(include)
                            .addProfiler(GCProfiler.class)
                            .build())
                    .run();
            return ExitStatus.DONE;
        } catch (PatternSyntaxException e) {
            throw CommandFailure.usage(include + ": no regular expression: " + e.getDescription());
        } catch (NoBenchmarksException e) {
            throw CommandFailure.usage(include + ": no benchmark has such a name");
        }
    }
}
