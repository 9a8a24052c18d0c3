// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.markcast.config.Ipv4Range;
import org.markcast.config.Masquerade;
import org.markcast.daemon.ExternalAddresses.Local;

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
        final List<Local> local = local(FIRST, FIRST + 2, LOOPBACK);
        assertEquals(
                List.of("masquerade: this machine does not have 192.0.2.9, 192.0.2.1: replies get here only if the"
                        + " router sends them; else add each, as in: ip address add 192.0.2.9/32 dev wan0"),
                ExternalAddresses.problems(masquerade(3, FIRST + 9, FIRST + 9), local));
    }

    @Test
    void shouldSayHowToAddThem() {
        assertEquals(
                List.of("masquerade: this machine does not have 192.0.2.0, 192.0.2.1, 192.0.2.2 and 2 more: replies"
                        + " get here only if the router sends them; else add each, as in: ip address add 192.0.2.0/32"
                        + " dev wan0"),
                ExternalAddresses.problems(masquerade(5), local(LOOPBACK)));
    }

    @Test
    void shouldSayNothingOfAddressesThatAreHere() {
        assertEquals(List.of(), ExternalAddresses.problems(masquerade(2), local(FIRST, FIRST + 1, LOOPBACK)));
    }

    @Test
    void shouldNameAddressesThatAreTheMachinesOwn() {
        final Masquerade own = new Masquerade(
                List.of(),
                List.of(),
                List.of(),
                Duration.ofHours(1),
                List.of(new Masquerade.Pair("a", FIRST, OptionalInt.empty(), LOOPBACK)));
        assertEquals(
                List.of(
                        "masquerade: 127.0.0.1/8 is an address of this machine's own, by which others are translated too:"
                                + " take another one, or give it the prefix length 32 if it is for clients only"),
                ExternalAddresses.problems(own));
    }

    @Test
    void shouldNameAddressesThatNobodyCanHave() {
        final List<Local> local = List.of(
                new Local(FIRST + 9, 29),
                new Local(FIRST + 8, 32),
                new Local(FIRST + 15, 32),
                new Local(FIRST, 32),
                new Local(FIRST + 20, 31));
        assertEquals(
                List.of(
                        "masquerade: nobody can have 192.0.2.8, the first or last address of the network of 192.0.2.9/29",
                        "masquerade: nobody can have 192.0.2.15, the first or last address of the network of"
                                + " 192.0.2.9/29"),
                ExternalAddresses.problems(masquerade(1, FIRST + 8, FIRST + 15), local));
    }

    @Test
    void shouldNameInterfacesThatAreNotThere() {
        assertEquals(
                List.of("masquerade: there is no interface wan0 now: nobody has an address by it"),
                ExternalAddresses.missingInterfaces(masquerade(1), "wan1"::equals));
        assertEquals(List.of(), ExternalAddresses.missingInterfaces(masquerade(1), "wan0"::equals));
    }

    private static List<Local> local(int... addresses) {
        return Arrays.stream(addresses)
                .mapToObj(address -> new Local(address, Integer.SIZE))
                .toList();
    }
}
