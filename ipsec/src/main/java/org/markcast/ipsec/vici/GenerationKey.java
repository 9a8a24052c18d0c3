// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.Comparator;
import org.markcast.config.Mark;

/** What the generations of one SA share across rekeys. Ordered as an operator would list them. */
record GenerationKey(String child, long reqid, Mark markIn, Mark markOut) implements Comparable<GenerationKey> {

    private static final Comparator<Mark> BY_BITS = Comparator.<Mark>comparingLong(
                    mark -> Integer.toUnsignedLong(mark.value()))
            .thenComparingLong(mark -> Integer.toUnsignedLong(mark.mask()));

    private static final Comparator<GenerationKey> ORDER = Comparator.comparing(GenerationKey::child)
            .thenComparingLong(GenerationKey::reqid)
            .thenComparing(GenerationKey::markIn, BY_BITS)
            .thenComparing(GenerationKey::markOut, BY_BITS);

    static GenerationKey of(ChildSa child) {
        return new GenerationKey(
                child.name(), child.reqid(), child.esp().markIn(), child.esp().markOut());
    }

    @Override
    public int compareTo(GenerationKey other) {
        return ORDER.compare(this, other);
    }
}
