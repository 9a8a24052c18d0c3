// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrefixTest {

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3/16, 10.1.0.0/16",
        "10.1.2.3, 10.1.2.3",
        "10.1.2.3/32, 10.1.2.3",
        "255.255.255.255/0, 0.0.0.0/0",
        "10.1.2.255/25, 10.1.2.128/25",
        "2001:DB8:0:0:0:0:0:1/32, 2001:db8::/32",
        "::/0, ::/0",
        "::1, ::1",
        "fe80::1:0:0:1/127, fe80::1:0:0:0/127",
        "1:0:0:2:0:0:0:3, 1:0:0:2::3",
        "1:0:2:3:4:5:6:10, 1:0:2:3:4:5:6:10",
        "2001:db8::192.0.2.1, 2001:db8::c000:201",
    })
    void shouldReadAndPrint(String text, String printed) {
        assertEquals(printed, Prefix.parse(text).toString());
        assertEquals(Prefix.parse(text), Prefix.parse(printed));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "/", "10", "10.1", "10.1.2", "10.1.2.3.4", "10.1.2.256", "010.1.2.3", "10.1.2.3.", "10.1.2.-3",
                "10.1.2.3/", "10.1.2.3/33", "10.1.2.3/-1", "10.1.2.3/8/8", "::/129", ":", ":::", "1:2", ".1:2", "g::",
                "fe80::1%eth0", "::ffff:10.0.0.1", "localhost", "1:localhost", "cafe", "[::1]", "１.2.3.4"
            })
    void shouldRefuse(String text) {
        assertThrows(IllegalArgumentException.class, () -> Prefix.parse(text));
    }

    @Test
    void shouldHaveNoBitsBehindItsLength() {
        assertThrows(IllegalArgumentException.class, () -> new Prefix(AddressLiteral.parse("10.1.0.1"), 31));
        assertThrows(IllegalArgumentException.class, () -> new Prefix(AddressLiteral.parse("10.1.0.1"), 33));
    }

    @Test
    void shouldContainAddressesOfItsFamilyOnly() {
        assertTrue(Prefix.parse("10.1.0.0/17").contains(AddressLiteral.parse("10.1.127.255")));
        assertFalse(Prefix.parse("10.1.0.0/17").contains(AddressLiteral.parse("10.1.128.0")));
        assertTrue(Prefix.parse("0.0.0.0/0").contains(AddressLiteral.parse("224.0.0.1")));
        assertFalse(Prefix.parse("0.0.0.0/0").contains(AddressLiteral.parse("::")));
        assertTrue(Prefix.parse("2001:db8::/33").contains(AddressLiteral.parse("2001:db8:7fff::1")));
        assertFalse(Prefix.parse("2001:db8::/33").contains(AddressLiteral.parse("2001:db8:8000::")));
    }

    @Test
    void shouldCoverARangeExactly() {
        final Random random = new Random(7);
        for (int i = 0; i < 2_000; i++) {
            final int first = random.nextInt(256);
            final int last = first + random.nextInt(256 - first);
            final List<Prefix> prefixes = Prefix.ofRange(host(first), host(last));
            for (int n = 0; n < 256; n++) {
                final InetAddress address = host(n);
                final long holders = prefixes.stream()
                        .filter(prefix -> prefix.contains(address))
                        .count();
                assertEquals(n >= first && n <= last ? 1 : 0, holders);
            }
            assertTrue(prefixes.size() <= 14);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "0.0.0.0; 255.255.255.255; [0.0.0.0/0]",
                "10.0.0.1; 10.0.0.1; [10.0.0.1]",
                "10.0.0.1; 10.0.0.6; [10.0.0.1, 10.0.0.2/31, 10.0.0.4/31, 10.0.0.6]",
                "255.255.255.254; 255.255.255.255; [255.255.255.254/31]",
                "::; ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff; [::/0]",
                "2001:db8::ffff; 2001:db8::1:0; [2001:db8::ffff, 2001:db8::1:0]",
            })
    void shouldTurnARangeIntoTheFewestPrefixes(String first, String last, String prefixes) {
        assertEquals(
                prefixes,
                Prefix.ofRange(AddressLiteral.parse(first), AddressLiteral.parse(last))
                        .toString());
    }

    private static InetAddress host(int n) {
        return AddressLiteral.of(new byte[] {10, 0, 0, (byte) n});
    }
}
