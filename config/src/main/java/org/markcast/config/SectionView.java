// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.markcast.config.Section.Reference;
import org.markcast.config.Section.Setting;

/**
 * A section with all that it inherits: its own settings first, then those of the sections it refers to, left to right
 * (strongswan.conf(5), "Referencing other sections"). References are followed on demand and each section counts once:
 * sections may refer to each other.
 */
final class SectionView {

    private final Section root;
    private final Problems problems;
    private final List<Section> layers;

    private SectionView(Section root, Problems problems, Set<Section> layers) {
        this.root = root;
        this.problems = problems;
        this.layers = List.copyOf(layers);
    }

    static SectionView of(Section root, Problems problems) {
        return new SectionView(root, problems, Collections.singleton(root));
    }

    boolean exists() {
        return !layers.isEmpty();
    }

    Position position() {
        return layers.get(0).position();
    }

    SectionView section(String name) {
        final Set<Section> found = new LinkedHashSet<>();
        for (final Section layer : layers) {
            final Section section = layer.sections().get(name);
            if (section != null) {
                addWithInherited(section, found);
            }
        }
        return new SectionView(root, problems, found);
    }

    Map<String, Section> sections() {
        if (layers.size() == 1) {
            return layers.get(0).sections();
        }
        final Map<String, Section> all = new LinkedHashMap<>();
        layers.forEach(layer -> layer.sections().forEach(all::putIfAbsent));
        return all;
    }

    Map<String, Setting> settings() {
        if (layers.size() == 1) {
            return layers.get(0).settings();
        }
        final Map<String, Setting> all = new LinkedHashMap<>();
        layers.forEach(layer -> layer.settings().forEach(all::putIfAbsent));
        return all;
    }

    private void addWithInherited(Section section, Set<Section> found) {
        final Deque<Section> pending = new ArrayDeque<>();
        pending.push(section);
        while (!pending.isEmpty()) {
            final Section next = pending.pop();
            if (found.add(next)) {
                final List<Section> inherited = inheritedBy(next);
                Collections.reverse(inherited);
                inherited.forEach(pending::push);
            }
        }
    }

    private List<Section> inheritedBy(Section section) {
        final List<Section> inherited = new ArrayList<>();
        for (final Reference reference : section.references()) {
            final Section target = root.find(reference.name());
            if (target == null) {
                problems.add(reference.position(), "no section '" + reference.name() + "' to inherit from");
            } else {
                inherited.add(target);
            }
        }
        return inherited;
    }
}
