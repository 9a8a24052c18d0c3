// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.List;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;

/**
 * One CHILD_SA as charon reported it. Immutable.
 *
 * @param id charon's unique ID of the CHILD_SA; it changes with each rekey
 * @param ikeId unique ID of the IKE_SA that it belongs to; it changes with each rekey of that one
 * @param name of its configuration
 * @param reqid the same for all generations of one CHILD_SA
 * @param esp null if charon does not tell it in this state
 * @param problem why it cannot be handled; empty if it can
 */
record ChildSa(
        long id, long ikeId, String name, long reqid, Phase phase, Endpoints endpoints, Esp esp, String problem) {

    /** What of charon's states matters here. */
    enum Phase {
        /** Not in the kernel yet. */
        COMING,
        /** In use. */
        INSTALLED,
        /** In use; its successor may be, too. */
        REKEYING,
        /** Kept for packets that are under way on its SPI. */
        LEAVING;

        static Phase of(String state) {
            return switch (state) {
                case "INSTALLED", "UPDATING" -> INSTALLED;
                case "REKEYING" -> REKEYING;
                case "REKEYED", "DELETING", "DELETED", "DESTROYING" -> LEAVING;
                default -> COMING;
            };
        }
    }

    /** What the kernel knows of it. */
    record Esp(
            Mode mode,
            Mark markIn,
            Mark markOut,
            List<TrafficSelector> localTs,
            List<TrafficSelector> remoteTs,
            int spiIn,
            boolean encap) {}

    boolean isHandled() {
        return problem.isEmpty();
    }

    /** In charon's own notation. */
    String label() {
        return name + "{" + id + "}";
    }

    ChildSa in(Phase newPhase) {
        return new ChildSa(id, ikeId, name, reqid, newPhase, endpoints, esp, problem);
    }

    ChildSa below(long newIkeId) {
        return new ChildSa(id, newIkeId, name, reqid, phase, endpoints, esp, problem);
    }

    ChildSa between(Endpoints newEndpoints) {
        return new ChildSa(id, ikeId, name, reqid, phase, newEndpoints, esp, problem);
    }
}
