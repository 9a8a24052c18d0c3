// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A section as it was written, all of one name in one parent together. Filled by {@link SettingsParser}. */
final class Section {

    /** @param value null if the key was written without a value, which hides an inherited one and means the default */
    record Setting(String value, Position position) {}

    /** @param name of the section to inherit from, absolute, its parts separated by dots */
    record Reference(String name, Position position) {}

    private final Position position;
    private final Map<String, Setting> settings = new LinkedHashMap<>();
    private final Map<String, Section> sections = new LinkedHashMap<>();
    private final List<Reference> references = new ArrayList<>();

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

    List<Reference> references() {
        return references;
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
