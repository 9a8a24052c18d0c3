// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
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
            description =
                    "how long the service is measured; all takes twice as long and some (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--forwarders",
            paramLabel = "K",
            defaultValue = "1",
            description = "threads of the service that forward, and of the bare loop (default: ${DEFAULT-VALUE})")
    private int forwarders;

    @Option(names = "--json", description = "end with one line that is a JSON object")
    private boolean isJson;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        final FanoutSettings settings = settings();
        final FanoutReport report = measure(settings);
        final PrintWriter out = spec.commandLine().getOut();
        out.printf(
                "fan-out: %d of %d SAs match, packets of %d bytes, %d forwarder%s, %d s%n%n",
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
            throw CommandFailure.failed("the service queued " + report.missing()
                    + " copies that the sink never saw, and knows of only " + report.refused() + " that were refused");
        }
        return ExitStatus.DONE;
    }

    private FanoutSettings settings() {
        SAS.require("--sas", sas);
        final int matching = match == null ? sas : new IntRange(1, sas).require("--match", match);
        return new FanoutSettings(
                sas,
                matching,
                LENGTH.require("--len", length),
                SECONDS.require("--seconds", seconds),
                FORWARDERS.require("--forwarders", forwarders));
    }

    private static FanoutReport measure(FanoutSettings settings) throws IOException {
        try (Fanout fanout = new Fanout(settings)) {
            return fanout.run();
        } catch (LinuxException e) {
            throw CommandFailure.failed(
                    e.getMessage() + "; the benchmark makes network namespaces: start it with bin/markcast", e);
        } catch (IllegalStateException e) {
            throw CommandFailure.failed(e.getMessage(), e);
        }
    }
}
