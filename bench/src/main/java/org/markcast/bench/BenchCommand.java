// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import org.markcast.daemon.CommandFailure;
import org.markcast.daemon.Subcommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The benchmarks as commands. */
@Command(
        name = "bench",
        description = "Measure what this machine does.",
        subcommands = {
            FanoutCommand.class,
            CompareCommand.class,
            CaptureCommand.class,
            ScaleCommand.class,
            JmhCommand.class
        })
public final class BenchCommand implements Subcommand {

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        throw CommandFailure.usage(
                "name a benchmark: " + String.join(", ", spec.subcommands().keySet()));
    }
}
