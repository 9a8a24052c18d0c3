// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.markcast.config.Mark;
import org.markcast.engine.packet.Ipv4Address;

class SubnetsTest {

    private static final int BROADCAST = 0x0a01_ffff;

    private record Route(int address, int length, Mark mark) {}

    /** The oracle: the longest prefix that holds an address, looked for in all of them. */
    @Test
    void shouldGiveEachAddressTheMarkOfTheLongestPrefix() {
        final Random random = new Random(3);
        for (int round = 0; round < 300; round++) {
            final Subnets subnets = new Subnets();
            final Map<Long, Route> routes = new HashMap<>();
            for (int i = random.nextInt(12); i >= 0; i--) {
                final int length = random.nextInt(32);
                final int base = random.nextBoolean() ? 0x0a01_0000 : random.nextInt();
                final int address = (base ^ random.nextInt(1 << 16)) & (int) (-1L << 32 - length);
                final Mark mark = new Mark(1 + random.nextInt(9), Mark.FULL_MASK);
                subnets.add(address, length, mark);
                routes.put((address & 0xffff_ffffL) << 6 | length, new Route(address, length, mark));
            }
            final Map<Key, Mark> intervals = subnets.intervals(List.of(BROADCAST));
            for (final Route route : routes.values()) {
                final int last = route.address + (int) ((1L << 32 - route.length) - 1);
                for (final int address :
                        new int[] {route.address, last, route.address - 1, last + 1, random.nextInt()}) {
                    assertEquals(expected(address, routes), found(address, intervals), () -> Ipv4Address.text(address));
                }
            }
            assertNull(found(BROADCAST, intervals));
            assertNull(found(Ipv4Address.BROADCAST, intervals));
            assertNull(found(0xe000_00fb, intervals));
        }
    }

    private static Mark expected(int address, Map<Long, Route> routes) {
        if (address == BROADCAST || address == Ipv4Address.BROADCAST || Ipv4Address.isMulticast(address)) {
            return null;
        }
        Route best = null;
        for (final Route route : routes.values()) {
            final boolean isInside = ((address ^ route.address) & (int) (-1L << 32 - route.length)) == 0;
            if (isInside && (best == null || route.length > best.length)) {
                best = route;
            }
        }
        return best == null ? null : best.mark;
    }

    /** Fails if two intervals overlap. */
    private static Mark found(int address, Map<Key, Mark> intervals) {
        Mark found = null;
        for (final Map.Entry<Key, Mark> interval : intervals.entrySet()) {
            if (Integer.compareUnsigned(interval.getKey().networkInt(0), address) <= 0
                    && Integer.compareUnsigned(address, interval.getKey().networkInt(4)) <= 0) {
                assertNull(found, "intervals overlap");
                found = interval.getValue();
            }
        }
        return found;
    }
}
