// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Asks the running service what it does. */
@Command(
        name = "status",
        description =
                "Show what the running service does: interfaces, groups, tunnels with their marks and counters, and"
                        + " drops by reason.")
final class StatusCommand implements Callable<Integer> {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final Duration WATCH_INTERVAL = Duration.ofSeconds(1);

    /** Cursor home, erase below (ECMA-48): redraws without flicker. */
    private static final String REDRAW = "\u001b[H\u001b[J";

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Option(names = "--watch", description = "again every second, until interrupted")
    private boolean watch;

    @Mixin
    private RunDirectoryOption runDirectory;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws InterruptedException {
        final PrintWriter out = spec.commandLine().getOut();
        print(out, ask());
        while (watch && !out.checkError()) { // an error: whoever read us, such as head(1), has had enough
            Thread.sleep(WATCH_INTERVAL.toMillis());
            print(out, ask());
        }
        return ExitStatus.DONE;
    }

    private String ask() {
        final ControlClient client = new ControlClient(RunDirectory.controlSocket(runDirectory.path()), TIMEOUT);
        try {
            return client.ask(json ? ControlServer.STATUS_JSON : ControlServer.STATUS);
        } catch (IOException e) {
            throw CommandFailure.failed(e.getMessage(), e);
        }
    }

    private void print(PrintWriter out, String answer) {
        if (watch && !json && System.console() != null) {
            out.print(REDRAW);
        }
        out.print(answer);
        out.flush();
    }
}
