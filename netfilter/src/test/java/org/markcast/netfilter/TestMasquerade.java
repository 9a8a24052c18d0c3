// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.markcast.config.AddressLiteral;
import org.markcast.config.Ipv4Range;
import org.markcast.config.Masquerade;
import org.markcast.config.Prefix;
import org.markcast.engine.packet.Ipv4Address;

/** Configurations for tests, with an hour of idleness and 10.0.0.0/8 inside. */
final class TestMasquerade {

    private TestMasquerade() {}

    /** With a pool of so many addresses from 203.0.113.10 on; none for 0. */
    static Masquerade pool(int size, Masquerade.Pair... pairs) {
        return masquerade(List.of(), size, pairs);
    }

    static Masquerade masquerade(List<String> interfaces, int size, Masquerade.Pair... pairs) {
        final int first = address("203.0.113.10");
        return new Masquerade(
                interfaces,
                List.of(Prefix.parse("10.0.0.0/8")),
                size == 0 ? List.of() : List.of(new Ipv4Range(first, first + size - 1)),
                Duration.ofHours(1),
                List.of(pairs));
    }

    static Masquerade.Pair pair(String client, String server, String address) {
        return new Masquerade.Pair(
                client,
                address(client),
                server.isEmpty() ? OptionalInt.empty() : OptionalInt.of(address(server)),
                address(address));
    }

    static Peers peers(String client, String server) {
        return new Peers(address(client), address(server));
    }

    static int address(String text) {
        return Ipv4Address.of(AddressLiteral.parse(text));
    }
}
