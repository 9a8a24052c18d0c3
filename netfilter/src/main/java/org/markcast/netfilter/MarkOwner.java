// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.List;
import org.markcast.config.Mark;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.Sa.Outer;

/**
 * Whose connections have a conntrack mark, as far as it takes to know it again.
 *
 * @param name the SA's; empty if the SA is gone and connections may have the mark still
 * @param mark the SA's inbound mark
 */
record MarkOwner(String name, Mark mark, List<Outer> outers) {

    static MarkOwner of(Sa sa) {
        return new MarkOwner(sa.name(), sa.markIn(), sa.outers());
    }

    /** That of a mark that connections are to lose. */
    static MarkOwner gone(Mark mark) {
        return new MarkOwner("", mark, List.of());
    }

    boolean isGone() {
        return name.isEmpty();
    }
}
