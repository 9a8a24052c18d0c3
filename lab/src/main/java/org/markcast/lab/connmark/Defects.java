// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

/** What strongSwan's {@code connmark} plugin is known to do wrong; {@code lab/README.md} says more. */
final class Defects {

    /** After a NAT rebinding it removes rules that it never had, fails, and leaves SAs broken. */
    static final String LOST_AFTER_REBINDING = "C1";

    /** All L2TP clients behind one NAT are one flow for conntrack, whose replies go to whoever spoke last. */
    static final String ONE_FLOW = "C2";

    /** What conntrack keeps of a dead SA leads into another that has got its mark. */
    static final String STALE_MARK = "C3";

    /** What is meant for a client whose SA is gone leaves in clear. */
    static final String IN_CLEAR = "C4";

    /** The gateway's TCP knows nothing of what ESP adds to its segments: full ones do not fit and are lost. */
    static final String LARGE_SEGMENTS = "C5";

    private Defects() {}
}
