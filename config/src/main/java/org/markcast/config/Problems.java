// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Collects every complaint, so that one attempt shows all that is wrong: file by file, in the order of lines. */
final class Problems {

    private static final int WHOLE_FILE = 0;

    private final Map<Path, TreeMap<Integer, Set<String>>> messages = new LinkedHashMap<>();

    void add(Position position, String message) {
        messages.computeIfAbsent(position.file(), file -> new TreeMap<>())
                .computeIfAbsent(position.line(), line -> new LinkedHashSet<>())
                .add(message.replaceAll("\\p{Cntrl}", "?")); // one problem, one line
    }

    void add(Path file, String message) {
        add(new Position(file, WHOLE_FILE), message);
    }

    void throwIfAny() throws ConfigException {
        if (!messages.isEmpty()) {
            throw exception();
        }
    }

    ConfigException exception() {
        return new ConfigException(lines());
    }

    /** {@code FILE:LINE: message}, or {@code FILE: message} where the whole file is meant. */
    List<String> lines() {
        final List<String> lines = new ArrayList<>();
        messages.forEach((file, byLine) -> byLine.forEach((line, texts) -> {
            final String place = line == WHOLE_FILE ? file + ": " : file + ":" + line + ": ";
            texts.forEach(text -> lines.add(place + text));
        }));
        return lines;
    }
}
