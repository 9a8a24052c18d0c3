// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static java.nio.ByteOrder.BIG_ENDIAN;

import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.PacketRing;
import org.markcast.linux.RouteNetlink;

/**
 * Sees packets pass an interface, with the kernel's own timestamps: so it does not matter when somebody looks, if only the ring
 * does not overflow meanwhile. Used by one thread.
 */
final class LinkWatch implements AutoCloseable {

    private static final int FRAMES = 8192;
    private static final int DESTINATION = 16;
    private static final int HEADER_LENGTH = 20;

    private final String interfaceName;
    private final PacketRing ring;

    /**
     * Packets to one destination.
     *
     * @param count how many
     * @param firstNs by {@link WallClock}
     * @param lastNs by {@link WallClock}
     */
    record Passed(int count, long firstNs, long lastNs) {

        static final Passed NONE = new Passed(0, 0, 0);

        private Passed and(long timeNs) {
            return followedBy(new Passed(1, timeNs, timeNs));
        }

        /** Both, these before those. */
        Passed followedBy(Passed later) {
            if (count == 0 || later.count == 0) {
                return count == 0 ? later : this;
            }
            return new Passed(count + later.count, firstNs, later.lastNs);
        }
    }

    LinkWatch(NetworkNamespace namespace, String interfaceName) {
        this.interfaceName = interfaceName;
        ring = namespace.call(() -> openRing(interfaceName));
    }

    private static PacketRing openRing(String interfaceName) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            final int index = netlink.links().stream()
                    .filter(link -> link.name().equals(interfaceName))
                    .findFirst()
                    .orElseThrow()
                    .index();
            final PacketRing ring = new PacketRing(FRAMES);
            ring.bindBothWays(index);
            return ring;
        }
    }

    /** Takes all that has passed since the last look; the packets to one destination. */
    Passed look(int destination) {
        Passed passed = Passed.NONE;
        while (ring.next()) {
            if (isTo(destination)) {
                passed = passed.and(ring.timestampNs());
            }
        }
        releaseAll();
        return passed;
    }

    /** Takes all that has passed since the last look; notes when packet n to a destination passed first, at n - 1. */
    void look(int destination, long[] timesNs) {
        while (ring.next()) {
            final int number = isTo(destination)
                    ? UdpPacket.numberOf(ring.packetBuffer(), ring.packetOffset(), ring.capturedLength())
                    : UdpPacket.NONE;
            if (number > 0 && number <= timesNs.length && timesNs[number - 1] == 0) {
                timesNs[number - 1] = ring.timestampNs();
            }
        }
        releaseAll();
    }

    private boolean isTo(int destination) {
        return ring.capturedLength() >= HEADER_LENGTH
                && ring.packetBuffer().getInt(ring.packetOffset() + DESTINATION, BIG_ENDIAN) == destination;
    }

    private void releaseAll() {
        ring.release();
        if (ring.drops() > 0) {
            throw new IllegalStateException("the benchmark's own ring at " + interfaceName + " overflowed");
        }
    }

    @Override
    public void close() {
        ring.close();
    }
}
