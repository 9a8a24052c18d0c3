// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.markcast.config.Ipv4Range;
import org.markcast.config.Masquerade;

class ExternalAddressesTest {

    private static final int FIRST = 0xc000_0200; // 192.0.2.0
    private static final int LOOPBACK = 0x7f00_0001;

    private static Masquerade masquerade(int poolSize, int... fixed) {
        return new Masquerade(
                List.of("wan0"),
                List.of(),
                List.of(new Ipv4Range(FIRST, FIRST + poolSize - 1)),
                Duration.ofHours(1),
                Arrays.stream(fixed)
                        .mapToObj(address -> new Masquerade.Pair("a", FIRST, OptionalInt.of(address), address))
                        .toList());
    }

    @Test
    void shouldNameEachThatIsMissingOnce() {
        final Set<Integer> local = Set.of(FIRST, FIRST + 2, LOOPBACK);
        assertEquals(
                Optional.of("masquerade: this machine does not have 192.0.2.9, 192.0.2.1: replies get here only if the"
                        + " router sends them; else add each, as in: ip address add 192.0.2.9/32 dev wan0"),
                ExternalAddresses.problem(masquerade(3, FIRST + 9, FIRST + 9), local));
    }

    @Test
    void shouldSayHowToAddThem() {
        assertEquals(
                Optional.of("masquerade: this machine does not have 192.0.2.0, 192.0.2.1, 192.0.2.2 and 2 more: replies"
                        + " get here only if the router sends them; else add each, as in: ip address add 192.0.2.0/32"
                        + " dev wan0"),
                ExternalAddresses.problem(masquerade(5), Set.of(LOOPBACK)));
    }

    @Test
    void shouldSayNothingOfAddressesThatAreHere() {
        final Masquerade local = new Masquerade(
                List.of(),
                List.of(),
                List.of(),
                Duration.ofHours(1),
                List.of(new Masquerade.Pair("a", FIRST, OptionalInt.empty(), LOOPBACK)));
        assertEquals(Optional.empty(), ExternalAddresses.problem(local));
    }
}
