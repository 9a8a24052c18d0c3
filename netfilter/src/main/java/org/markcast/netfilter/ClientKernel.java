// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.function.Consumer;

/** What the kernel tells of inside hosts with external addresses, beside the rules. Any call may fail with an exception. */
interface ClientKernel extends AutoCloseable {

    /** Takes who has sent something and has no address yet. */
    void takeAsking(Consumer<Peers> asking);

    /** Takes what was counted between two hosts. */
    @FunctionalInterface
    interface TrafficVisitor {

        /** One of the hosts is {@link Peers#ANY} where all servers of a client are counted together. */
        void onTraffic(int source, int destination, long packets, long bytes);
    }

    void visitTraffic(TrafficVisitor visitor);

    /**
     * Has the kernel forget the connections that hold IKE, ESP and AH of a client and its server, and of the server and the
     * address. Does not look at others, and so finds IKE only where it has the same port at both ends.
     *
     * @param lease with a server of its own
     */
    void forget(Lease lease);

    /** Has the kernel forget all connections of these with IKE, ESP and AH, in one look at all that it tracks. */
    void forgetAll(Collection<Lease> leases);

    @Override
    void close();
}
