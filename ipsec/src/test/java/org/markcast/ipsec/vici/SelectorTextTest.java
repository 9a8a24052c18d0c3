// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.markcast.config.TrafficSelector;

class SelectorTextTest {

    private static final NetworkNames NAMES = new NetworkNames(
            List.of(
                    "# comment",
                    "tcp\t6\tTCP\t\t# transmission control",
                    "udp 17 UDP",
                    "ethernet 143",
                    "icmp 1",
                    "ospf 89"),
            List.of(
                    "http\t80/tcp www # WorldWideWeb",
                    "mdns 5353/udp",
                    "l2f\t\t1701/udp\tl2tp",
                    "domain 53/tcp",
                    "domain 53/udp",
                    "rsh 514/tcp shell",
                    "syslog 514/udp",
                    "broken",
                    "worse x/udp"));

    private final SelectorText selectors = new SelectorText(NAMES);

    @ParameterizedTest
    @CsvSource({
        "10.1.0.0/16, 10.1.0.0/16",
        "10.1.0.1/32, 10.1.0.1",
        "fec1::/16, fec1::/16",
        "10.9.0.3..10.9.0.5, 10.9.0.3 10.9.0.4/31",
        "10.9.0.3-10.9.0.5, 10.9.0.3 10.9.0.4/31",
        "10.1.0.0/16[udp], 10.1.0.0/16[udp]",
        "10.1.0.0/16[udp/5353], 10.1.0.0/16[udp/5353]",
        "10.1.0.0/16[udp/mdns], 10.1.0.0/16[udp/5353]",
        "10.1.0.1/32[udp/l2f], 10.1.0.1[udp/1701]",
        "10.1.0.0/16[tcp/http], 10.1.0.0/16[tcp/80]",
        "10.1.0.0/16[tcp/rsh], 10.1.0.0/16[tcp/514]",
        "10.1.0.0/16[udp/1000-2000], 10.1.0.0/16[udp/1000-2000]",
        "10.1.0.0/16[0/domain], 10.1.0.0/16[/53]",
        "10.1.0.0/16[0/1-1024], 10.1.0.0/16[/1-1024]",
        "10.1.0.0/16[ethernet], 10.1.0.0/16[143]",
        "10.1.0.0/16[253], 10.1.0.0/16[253]",
        "10.1.0.0/16[ospf], 10.1.0.0/16[ospf]",
        "10.1.0.0/16[icmp], 10.1.0.0/16[icmp]",
    })
    void shouldReadWhatCharonPrints(String printed, String expected) {
        final String actual = selectors.parse(List.of(printed)).stream()
                .map(TrafficSelector::toString)
                .collect(Collectors.joining(" "));
        assertEquals(expected, actual);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "dynamic | selector 'dynamic' has no addresses yet",
                "dynamic[udp/l2f] | selector 'dynamic[udp/l2f]' has no addresses yet",
                "10.1.0.0/16[icmp/8] | selector '10.1.0.0/16[icmp/8]' has an ICMP type",
                "10.1.0.0/16[icmp/8(1)] | selector '10.1.0.0/16[icmp/8(1)]' has an ICMP type",
                "10.1.0.0/16[udp/OPAQUE] | selector '10.1.0.0/16[udp/OPAQUE]' has opaque ports",
                "10.1.0.0/16[udp/syslog-ng] | selector '10.1.0.0/16[udp/syslog-ng]' has a port unknown to /etc/services",
                "10.1.0.0/16[tcp/mdns] | selector '10.1.0.0/16[tcp/mdns]' has a port unknown to /etc/services",
                "10.1.0.0/16[sctp] | selector '10.1.0.0/16[sctp]' has a protocol unknown to /etc/protocols",
                "10.1.0.0/16[] | '10.1.0.0/16[]' is not a traffic selector",
                "(null) | '(null)' is not an IP address",
            })
    void shouldSayWhatItCannotHandle(String printed, String problem) {
        final IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> selectors.parse(List.of("10.1.0.0/16", printed)));
        assertEquals(problem, e.getMessage());
    }

    @Test
    void shouldKnowTheNamesOfThisMachine() {
        // Debian's netbase has both; where it is missing, nothing is known and nothing breaks.
        NetworkNames.ofMachine().port("mdns", "udp").ifPresent(port -> assertEquals(5353, port));
        NetworkNames.ofMachine().protocol("udp").ifPresent(protocol -> assertEquals(17, protocol));
    }
}
