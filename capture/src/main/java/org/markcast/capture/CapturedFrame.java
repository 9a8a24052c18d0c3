// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import java.time.Instant;
import java.util.Optional;
import org.markcast.engine.packet.CapturedPacket;

/**
 * One frame of a capture file.
 *
 * @param number position in the file, from 1, as other readers count
 * @param time when it was captured, as precisely as the file says
 * @param isBroadcast whether it was a broadcast on the link layer
 * @param isOutgoing whether the machine that captured it sent it; only cooked captures tell
 * @param notIpv4 what it is if it is no IPv4 packet, or not enough of one
 * @param packet from its IP header on, or what follows the link-layer header; valid until the file's next frame is read
 */
public record CapturedFrame(
        long number,
        Instant time,
        boolean isBroadcast,
        boolean isOutgoing,
        Optional<String> notIpv4,
        CapturedPacket packet) {}
