// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Explains a capture file packet by packet. */
@Command(
        name = "replay",
        description = "Read a capture file and print where each packet would go, and why. Needs no privilege.")
final class ReplayCommand implements Callable<Integer> {

    @Parameters(paramLabel = "CAPTURE", description = "a file that tcpdump -w made")
    private Path capture;

    @Mixin
    private ConfigFile configFile;

    @Option(names = "--json", description = "print one JSON object per packet")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws ConfigException {
        if (!Files.isReadable(capture) || Files.isDirectory(capture)) {
            throw CommandFailure.usage(capture + ": not a readable file; name one that tcpdump -w made");
        }
        final Config config = configFile.read();
        throw new ExecutionException(spec.commandLine(), "not built yet: " + capture + " with " + config + json);
    }
}
