// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

/**
 * What an {@link SaTable} knows of one SA. The arrays are never written to.
 *
 * @param markOut value of its outbound mark
 * @param locals its local {@link Selectors}; SAs whose are equal commonly share them
 * @param remotes its remote {@link Selectors}
 */
record Slot(Sa sa, int forwarder, int markOut, int[] locals, int[] remotes) {

    /** A slot without an SA. */
    static final Slot EMPTY = new Slot(null, SaTable.NONE, 0, new int[0], new int[0]);

    boolean isEmpty() {
        return sa == null;
    }
}
