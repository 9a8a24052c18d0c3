// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;

/** File names with shell wildcards (glob(7)): {@code *}, {@code ?} and {@code [...]} in any part of the path. */
final class Wildcards {

    private static final Pattern WILDCARD = Pattern.compile("[*?\\[]");

    private Wildcards() {}

    /**
     * The files that match, sorted; none if nothing does. A name without wildcards is its own match, whether the file
     * exists or not.
     */
    static List<Path> expand(Path directory, String pattern) throws IOException {
        final Path path = Path.of(pattern);
        List<Path> found = List.of(path.isAbsolute() ? path.getRoot() : directory);
        for (final Path name : path) {
            found = WILDCARD.matcher(name.toString()).find() ? matches(found, name) : resolved(found, name);
        }
        return WILDCARD.matcher(pattern).find()
                ? found.stream().filter(Files::exists).toList()
                : found;
    }

    private static List<Path> resolved(List<Path> directories, Path name) {
        return directories.stream().map(directory -> directory.resolve(name)).toList();
    }

    private static List<Path> matches(List<Path> directories, Path name) throws IOException {
        // Braces mean nothing to glob(7), but would to Java.
        final String glob = name.toString().replace("{", "\\{").replace("}", "\\}");
        final PathMatcher matcher = name.getFileSystem().getPathMatcher("glob:" + glob);
        final boolean showsHidden = glob.startsWith(".");
        final List<Path> found = new ArrayList<>();
        for (final Path directory : directories) {
            if (Files.isDirectory(directory)) {
                try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
                    for (final Path entry : entries) {
                        final Path entryName = entry.getFileName();
                        if (matcher.matches(entryName)
                                && (showsHidden || !entryName.toString().startsWith("."))) {
                            found.add(entry);
                        }
                    }
                } catch (DirectoryIteratorException e) {
                    throw e.getCause();
                }
            }
        }
        Collections.sort(found);
        return found;
    }
}
