// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.util.List;

/**
 * What a source knows at one moment. Immutable.
 *
 * @param sas the SAs that packets are forwarded to and from
 * @param unhandled the SAs that exist but cannot be handled
 */
public record SaSet(List<Sa> sas, List<Unhandled> unhandled) {

    public static final SaSet EMPTY = new SaSet(List.of(), List.of());

    public SaSet {
        sas = List.copyOf(sas);
        unhandled = List.copyOf(unhandled);
    }

    /**
     * An SA that is not handled.
     *
     * @param name as its IKE daemon names it
     * @param reason why not, in words for the operator
     */
    public record Unhandled(String name, String reason) {}
}
