// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.Sa.Outer;
import org.markcast.engine.sa.SaSet.Unhandled;
import org.markcast.ipsec.vici.ChildSa.Esp;
import org.markcast.ipsec.vici.ChildSa.Phase;

/**
 * The CHILD_SAs that are one SA to us: the one in use, and those that it replaced, as long as packets may arrive on their
 * SPIs. The newest one in use counts; a further one that is in use without having been replaced is a duplicate.
 */
final class Generations {

    private final String name;
    private final TreeMap<Long, ChildSa> members = new TreeMap<>();

    private Sa sa;
    private List<Unhandled> duplicates = List.of();

    Generations(String name) {
        this.name = name;
    }

    void put(ChildSa member) {
        members.put(member.id(), member);
        refresh();
    }

    void remove(long id) {
        members.remove(id);
        refresh();
    }

    boolean isEmpty() {
        return members.isEmpty();
    }

    /** Number of its newest CHILD_SA; charon counts them up. */
    long newest() {
        return members.lastKey();
    }

    /** Null if none is in use any more. The same object until something of it changes. */
    Sa sa() {
        return sa;
    }

    List<Unhandled> duplicates() {
        return duplicates;
    }

    private void refresh() {
        ChildSa current = null;
        final List<Outer> outers = new ArrayList<>(2);
        final List<Unhandled> others = new ArrayList<>(0);
        for (final ChildSa member : members.descendingMap().values()) {
            if (current == null && member.phase() != Phase.LEAVING) {
                current = member;
                outers.add(0, outer(member));
            } else if (member.phase() == Phase.INSTALLED) {
                others.add(new Unhandled(
                        member.label(), "the newer " + current.label() + " has the same name, reqid and marks"));
            } else {
                outers.add(outer(member));
            }
        }
        final Sa latest = current == null ? null : sa(current, outers);
        sa = Objects.equals(latest, sa) ? sa : latest;
        duplicates = List.copyOf(others);
    }

    private static Outer outer(ChildSa member) {
        return member.endpoints().outer(member.esp().spiIn(), member.esp().encap());
    }

    private Sa sa(ChildSa child, List<Outer> outers) {
        final Esp esp = child.esp();
        return new Sa(
                name,
                child.name(),
                esp.mode(),
                esp.markIn(),
                esp.markOut(),
                esp.localTs(),
                esp.remoteTs(),
                List.copyOf(outers));
    }
}
