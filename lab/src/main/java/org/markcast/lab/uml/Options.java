// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** How {@code lab/uml/init} starts a lab: {@code --engine markcast|plugin --output DIRECTORY}, and flags. */
public final class Options {

    private final List<String> arguments;

    public Options(String... arguments) {
        this.arguments = Arrays.asList(arguments);
    }

    public boolean isPlugin() {
        return value("--engine").equals("plugin");
    }

    /** Where logs are kept. */
    public Path logs() {
        return output().resolve("logs");
    }

    /** Where {@link Report} writes what {@code bin/lab --compare} reads. */
    public Path results() {
        return output().resolve("results");
    }

    private Path output() {
        return Path.of(value("--output"));
    }

    public boolean has(String flag) {
        return arguments.contains(flag);
    }

    private String value(String option) {
        final int index = arguments.indexOf(option);
        if (index < 0 || index + 1 >= arguments.size()) {
            throw new IllegalArgumentException(option + " is missing");
        }
        return arguments.get(index + 1);
    }
}
