// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.markcast.bench.FanoutSettings.Mode;
import org.markcast.bench.FanoutSettings.Timing;
import org.markcast.daemon.CommandFailure;
import org.markcast.daemon.ExitStatus;
import org.markcast.daemon.IntRange;
import org.markcast.linux.LinuxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How many copies a second the service delivers when more is offered than it can take. */
@Command(
        name = "fanout",
        description =
                "Flood the real service with multicast in a network of its own and count the copies, beside a bare"
                        + " sendmmsg loop over the same batches: the ceiling.")
final class FanoutCommand implements Callable<Integer> {

    private static final IntRange SAS = new IntRange(1, 50_000);
    private static final IntRange LENGTH = new IntRange(UdpPacket.MIN_LENGTH, 1500);
    private static final IntRange SECONDS = new IntRange(1, 3600);
    private static final IntRange FORWARDERS = new IntRange(1, 64);
    private static final IntRange SUSTAIN = new IntRange(0, 3600);

    @Option(
            names = "--mode",
            paramLabel = "engine|loop|ceiling",
            defaultValue = "engine",
            description = "what to measure: the service, the way of strongSwan's forecast plugin, both beside the"
                    + " ceiling, or the ceiling alone (default: ${DEFAULT-VALUE})")
    private String mode;

    @Option(
            names = "--sas",
            paramLabel = "N",
            defaultValue = "100",
            description = "static SAs (default: ${DEFAULT-VALUE})")
    private int sas;

    @Option(names = "--match", paramLabel = "M", description = "how many of them want the packets (default: all)")
    private Integer match;

    @Option(
            names = "--len",
            paramLabel = "BYTES",
            defaultValue = "300",
            description = "length of a packet with its IP header (default: ${DEFAULT-VALUE})")
    private int length;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "5",
            description = "how long it is measured; all takes twice as long and some (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--forwarders",
            paramLabel = "K",
            defaultValue = "1",
            description = "threads of the service that forward, and of the bare loop (default: ${DEFAULT-VALUE})")
    private int forwarders;

    @Option(
            names = "--sustain",
            paramLabel = "S",
            defaultValue = "5",
            description = "how long to offer 90 % of the maximum, for the losses; 0: neither that nor bursts"
                    + " (default: ${DEFAULT-VALUE})")
    private int sustainSeconds;

    @Option(names = "--json", description = "end with one line that is a JSON object")
    private boolean isJson;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        final FanoutSettings settings = settings();
        final FanoutReport report =
                measure(settings, Progress.onTerminal(spec.commandLine().getErr()));
        final PrintWriter out = spec.commandLine().getOut();
        out.printf(
                "fan-out, %s: %d of %d SAs match, packets of %d bytes, %d forwarder%s, %d s%n%n",
                settings.mode().description(),
                settings.match(),
                settings.sas(),
                settings.length(),
                settings.forwarders(),
                settings.forwarders() == 1 ? "" : "s",
                settings.seconds());
        out.print(report.table());
        if (isJson) {
            out.println();
            out.println(report.json());
        }
        out.flush();
        if (report.missing() != report.refused()) {
            throw CommandFailure.failed(report.missing() + " copies were queued that the sink never saw, but "
                    + report.refused() + " are known to be refused");
        }
        return ExitStatus.DONE;
    }

    private FanoutSettings settings() {
        SAS.require("--sas", sas);
        if (requireMode() == Mode.LOOP && forwarders != 1) {
            throw CommandFailure.usage("--forwarders " + forwarders + ": the plugin's way has one thread");
        }
        final int matching = match == null ? sas : new IntRange(1, sas).require("--match", match);
        return new FanoutSettings(
                requireMode(),
                sas,
                matching,
                LENGTH.require("--len", length),
                SECONDS.require("--seconds", seconds),
                FORWARDERS.require("--forwarders", forwarders),
                SUSTAIN.require("--sustain", sustainSeconds),
                Timing.USUAL);
    }

    private Mode requireMode() {
        return Stream.of(Mode.values())
                .filter(known -> Text.lowerCase(known).equals(mode))
                .findFirst()
                .orElseThrow(() -> CommandFailure.usage("--mode " + mode + ": give engine, loop or ceiling"));
    }

    private static FanoutReport measure(FanoutSettings settings, Progress progress) throws IOException {
        try (Fanout fanout = new Fanout(settings, progress)) {
            return fanout.run();
        } catch (LinuxException e) {
            throw CommandFailure.failed(
                    e.getMessage() + "; the benchmark makes network namespaces: start it with bin/markcast", e);
        } catch (IllegalStateException e) {
            throw CommandFailure.failed(e.getMessage(), e);
        }
    }
}
