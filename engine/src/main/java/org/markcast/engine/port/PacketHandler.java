// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.port;

import org.markcast.engine.packet.CapturedPacket;

/** Takes captured packets, one by one. */
@FunctionalInterface
public interface PacketHandler {

    /** @param packet moved to the next packet after the call; keep nothing of it but its memory */
    void onPacket(CapturedPacket packet);
}
