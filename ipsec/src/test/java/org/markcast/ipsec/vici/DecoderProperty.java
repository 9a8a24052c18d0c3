// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/**
 * What must hold for any bytes from charon: they are a packet or a {@link ViciException}; a packet encodes to what decodes to
 * itself; and a follower that gets them either goes on or gives up the connection.
 */
final class DecoderProperty {

    private static final SelectorText SELECTORS =
            new SelectorText(new NetworkNames(List.of("udp 17", "icmp 1"), List.of("mdns 5353/udp")));

    private DecoderProperty() {}

    /** Returns whether the segment is a packet. */
    static boolean hold(byte[] segment) {
        final ViciPacket packet;
        try {
            packet = ViciDecoder.decode(segment, 0, segment.length);
        } catch (ViciException e) {
            return false;
        }
        if (isWithinLimits(packet.message()) && packet.name().length() < 80) {
            final byte[] encoded = ViciEncoder.encode(packet);
            try {
                if (!ViciDecoder.decode(encoded, 4, encoded.length - 4).equals(packet)) {
                    throw new AssertionError("decodes to something else: " + packet);
                }
            } catch (ViciException e) {
                throw new AssertionError(e);
            }
        }
        follow(packet);
        return true;
    }

    /** A replacement character is three bytes for one. */
    private static boolean isWithinLimits(ViciMessage message) {
        return message.values().entrySet().stream()
                        .allMatch(e -> e.getKey().length() < 80 && e.getValue().length() < 20_000)
                && message.lists().entrySet().stream()
                        .allMatch(e -> e.getKey().length() < 80
                                && e.getValue().stream().allMatch(item -> item.length() < 20_000))
                && message.sections().stream()
                        .allMatch(section -> section.name().length() < 80 && isWithinLimits(section.content()));
    }

    private static void follow(ViciPacket packet) {
        final ManualTransport transport = new ManualTransport();
        final ManualTimers timers = new ManualTimers();
        final Follower follower = new Follower(
                transport, timers, sas -> {}, SELECTORS, Duration.ofSeconds(30), new Random(1), line -> {});
        follower.start();
        transport.receiver().onConnected();
        SaEvents.NAMES.forEach(name -> transport.deliver(CharonMessages.CONFIRM));
        final byte[] bytes;
        try {
            bytes = ViciEncoder.encode(packet);
        } catch (IllegalArgumentException e) {
            return; // replacement characters made it too large
        }
        transport.receiver().onBytes(ByteBuffer.wrap(bytes));
        timers.advanceMs(1000);
    }
}
