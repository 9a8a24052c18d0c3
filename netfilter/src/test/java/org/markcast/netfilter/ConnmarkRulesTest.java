// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.markcast.config.Connmark;
import org.markcast.config.NumberRange;
import org.markcast.engine.sa.Sa;

class ConnmarkRulesTest {

    private static final Connmark L2TP =
            new Connmark(true, 1360, true, new NumberRange(20_000, 60_000), new NumberRange(1, 65_535));

    @Test
    void shouldRenderMaps() throws IOException {
        final Sa carol = TestSa.of("carol", "1", "203.0.113.7[udp/1701]")
                .transport("198.51.100.1[udp/1701]")
                .build();
        final Sa dave = TestSa.of("dave", "70000", "203.0.113.7[udp/1701]")
                .transport("198.51.100.1[udp/1701]")
                .build();
        final Sa tunnel = TestSa.of("tunnel", "7", "10.1.0.129").build();

        assertEquals(
                MarkRulesTest.golden("connmark.nft"),
                MarkRules.text(List.of(carol, dave, tunnel), List.of(), true, L2TP));
    }

    /** Somebody else may use the other bits, for uplinks for example. */
    @Test
    void shouldLookAtNoBitsOutsideTheMasks() {
        final Sa carol = TestSa.of("carol", "1/0xffffff", "203.0.113.7")
                .transport("198.51.100.1")
                .build();
        final String text = MarkRules.text(List.of(carol), List.of(), true, L2TP);
        assertTrue(text.contains("\t\tmeta mark & 0xffffff == 0 jump reply\n"), text);
        assertTrue(text.contains("\t\tmeta mark & 0xffffff == 0 jump unicast\n"), text);
    }

    @Test
    void shouldRenderChainsForMasks() throws IOException {
        final Sa carol = TestSa.of("carol", "0x100/0xff00", "203.0.113.7")
                .transport("198.51.100.1")
                .build();
        final Sa dave =
                TestSa.of("dave", "2", "203.0.113.7").transport("198.51.100.1").build();

        assertEquals(
                MarkRulesTest.golden("connmark-masked.nft"),
                MarkRules.text(List.of(carol, dave), List.of(), false, L2TP));
    }
}
