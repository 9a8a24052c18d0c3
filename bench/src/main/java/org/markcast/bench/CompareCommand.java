// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.markcast.bench.ComparisonSettings.Part;
import org.markcast.daemon.CommandFailure;
import org.markcast.daemon.ExitStatus;
import org.markcast.linux.LinuxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The tables of the README: the service beside the ceiling and the plugin's way. */
@Command(
        name = "compare",
        description = "Measure the whole matrix: the service beside the ceiling and the way of strongSwan's forecast"
                + " plugin, few of many SAs, one forwarder and two, losses, latency. Prints Markdown.")
final class CompareCommand implements Callable<Integer> {

    @Option(names = "--quick", description = "a first look: shorter, packets of one length only")
    private boolean isQuick;

    @Option(
            names = "--only",
            paramLabel = "PART",
            split = ",",
            description = "some of copies, few, forwarders, service, with commas between them (default: all)")
    private List<String> only;

    @Option(names = "--json", description = "end with one line that is a JSON object")
    private boolean isJson;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        final Set<Part> parts = parts();
        final ComparisonReport report = measure(
                isQuick ? ComparisonSettings.quick(parts) : ComparisonSettings.full(parts),
                Progress.onTerminal(spec.commandLine().getErr()));
        final PrintWriter out = spec.commandLine().getOut();
        out.print(report.markdown(Machine.loadNow()));
        if (isJson) {
            out.println();
            out.println(report.json());
        }
        out.flush();
        if (!report.failures().isEmpty()) {
            throw CommandFailure.failed(String.join("; ", report.failures()));
        }
        return ExitStatus.DONE;
    }

    private Set<Part> parts() {
        if (only == null) {
            return EnumSet.allOf(Part.class);
        }
        final Set<Part> parts = EnumSet.noneOf(Part.class);
        for (final String name : only) {
            parts.add(Stream.of(Part.values())
                    .filter(part -> Text.lowerCase(part).equals(name))
                    .findFirst()
                    .orElseThrow(() -> CommandFailure.usage(
                            "--only " + name + ": give some of copies, few, forwarders, service")));
        }
        return parts;
    }

    private String commandLine() {
        return ("bin/markcast "
                        + String.join(" ", spec.commandLine().getParseResult().originalArgs()))
                .strip();
    }

    private ComparisonReport measure(ComparisonSettings settings, Progress progress) throws IOException {
        try {
            return new Comparison(settings, progress).run(Machine.describe(commandLine()));
        } catch (LinuxException e) {
            throw CommandFailure.failed(
                    e.getMessage() + "; the benchmark makes network namespaces: start it with bin/markcast", e);
        } catch (IllegalStateException e) {
            throw CommandFailure.failed(e.getMessage(), e);
        }
    }
}
