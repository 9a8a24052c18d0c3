// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.markcast.config.Section.Setting;

/** Reads the values of one section; what cannot be read is noted as a problem at its line and left out. */
final class SectionReader {

    private final String path;
    private final SectionView section;
    private final Map<String, Setting> settings;
    private final Problems problems;

    /** @param path of the section in the terms of {@link Key} */
    SectionReader(String path, SectionView section, Problems problems) {
        this.path = path;
        this.section = section;
        this.settings = section.settings();
        this.problems = problems;
    }

    /** Complains about keys and sections that nobody knows here. */
    void checkNames(Set<Key> foreign) {
        final List<String> keys = foreign.isEmpty() ? Key.keysIn(path) : new ArrayList<>(Key.keysIn(path));
        foreign.forEach(key -> keys.remove(key.keyName()));
        final List<String> sections = Key.sectionsIn(path);
        settings.forEach((name, setting) -> {
            if (keys.contains(name)) {
                return;
            }
            final boolean isForeign =
                    foreign.stream().anyMatch(key -> key.keyName().equals(name));
            problems.add(
                    setting.position(),
                    isForeign
                            ? "'" + name + "' is a key of strongSwan's plugin only: remove it"
                            : "unknown key '" + name + "'" + hint(name, keys, sections, " { }"));
        });
        section.sections().forEach((name, inner) -> {
            if (!sections.contains(name) && !sections.contains("*")) {
                problems.add(inner.position(), "unknown section '" + name + "'" + hint(name, sections, keys, " ="));
            }
        });
    }

    private static String hint(String name, Collection<String> known, Collection<String> other, String otherForm) {
        if (other.contains(name)) {
            return ", did you mean '" + name + otherForm + "'?";
        }
        final String nearest = Suggestion.forName(name, known);
        final String lastPart = name.substring(name.lastIndexOf('.') + 1);
        return nearest.isEmpty()
                ? Key.sectionOf(lastPart).map(path -> ", it belongs in " + path).orElse("")
                : nearest;
    }

    /** Whether the operator gave the key a value. */
    boolean isSet(Key key) {
        final Setting setting = settings.get(key.keyName());
        return setting != null && setting.value() != null;
    }

    /** Whether the operator gave the key a value that is not written like its default. */
    boolean isOther(Key key) {
        return isSet(key) && !settings.get(key.keyName()).value().equals(key.defaultText());
    }

    /** Where the key stands, else the section. */
    Position position(Key key) {
        final Setting setting = settings.get(key.keyName());
        return setting == null ? section.position() : setting.position();
    }

    /** The value, else the default; empty if there is neither or the text is wrong. */
    <T> Optional<T> value(Key key, Function<String, T> parser) {
        return text(key).flatMap(text -> parsed(key, text, parser));
    }

    /** Items between commas without the blanks around them, each once and in order; empty items do not count. */
    <T> List<T> list(Key key, Function<String, T> parser) {
        return flatList(key, text -> List.of(parser.apply(text)));
    }

    /** As {@link #list}, where one item may mean several values. */
    <T> List<T> flatList(Key key, Function<String, List<T>> parser) {
        final Set<T> values = new LinkedHashSet<>();
        for (final String item : text(key).orElse("").split(",")) {
            if (!item.isBlank()) {
                parsed(key, item.strip(), parser).ifPresent(values::addAll);
            }
        }
        return List.copyOf(values);
    }

    private Optional<String> text(Key key) {
        final String text = isSet(key) ? settings.get(key.keyName()).value() : key.defaultText();
        return Optional.ofNullable(text);
    }

    private <T> Optional<T> parsed(Key key, String text, Function<String, T> parser) {
        try {
            return Optional.of(parser.apply(text));
        } catch (IllegalArgumentException e) {
            problems.add(position(key), key.keyName() + ": " + e.getMessage());
            return Optional.empty();
        }
    }
}
