// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
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

    @Mixin
    private ConfigFile configFile;

    @Mixin
    private RunDirectoryOption runDirectory;

    @Override
    public Integer call() throws ConfigException, IOException, InterruptedException {
        final Config config = configFile.read();
        final CountDownLatch termination = new CountDownLatch(1);
        final AtomicReference<Daemon> running = new AtomicReference<>();
        // From before the start: a signal that comes while it goes on must not leave half a service behind.
        Signals.onTermination(termination::countDown);
        Signals.onHangup(() -> Optional.ofNullable(running.get()).ifPresent(Daemon::reload));
        try (Daemon daemon = Daemon.start(configFile.path(), config, RunDirectory.open(runDirectory.path()))) {
            running.set(daemon);
            termination.await();
            LOG.info("stopping");
        }
        LOG.info("stopped");
        return ExitStatus.DONE;
    }
}
