// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Configuration files of one test, in a directory of their own. */
record ConfigFiles(Path directory) {

    Path write(String name, String text) {
        try {
            final Path file = directory.resolve(name);
            Files.createDirectories(file.getParent());
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Config read(String text) throws ConfigException {
        return ConfigReader.read(write("test.conf", text));
    }

    /** What a text, which is valid, has without effect; its own directory left out of the file names. */
    List<String> warningsOf(String text) throws ConfigException {
        final List<String> warnings = new ArrayList<>();
        ConfigReader.read(write("test.conf", text), warnings::add);
        return warnings.stream()
                .map(warning -> warning.replace(directory + "/", ""))
                .toList();
    }

    /** The problems of a text, its own directory left out of the file names. */
    List<String> problemsOf(String text) {
        final Path file = write("test.conf", text);
        return assertThrows(ConfigException.class, () -> ConfigReader.read(file)).problems().stream()
                .map(problem -> problem.replace(directory + "/", ""))
                .toList();
    }
}
