// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The main job on real packets, in a network of its own. */
@Command(
        name = "demo",
        description = "Run the real service between a LAN host and N clients in a network of its own, send real mDNS,"
                + " SSDP and broadcast packets, and show who received what. Ends with demo: PASS or demo: FAIL.")
final class DemoCommand implements Callable<Integer> {

    /** Two at least: a packet from one client must have another to reach. */
    private static final IntRange SAS = new IntRange(2, 1000);

    private static final IntRange SECONDS = new IntRange(1, 3600);

    @Option(names = "--sas", paramLabel = "N", defaultValue = "3", description = "tunnels (default: ${DEFAULT-VALUE})")
    private int sas;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "5",
            description = "how long packets are awaited at most (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        SAS.require("--sas", sas);
        SECONDS.require("--seconds", seconds);
        throw new ExecutionException(spec.commandLine(), "not built yet");
    }
}
