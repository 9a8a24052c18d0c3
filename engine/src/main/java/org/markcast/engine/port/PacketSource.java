// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.port;

/** Provides captured packets in batches. Polled by one forwarder thread. */
public interface PacketSource {

    /**
     * Hands the packets that are there to the handler, in the order of their arrival, without waiting. Their memory stays
     * valid, and may be changed in place, until the next call.
     *
     * @param limit how many at most
     * @return how many were handed over
     */
    int poll(PacketHandler handler, int limit);
}
