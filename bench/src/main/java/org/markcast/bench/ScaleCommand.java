// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.markcast.daemon.CommandFailure;
import org.markcast.daemon.ExitStatus;
import org.markcast.daemon.IntRange;
import org.markcast.linux.LinuxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How soon the service forwards after its start and after a change, and what that costs, with many SAs. */
@Command(
        name = "scale",
        description = "Start the real service with many SAs in a network of its own, add and remove some over VICI, and"
                + " measure how soon packets are forwarded, what other packets notice, and the memory.")
final class ScaleCommand implements Callable<Integer> {

    private static final IntRange SAS = new IntRange(1, 50_000);
    private static final IntRange CHANGES = new IntRange(1, 10_000);
    private static final IntRange SECONDS = new IntRange(1, 600);

    @Option(
            names = "--sas",
            paramLabel = "N",
            defaultValue = "10000",
            description = "SAs that are there all the time (default: ${DEFAULT-VALUE})")
    private int sas;

    @Option(
            names = "--changes",
            paramLabel = "C",
            defaultValue = "50",
            description = "how often one more comes and goes (default: ${DEFAULT-VALUE})")
    private int changes;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "5",
            description = "how long packets are watched while SAs change, and again while they do not"
                    + " (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Option(names = "--json", description = "end with one line that is a JSON object")
    private boolean isJson;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        final ScaleSettings settings = new ScaleSettings(
                SAS.require("--sas", sas),
                CHANGES.require("--changes", changes),
                SECONDS.require("--seconds", seconds));
        final PrintWriter out = spec.commandLine().getOut();
        out.printf("control plane: %d SAs, %d changes, %d s of packets%n", sas, changes, seconds);
        final ScaleReport report = measure(settings, out);
        out.println();
        out.print(report.table());
        if (isJson) {
            out.println();
            out.println(report.json());
        }
        out.flush();
        return ExitStatus.DONE;
    }

    private static ScaleReport measure(ScaleSettings settings, PrintWriter out) throws IOException {
        try {
            return new Scale(settings, step -> {
                        out.println("  " + step);
                        out.flush();
                    })
                    .run();
        } catch (LinuxException e) {
            throw CommandFailure.failed(
                    e.getMessage() + "; the benchmark makes network namespaces: start it with bin/markcast", e);
        } catch (IllegalStateException | UncheckedIOException e) {
            throw CommandFailure.failed(oneLine(e.getMessage()), e);
        }
    }

    /** The first line of a message and, where it goes on with the service's log, the last, which tells what happened. */
    static String oneLine(String message) {
        final List<String> lines = message.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
        return lines.size() < 2
                ? message.strip().replaceFirst(":$", "")
                : lines.get(0) + " " + lines.get(lines.size() - 1);
    }
}
