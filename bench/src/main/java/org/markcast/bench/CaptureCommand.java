// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.util.concurrent.Callable;
import org.markcast.daemon.CommandFailure;
import org.markcast.daemon.ExitStatus;
import org.markcast.daemon.IntRange;
import org.markcast.linux.LinuxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Why the service captures and waits as it does. */
@Command(
        name = "capture",
        description =
                "Hold the ways to capture packets and to wait for them against each other: what each costs flooded,"
                        + " at an even pace and idle, and how long a packet takes; then the same for the whole service.")
final class CaptureCommand implements Callable<Integer> {

    private static final BigDecimal LEAST_SECONDS = new BigDecimal("0.1");
    private static final BigDecimal MOST_SECONDS = new BigDecimal(600);
    private static final IntRange PACE = new IntRange(1, 10_000);

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "3",
            description = "how long each of 15 combinations is measured (default: ${DEFAULT-VALUE})")
    private BigDecimal seconds;

    @Option(
            names = "--pace",
            paramLabel = "N",
            defaultValue = "1000",
            description = "packets a second while latency is measured (default: ${DEFAULT-VALUE})")
    private int pace;

    @Option(names = "--json", description = "end with one line that is a JSON object")
    private boolean isJson;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        final CaptureSettings settings = settings();
        final CaptureReport report = measure(settings);
        final PrintWriter out = spec.commandLine().getOut();
        out.printf("`bench capture --seconds %s --pace %d`, %s%n%n", seconds, pace, MeasuredMachine.describe());
        out.print(report.markdown());
        out.printf(
                "%nBold: what the service does on a LAN interface. It polls its second socket, too, in each turn.%n");
        if (isJson) {
            out.println();
            out.println(report.json());
        }
        out.flush();
        return ExitStatus.DONE;
    }

    private CaptureSettings settings() {
        if (seconds.compareTo(LEAST_SECONDS) < 0 || seconds.compareTo(MOST_SECONDS) > 0) {
            throw CommandFailure.usage(
                    "--seconds " + seconds + ": give a number from " + LEAST_SECONDS + " to " + MOST_SECONDS);
        }
        return new CaptureSettings(seconds.movePointRight(3).longValue(), PACE.require("--pace", pace));
    }

    private static CaptureReport measure(CaptureSettings settings) throws IOException {
        try (CaptureBench bench = new CaptureBench(settings)) {
            return bench.run();
        } catch (LinuxException e) {
            throw CommandFailure.failed(
                    e.getMessage() + "; the benchmark makes network namespaces: start it with bin/markcast", e);
        } catch (IllegalStateException e) {
            throw CommandFailure.failed(e.getMessage(), e);
        }
    }
}
