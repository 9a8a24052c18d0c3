// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.markcast.capture.CaptureFile;
import org.markcast.capture.CaptureFileException;
import org.markcast.capture.CapturedFrame;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Explains a capture file packet by packet. */
@Command(
        name = "replay",
        description = {
            "Read a capture file and print where each packet would go, and why. Needs no privilege.",
            "A capture holds no marks. So a packet whose source lies in a remote traffic selector of an SA counts as from"
                    + " that SA, any other as from the LAN.",
            "Broadcast addresses are those that the configured interfaces have on this machine. Where it lacks one of"
                    + " them, a destination also counts from its first frame on that was a broadcast on the link layer.",
            "Known are the SAs of the configuration's static section."
        })
final class ReplayCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "CAPTURE",
            description = "a file that tcpdump -w made, pcap or pcapng; - reads standard input")
    private Path capture;

    @Mixin
    private ConfigFile configFile;

    @Option(
            names = "--broadcast",
            paramLabel = "ADDRESS",
            converter = BroadcastAddress.class,
            description = "a further broadcast address of the LAN; repeatable")
    private List<Integer> broadcasts = new ArrayList<>();

    @Option(names = "--json", description = "print one JSON object per packet")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws ConfigException {
        if (!capture.equals(CaptureFile.STANDARD_INPUT) && (!Files.isReadable(capture) || Files.isDirectory(capture))) {
            throw CommandFailure.usage(capture + ": not a readable file; name one that tcpdump -w made");
        }
        final Config config = configFile.read();
        final ReplayLans lans = ReplayLans.of(config.interfaces(), LocalLans::find, broadcasts);
        try (CaptureFile file = CaptureFile.open(capture)) {
            final Replay replay = new Replay(config, lans);
            if (json) {
                print(file, replay, Verdict::json);
            } else {
                printWithSummary(file, replay, config, lans);
            }
        } catch (CaptureFileException e) {
            throw CommandFailure.failed(e.getMessage(), e);
        }
        return ExitStatus.DONE;
    }

    private void printWithSummary(CaptureFile file, Replay replay, Config config, ReplayLans lans)
            throws CaptureFileException {
        final ReplayLines lines = new ReplayLines(ZoneId.systemDefault());
        final ReplaySummary summary = new ReplaySummary(lans.all().size());
        final PrintWriter out = spec.commandLine().getOut();
        out.print(ReplayLines.header(config, lans, replay.saCount()));
        try {
            print(file, replay, verdict -> {
                summary.add(verdict);
                return lines.line(verdict);
            });
        } finally { // a damaged capture too has packets before the damage
            out.print(summary.text() + "\n");
            out.flush();
        }
    }

    private void print(CaptureFile file, Replay replay, Function<Verdict, String> line) throws CaptureFileException {
        final PrintWriter out = spec.commandLine().getOut();
        Optional<CapturedFrame> frame = file.next();
        while (frame.isPresent()) {
            out.print(line.apply(replay.judge(frame.get())) + "\n");
            if (out.checkError()) { // whoever read us, such as head(1), has had enough
                return;
            }
            frame = file.next();
        }
    }
}
