// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.markcast.engine.sa.Sa;

/**
 * The SAs of the last list, in its order, with what each asks for. Finding what another list changes costs no more than a look at
 * each SA. It is not for {@link org.markcast.engine.sa.SaChange} to find: here it counts which SA stands behind which.
 */
final class SaList {

    private final Map<String, SaElements> ofName = new HashMap<>();

    private final Function<Sa, SaElements> asking;

    private List<Sa> last = List.of();
    private List<SaElements> elements = List.of();

    /** @param asking what an SA asks for */
    SaList(Function<Sa, SaElements> asking) {
        this.asking = asking;
    }

    /**
     * What another list changes. An SA that has changed is gone as it was and has come as it is; one that stands behind others now
     * is among both, too.
     *
     * @param list the other list
     * @param elements what each SA of it asks for
     * @param same how many SAs at its beginning stand there already
     */
    record Step(List<Sa> list, List<SaElements> elements, int same, List<SaElements> gone, List<SaElements> come) {}

    /** What each SA asks for. */
    List<SaElements> elements() {
        return elements;
    }

    /** What leads to a list of SAs with names of their own. Changes nothing. */
    Step stepTo(List<Sa> latest) {
        final List<Sa> list = List.copyOf(latest);
        final int same = countSame(list);
        if (same == list.size() && same == last.size()) {
            return new Step(list, elements, same, List.of(), List.of());
        }
        final Step step = new Step(list, new ArrayList<>(list.size()), same, new ArrayList<>(), new ArrayList<>());
        addRange(0, same, step.elements);
        int next = same; // what stands before it either stays or is gone
        for (int i = same; i < list.size(); i++) {
            final Sa sa = list.get(i);
            if (next < last.size() && Objects.equals(last.get(next), sa)) {
                step.elements.add(elements.get(next++));
                continue;
            }
            final SaElements known = ofName.get(sa.name());
            final boolean isKnown = known != null && known.sa().equals(sa);
            final SaElements asked = isKnown ? known : asking.apply(sa);
            if (isKnown && known.place() >= next) {
                addRange(next, known.place(), step.gone);
                next = known.place() + 1;
            } else {
                step.come.add(asked);
            }
            step.elements.add(asked);
        }
        addRange(next, elements.size(), step.gone);
        return step;
    }

    /** As addAll(subList()) does, but that makes an array of them first. */
    private void addRange(int first, int end, List<SaElements> target) {
        for (int i = first; i < end; i++) {
            target.add(elements.get(i));
        }
    }

    /** Nearly all are the same objects still. */
    private int countSame(List<Sa> list) {
        int same = 0;
        while (same < Math.min(last.size(), list.size()) && Objects.equals(last.get(same), list.get(same))) {
            same++;
        }
        return same;
    }

    void take(Step step) {
        step.gone.forEach(gone -> ofName.remove(gone.sa().name()));
        step.come.forEach(come -> ofName.put(come.sa().name(), come));
        last = step.list;
        elements = step.elements;
        for (int i = step.same; i < elements.size(); i++) {
            elements.get(i).place(i);
        }
    }
}
