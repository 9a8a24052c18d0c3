// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import org.markcast.config.Mark;

/** That an SA wants an element in a set, in a map with the mark that a packet gets. Belongs to the control thread. */
final class Claim {

    private final SaElements sa;
    private final ElementSet set;
    private final Key key;
    private final Mark mark;

    /** The claim to the same element that counts if this one goes; null if there is none. */
    Claim below;

    Claim(SaElements sa, ElementSet set, Key key, Mark mark) {
        this.sa = sa;
        this.set = set;
        this.key = key;
        this.mark = mark;
    }

    ElementSet set() {
        return set;
    }

    Key key() {
        return key;
    }

    Mark mark() {
        return mark;
    }

    /** Whether this one counts and not the other: that of the SA later in the list. */
    boolean goesBefore(Claim other) {
        return sa.place() > other.sa.place();
    }
}
