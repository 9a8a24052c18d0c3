// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A section as it was written, all of one name in one parent together. Filled by {@link SettingsParser}. */
final class Section {

    /**
     * What stands behind a key. There may be a hundred thousand, so each is one small object.
     *
     * @param value null if the key was written without a value, which hides an inherited one and means the default
     */
    record Setting(String value, Path file, int line) {

        Position position() {
            return new Position(file, line);
        }
    }

    /** @param name of the section to inherit from, absolute, its parts separated by dots */
    record Reference(String name, Position position) {}

    private final Position position;
    private final Map<String, Setting> settings = new LinkedHashMap<>();

    /* Nearly all sections are small and have neither of these. */
    private Map<String, Section> sections = Map.of();
    private List<Reference> references = List.of();

    Section(Position position) {
        this.position = position;
    }

    /** Where the section was first opened. */
    Position position() {
        return position;
    }

    Map<String, Setting> settings() {
        return settings;
    }

    Map<String, Section> sections() {
        return sections;
    }

    /** The section of that name, which is opened at the position unless it is there. */
    Section open(String name, Position opened) {
        if (sections.isEmpty()) {
            sections = new LinkedHashMap<>();
        }
        return sections.computeIfAbsent(name, key -> new Section(opened));
    }

    List<Reference> references() {
        return references;
    }

    void refer(List<Reference> others) {
        if (!others.isEmpty()) {
            final List<Reference> all = new ArrayList<>(references);
            all.addAll(others);
            references = all;
        }
    }

    /** The section below this one with that dotted name, not looking at what is inherited; null if there is none. */
    Section find(String dottedName) {
        Section found = this;
        for (final String name : dottedName.split("\\.", -1)) {
            found = found == null ? null : found.sections.get(name);
        }
        return found;
    }
}
