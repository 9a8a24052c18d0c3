// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A message: a tree of sections that hold values, lists of values, and further sections. Immutable. Keys are unique by the
 * protocol; if one repeats all the same, its last value counts. Sections may repeat.
 */
record ViciMessage(Map<String, String> values, Map<String, List<String>> lists, List<Section> sections) {

    static final ViciMessage EMPTY = new ViciMessage(Map.of(), Map.of(), List.of());

    /** A message inside a message. */
    record Section(String name, ViciMessage content) {}

    static Builder builder() {
        return new Builder();
    }

    Optional<String> value(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /** The items of a list; none if there is no such list. */
    List<String> list(String key) {
        return lists.getOrDefault(key, List.of());
    }

    /** The first section of that name. */
    Optional<ViciMessage> section(String name) {
        return sections.stream()
                .filter(section -> section.name().equals(name))
                .map(Section::content)
                .findFirst();
    }

    /** Keeps the order of what is put, so that encoding is reproducible. Use once. */
    static final class Builder {

        private Map<String, String> values = Map.of(); // few sections have all three
        private Map<String, List<String>> lists = Map.of();
        private List<Section> sections = List.of();

        Builder value(String key, String value) {
            if (values.isEmpty()) {
                values = new LinkedHashMap<>();
            }
            values.put(key, value);
            return this;
        }

        Builder list(String key, List<String> items) {
            if (lists.isEmpty()) {
                lists = new LinkedHashMap<>();
            }
            lists.put(key, List.copyOf(items));
            return this;
        }

        Builder section(String name, ViciMessage content) {
            if (sections.isEmpty()) {
                sections = new ArrayList<>();
            }
            sections.add(new Section(name, content));
            return this;
        }

        ViciMessage build() {
            return new ViciMessage(
                    Collections.unmodifiableMap(values),
                    Collections.unmodifiableMap(lists),
                    Collections.unmodifiableList(sections));
        }
    }
}
