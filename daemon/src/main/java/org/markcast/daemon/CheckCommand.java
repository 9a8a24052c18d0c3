// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.markcast.config.ConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints what the service would run with. */
@Command(name = "check", description = "Validate the configuration and print it with all defaults, itself valid input.")
final class CheckCommand implements Callable<Integer> {

    @Mixin
    private ConfigFile configFile;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws ConfigException {
        final PrintWriter out = spec.commandLine().getOut();
        out.print(configFile.read().render());
        out.flush();
        return ExitStatus.DONE;
    }
}
