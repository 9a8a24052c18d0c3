// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine;

import static java.nio.ByteOrder.BIG_ENDIAN;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.NanoClock;
import org.markcast.engine.packet.Ipv4Flyweight;

/**
 * Recognises a packet that was captured on another LAN interface just before, as happens where LANs are bridged. Owned by one
 * forwarder thread; fixed memory: under a flood the oldest packets are forgotten first, and a duplicate of one goes through.
 *
 * <p>A packet that a host sends again is none: each interface can contribute one duplicate to each packet that was let through,
 * and the interface that it was let through from can contribute no duplicate at all.
 */
final class DuplicateFilter {

    static final long WINDOW_NS = TimeUnit.MILLISECONDS.toNanos(250);

    private static final int SLOTS = 1 << 14;
    private static final int DIGESTED_BYTES = 256;
    /** The second word of the header but time to live and checksum: routers and bridges with routing change these. */
    private static final long LASTING_BITS = 0x00ff_0000_ffff_ffffL;

    private final NanoClock clock;
    private final long[] digests = new long[SLOTS];
    private final long[] letThroughNs = new long[SLOTS];
    /** One bit for each interface, by position, that the packet was captured on; 0 in an empty slot. */
    private final long[] interfaces = new long[SLOTS];

    DuplicateFilter(NanoClock clock) {
        this.clock = clock;
    }

    void clear() {
        Arrays.fill(interfaces, 0);
    }

    /** Whether the packet, captured on the LAN interface at this position, is a duplicate; remembers it. */
    boolean isDuplicate(Ipv4Flyweight ip, int lan) {
        final long digest = digest(ip);
        final int slot = (int) digest & SLOTS - 1;
        final long nowNs = clock.nanoTime();
        final long bit = 1L << lan;
        final boolean isKnown =
                interfaces[slot] != 0 && digests[slot] == digest && nowNs - letThroughNs[slot] < WINDOW_NS;
        if (isKnown && (interfaces[slot] & bit) == 0) {
            interfaces[slot] |= bit;
            return true;
        }
        digests[slot] = digest;
        letThroughNs[slot] = nowNs;
        interfaces[slot] = bit;
        return false;
    }

    private static long digest(Ipv4Flyweight ip) {
        final DirectBuffer buffer = ip.buffer();
        final int offset = ip.offset();
        final int length = Math.min(ip.totalLength(), DIGESTED_BYTES);
        long digest = mix(0, buffer.getLong(offset, BIG_ENDIAN));
        digest = mix(digest, buffer.getLong(offset + Long.BYTES, BIG_ENDIAN) & LASTING_BITS);
        int at = 2 * Long.BYTES;
        for (; at + Long.BYTES <= length; at += Long.BYTES) {
            digest = mix(digest, buffer.getLong(offset + at, BIG_ENDIAN));
        }
        for (; at < length; at++) {
            digest = mix(digest, buffer.getByte(offset + at));
        }
        return digest;
    }

    private static long mix(long digest, long word) {
        final long product = (digest ^ word) * 0x9e3779b97f4a7c15L;
        return product ^ product >>> 32;
    }
}
