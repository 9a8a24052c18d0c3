// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.function.Consumer;

/**
 * What the kernel does about inside hosts with external addresses, beside the rules: three things, each of which it may lack. Any call
 * may fail with a LinuxException.
 */
interface ClientKernel {

    /** Opens what tells of clients that have sent something and have no address, or did not use it. */
    Askers askers();

    /** Opens what tells how much was sent. */
    Traffic traffic();

    /** Opens what forgets connections. */
    Tracking tracking();

    /** Clients that have no address yet, or have connections that do not go by it as they should. */
    interface Askers extends Facility.Resource {

        void take(Consumer<Peers> taker);
    }

    /** What the rules have counted. */
    interface Traffic extends Facility.Resource {

        void visit(TrafficVisitor visitor);
    }

    /** Takes what was counted between two hosts. */
    @FunctionalInterface
    interface TrafficVisitor {

        /** One of the hosts is {@link Peers#ANY} where all servers of a client are counted together. */
        void onTraffic(int source, int destination, long packets, long bytes);
    }

    /** The connections that the kernel tracks. */
    interface Tracking extends Facility.Resource {

        /**
         * Forgets the connections that hold IKE, ESP and AH of a client and its server, and of the server and the address. Does not
         * look at others, and so finds IKE only where it has the same port at both ends.
         *
         * @param lease with a server of its own
         */
        void forget(Lease lease);

        /** Forgets all connections of these with IKE, ESP and AH, in one look at all that there are. */
        void forgetAll(Collection<Lease> leases);

        /** Forgets only those of them that are not translated as the leases say. */
        void forgetMistranslated(Collection<Lease> leases);
    }
}
