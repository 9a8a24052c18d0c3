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
            lease(peers("10.0.0.7", "0.0.0.0"), "203.0.113.9"),
            lease(peers("10.0.0.7", SERVER), "203.0.113.11")));

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
        "50, 198.51.100.1, 203.0.113.12, false",
        "6, 10.0.0.5, 198.51.100.1, false",
        "50, 10.0.0.7, 198.51.100.9, true", // to any server
        "50, 198.51.100.9, 203.0.113.9, true",
        "50, 10.0.0.8, 198.51.100.1, false",
    })
    void shouldHoldWhatIsBetweenTheHosts(int protocol, String source, String destination, boolean isHeld) {
        assertEquals(isHeld, connections.hold(tuple(protocol, source, destination)));
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
        assertEquals(isHeld, connections.hold(new ConntrackTuple(17, address(source), address(destination), from, to)));
    }

    @Test
    void shouldHoldNothingOfNobody() {
        assertEquals(false, new LeaseConnections(List.of()).hold(tuple(50, "10.0.0.5", SERVER)));
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.5, 198.51.100.1, 198.51.100.1, 203.0.113.10, false",
        "10.0.0.5, 198.51.100.1, 198.51.100.1, 203.0.113.1, true", // by the general address
        "10.0.0.5, 198.51.100.1, 198.51.100.1, 10.0.0.5, true",
        "198.51.100.1, 203.0.113.10, 203.0.113.10, 198.51.100.1, true", // to the gateway itself
        "198.51.100.1, 203.0.113.10, 10.0.0.6, 198.51.100.1, true", // to another client
        "10.0.0.6, 198.51.100.1, 198.51.100.1, 203.0.113.1, false", // of nobody
        "10.0.0.7, 198.51.100.9, 198.51.100.9, 203.0.113.9, false", // to any server
        "10.0.0.7, 198.51.100.9, 198.51.100.9, 203.0.113.1, true",
        "198.51.100.9, 203.0.113.9, 203.0.113.9, 198.51.100.9, true",
        "10.0.0.7, 198.51.100.1, 198.51.100.1, 203.0.113.11, false", // to that of its own
        "10.0.0.7, 198.51.100.1, 198.51.100.1, 203.0.113.9, true",
    })
    void shouldKnowWhatIsNotTranslatedAsItShouldBe(
            String source, String destination, String answering, String answered, boolean isMistranslated) {
        final ConntrackTuple original = tuple(50, source, destination);
        final ConntrackTuple reply = tuple(50, answering, answered);
        assertEquals(
                isMistranslated,
                connections.holdMistranslated(original, reply) || connections.holdMistranslated(reply, original));
    }

    private static ConntrackTuple tuple(int protocol, String source, String destination) {
        return new ConntrackTuple(protocol, address(source), address(destination), 0, 0);
    }
}
