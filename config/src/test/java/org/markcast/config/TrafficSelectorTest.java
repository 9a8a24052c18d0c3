// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrafficSelectorTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "10.1.0.0/16; [10.1.0.0/16]",
                "10.1.0.129; [10.1.0.129]",
                "10.0.0.1-10.0.0.2; [10.0.0.1, 10.0.0.2]",
                "10.0.0.1 - 10.0.0.2 [ udp / 53 ]; [10.0.0.1[udp/53], 10.0.0.2[udp/53]]",
                "10.0.0.0/8[TCP]; [10.0.0.0/8[tcp]]",
                "10.0.0.0/8[6]; [10.0.0.0/8[tcp]]",
                "10.0.0.0/8[200/7]; [10.0.0.0/8[200/7]]",
                "10.0.0.0/8[/53]; [10.0.0.0/8[/53]]",
                "10.0.0.0/8[0/53]; [10.0.0.0/8[/53]]",
                "10.0.0.0/8[any]; [10.0.0.0/8]",
                "10.0.0.0/8[%any/%any]; [10.0.0.0/8]",
                "10.0.0.0/8[udp/any]; [10.0.0.0/8[udp]]",
                "10.0.0.0/8[udp/0-65535]; [10.0.0.0/8[udp]]",
                "10.0.0.0/8[udp/0]; [10.0.0.0/8[udp/0]]",
                "10.0.0.0/8[udp/1000-2000]; [10.0.0.0/8[udp/1000-2000]]",
                "fe80::/10[icmpv6/135-136]; [fe80::/10[ipv6-icmp/135-136]]",
                "::/0[sctp]; [::/0[sctp]]",
                "::/0[ah]; [::/0[ah]]",
            })
    void shouldReadAndPrint(String text, String printed) {
        final List<TrafficSelector> selectors = TrafficSelector.parse(text);
        assertEquals(printed, selectors.toString());
        selectors.forEach(selector -> assertEquals(List.of(selector), TrafficSelector.parse(selector.toString())));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "''",
                "10.0.0.0/8[udp",
                "10.0.0.0/8udp]",
                "10.0.0.0/8[udp/]",
                "10.0.0.0/8[udp/1/2]",
                "10.0.0.0/8[udp]x",
                "[udp]",
                "10.0.0.1-",
                "-10.0.0.1",
                "10.0.0.0/8-10.1.0.0/8",
                "10.0.0.0/8[256]",
                "10.0.0.0/8[udp/65536]",
                "10.0.0.0/8[udp/-]",
                "10.0.0.0/8[icmp/8(0)]",
            })
    void shouldRefuse(String text) {
        assertThrows(IllegalArgumentException.class, () -> TrafficSelector.parse(text));
    }

    @Test
    void shouldKeepItsFieldsInBounds() {
        final Prefix prefix = Prefix.parse("10.0.0.0/8");
        assertThrows(IllegalArgumentException.class, () -> new TrafficSelector(prefix, 256, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new TrafficSelector(prefix, 0, 2, 1));
        assertThrows(IllegalArgumentException.class, () -> new TrafficSelector(prefix, 0, 0, 65536));
    }
}
