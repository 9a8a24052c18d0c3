// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option {@code --run-dir DIR}. */
final class RunDirectoryOption {

    @Option(
            names = "--run-dir",
            paramLabel = "DIR",
            defaultValue = RunDirectory.DEFAULT,
            description = "where pid, counters and control socket are (default: ${DEFAULT-VALUE})")
    private Path path;

    Path path() {
        return path;
    }
}
