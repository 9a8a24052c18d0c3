// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.linux.Signals;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The service itself. */
@Command(
        name = "run",
        description = "Run the service in the foreground.",
        footer = {"", "SIGHUP reads the configuration again. SIGTERM and SIGINT stop the service."})
final class RunCommand implements Callable<Integer> {

    private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);

    /** What signals ask for. */
    private enum Request {
        RELOAD,
        STOP
    }

    @Mixin
    private ConfigFile configFile;

    @Mixin
    private RunDirectoryOption runDirectory;

    @Override
    public Integer call() throws ConfigException, IOException, InterruptedException {
        final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();
        // Before the start: what comes during it waits, where the default action would end the process.
        Signals.onHangup(() -> requests.add(Request.RELOAD));
        Signals.onTermination(() -> requests.add(Request.STOP));
        try (Daemon daemon = start()) {
            while (requests.take() == Request.RELOAD) {
                daemon.reload();
            }
            LOG.info("stopping");
        }
        LOG.info("stopped");
        return ExitStatus.DONE;
    }

    /** Keeps no reference to the configuration: the service forgets the parts that it does not need. */
    private Daemon start() throws ConfigException, IOException {
        final Config config = configFile.read(LOG::warn);
        return Daemon.start(configFile.path(), config, RunDirectory.open(runDirectory.path()));
    }
}
