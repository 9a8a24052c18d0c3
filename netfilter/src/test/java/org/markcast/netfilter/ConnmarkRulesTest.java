// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
        assertTrue(text.contains("\t\tmeta mark & 0xffffff == 0 jump peers\n"), text);
    }

    /** A sixteenth of all ports, but at least one and at most eight. */
    @ParameterizedTest
    @CsvSource({"20000-60000, 8", "20000-20127, 8", "20000-20126, 7", "20000-20031, 2", "20000-20001, 1"})
    void shouldBoundTheConnectionsOfAClient(String ports, int bound) {
        final String[] ends = ports.split("-");
        final NumberRange range = new NumberRange(Integer.parseInt(ends[0]), Integer.parseInt(ends[1]));
        final Connmark connmark = new Connmark(true, 1360, true, range, new NumberRange(1, 100));
        final String text = MarkRules.text(List.of(), List.of(), true, connmark);
        assertTrue(text.contains(" ct count over " + bound + " }"), text);
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
