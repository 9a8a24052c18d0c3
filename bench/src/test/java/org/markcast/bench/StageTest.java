// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class StageTest {

    private static final String STATISTICS = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
                lo:       0       0    0    0    0     0          0         0        0       0    0    0
              eth1: 1000    20    0    0    0     0          0         0     3000      40    0    0
              ifb0:90000     300    0    0    0     0          0         0        0       0    0    0
             ifb10: 1234567890123 4000    0    0    0     0          0         0        0       0    0    0
            """;

    @Test
    void shouldSumUpThePacketsOfTheInterfacesAskedFor() {
        assertEquals(300, Stage.receivedBy(List.of("ifb0"), STATISTICS));
        assertEquals(4_300, Stage.receivedBy(List.of("ifb0", "ifb10"), STATISTICS));
        assertEquals(0, Stage.receivedBy(List.of("ifb1"), STATISTICS));
    }
}
