// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.config.ConfigReader;
import picocli.CommandLine.Option;

/** The option {@code -c FILE}, and the configuration behind it. */
final class ConfigFile {

    static final String DEFAULT = "/etc/markcast/markcast.conf";

    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            defaultValue = DEFAULT,
            description = "configuration (default: ${DEFAULT-VALUE})")
    private Path path;

    Path path() {
        return path;
    }

    /** Reads the file as it is now. */
    Config read() throws ConfigException {
        return read(warning -> {});
    }

    /**
     * Reads the file as it is now.
     *
     * @param warnings takes lines about what does nothing in this configuration
     */
    Config read(Consumer<String> warnings) throws ConfigException {
        if (!Files.exists(path)) {
            throw CommandFailure.usage(path + ": no such file; name a configuration with -c FILE");
        }
        if (Files.isDirectory(path)) {
            throw CommandFailure.usage(path + " is a directory; name a configuration with -c FILE");
        }
        if (!Files.isReadable(path)) {
            throw CommandFailure.usage(path + ": permission denied; make it readable, or name another with -c FILE");
        }
        return ConfigReader.read(path, warnings);
    }
}
