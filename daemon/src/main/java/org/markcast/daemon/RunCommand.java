// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.concurrent.Callable;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The service itself. */
@Command(
        name = "run",
        description = "Run the service in the foreground.",
        footer = {"", "SIGHUP reads the configuration again. SIGTERM and SIGINT stop the service."})
final class RunCommand implements Callable<Integer> {

    @Mixin
    private ConfigFile configFile;

    @Mixin
    private RunDirectoryOption runDirectory;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws ConfigException {
        final Config config = configFile.read();
        throw new ExecutionException(spec.commandLine(), "not built yet: " + config + " in " + runDirectory.path());
    }
}
