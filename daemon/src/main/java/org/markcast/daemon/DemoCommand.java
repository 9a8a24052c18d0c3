// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.markcast.daemon.demo.Demo;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The main job on real packets, in a network of its own. */
@Command(
        name = "demo",
        description = "Run the real service between a LAN host and N clients in a network of its own, send real mDNS,"
                + " SSDP and broadcast packets, and show who received what. Ends with demo: PASS or demo: FAIL.")
final class DemoCommand implements Callable<Integer> {

    /** Two at least: a packet from one client must have another to reach. */
    private static final IntRange SAS = new IntRange(2, 1000);

    private static final IntRange SECONDS = new IntRange(0, 3600);

    @Option(names = "--sas", paramLabel = "N", defaultValue = "3", description = "tunnels (default: ${DEFAULT-VALUE})")
    private int sas;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "5",
            description = "how long to stream packets at the end, 0 for not at all (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Override
    public Integer call() {
        SAS.require("--sas", sas);
        SECONDS.require("--seconds", seconds);
        return Demo.run(sas, Duration.ofSeconds(seconds), System.out);
    }
}
