// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.port;

import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Flyweight;

/**
 * Delivers copies in batches. Used by one forwarder thread. What becomes of a copy is counted by the sink; a copy that
 * fails never costs another one.
 */
public interface PacketSink {

    /** Starts the fan-out of a packet: the copies that are queued until the next call are copies of this one. */
    void begin(CapturedPacket packet, Ipv4Flyweight ip);

    /** Queues a copy of the packet to the tunnel that an outbound mark selects. */
    void toSa(int mark);

    /** Queues a copy of the packet to a LAN interface. */
    void toLan(LanInterface lan);

    /** Sends what is queued; afterwards no packet's memory is needed any more. */
    void flush();
}
