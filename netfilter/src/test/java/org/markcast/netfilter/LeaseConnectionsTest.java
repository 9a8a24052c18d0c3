// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.markcast.netfilter.TestMasquerade.address;
import static org.markcast.netfilter.TestMasquerade.peers;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.markcast.linux.ConntrackTuple;

class LeaseConnectionsTest {

    private static final String SERVER = "198.51.100.1";

    private final LeaseConnections connections = new LeaseConnections(List.of(
            lease(peers("10.0.0.5", SERVER), "203.0.113.10"),
            lease(peers("10.0.0.6", SERVER), "0.0.0.0"),
            lease(peers("10.0.0.7", "0.0.0.0"), "203.0.113.9")));

    private static Lease lease(Peers peers, String address) {
        return new Lease(peers, address(address), false, 0, 0);
    }

    @ParameterizedTest
    @CsvSource({
        "50, 10.0.0.5, 198.51.100.1, true", // from a client
        "51, 10.0.0.5, 198.51.100.1, true",
        "50, 10.0.0.5, 198.51.100.2, false",
        "50, 198.51.100.1, 203.0.113.10, true", // from its server to its address
        "51, 198.51.100.1, 203.0.113.10, true",
        "50, 198.51.100.2, 203.0.113.10, false",
        "50, 198.51.100.1, 203.0.113.11, false",
        "6, 10.0.0.5, 198.51.100.1, false",
        "50, 10.0.0.6, 198.51.100.1, true", // without an address
        "50, 198.51.100.1, 0.0.0.0, false",
        "50, 10.0.0.7, 198.51.100.9, true", // to any server
        "50, 198.51.100.9, 203.0.113.9, true",
        "50, 10.0.0.8, 198.51.100.1, false",
    })
    void shouldHoldWhatIsBetweenTheHosts(int protocol, String source, String destination, boolean isHeld) {
        assertEquals(
                isHeld, connections.test(new ConntrackTuple(protocol, address(source), address(destination), 0, 0)));
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.5, 198.51.100.1, 500, 500, true",
        "10.0.0.5, 198.51.100.1, 33333, 4500, true",
        "10.0.0.5, 198.51.100.1, 500, 53, false",
        "198.51.100.1, 203.0.113.10, 500, 1024, true",
        "198.51.100.1, 203.0.113.10, 4500, 4500, true",
        "198.51.100.1, 203.0.113.10, 53, 500, false",
    })
    void shouldKnowIkeByThePortOfTheServer(String source, String destination, int from, int to, boolean isHeld) {
        assertEquals(isHeld, connections.test(new ConntrackTuple(17, address(source), address(destination), from, to)));
    }

    @Test
    void shouldHoldNothingOfNobody() {
        final ConntrackTuple esp = new ConntrackTuple(50, address("10.0.0.5"), address(SERVER), 0, 0);
        assertEquals(false, new LeaseConnections(List.of()).test(esp));
    }
}
