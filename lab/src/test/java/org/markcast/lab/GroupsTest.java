// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.engine.counter.Counter;

/** Which groups are joined, and which are forwarded. All by reloads of one service. */
@NetworkNamespaceTest
class GroupsTest {

    private static final String OURS = "239.1.0.7";
    private static final String STRANGE = "239.99.0.1";

    private static EmulatedNetwork network;
    private static ServiceProcess service;
    private static Host alice;
    private static Client carol;

    @BeforeAll
    static void start() {
        network = EmulatedNetwork.builder().lan("alice").client("carol", 1, 101).build();
        alice = network.host("alice");
        carol = network.client("carol");
        service = ServiceProcess.start(network.gateway(), config(List.of(OURS)));
    }

    @AfterAll
    static void stop() {
        service.close();
        network.close();
    }

    /** F11: with the plugin the 21st join fails. */
    @Test
    void shouldJoinThreeHundredGroupsAndLeaveThemAtAReload() {
        final List<String> many = IntStream.range(0, 300)
                .mapToObj(i -> "239.1." + i / 200 + "." + i % 200)
                .toList();
        final ServiceStatus status = service.reload(config(many));
        assertEquals(300, status.json().getAsJsonArray("groups").size());
        final Set<String> joined = joined();
        assertTrue(joined.containsAll(many), "joined only " + joined.size());
        assertFalse(service.log().contains("could not be joined"), service.log());

        final List<String> few = many.subList(0, 30);
        service.reload(config(few));
        assertEquals(new HashSet<>(few), joined());
    }

    @Test
    void shouldForwardStrangeGroupsUnlessToldToBeStrict() {
        try (Watch watch = new Watch(alice, carol)) {
            service.reload(config(List.of(OURS)));
            final int strange = NumberedPacket.send(alice, STRANGE);
            final int ours = NumberedPacket.send(alice, OURS);
            watch.expect(carol, strange, ours);
        }
        final ServiceStatus before = service.reload(config(List.of(OURS)).set("strict_groups", "yes"));
        try (Watch watch = new Watch(alice, carol)) {
            NumberedPacket.send(alice, STRANGE);
            final int ours = NumberedPacket.send(alice, OURS);
            final int broadcast = NumberedPacket.send(alice, "255.255.255.255");
            watch.expect(carol, ours, broadcast);

            NumberedPacket.send(carol, STRANGE);
            final int oursBack = NumberedPacket.send(carol, OURS);
            watch.expect(alice, oursBack);
        }
        final ServiceStatus after = service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
        assertEquals(before.counter(Counter.DROPPED_GROUP) + 2, after.counter(Counter.DROPPED_GROUP));
    }

    @Test
    void shouldJoinNoneIfToldSo() {
        service.reload(config(List.of()));
        assertEquals(Set.of(), joined());
    }

    private static ServiceConfig config(Collection<String> groups) {
        return network.serviceConfig().set("groups", '"' + String.join(", ", groups) + '"');
    }

    /** All but 224.0.0.1, which the kernel joins by itself. */
    private static Set<String> joined() {
        final Set<String> joined = new HashSet<>(JoinedGroups.on(network.gateway(), "eth1"));
        joined.remove("224.0.0.1");
        return joined;
    }
}
