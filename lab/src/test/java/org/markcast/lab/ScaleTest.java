// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.Gateway.Departure;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.daemon.emulation.StaticTunnel;
import org.markcast.engine.counter.Counter;

/** A thousand SAs, of which a hundred want one more group. */
@NetworkNamespaceTest
class ScaleTest {

    private static final int SAS = 1_000;
    private static final int WANTING_MORE = 100;
    private static final int MARK_OUT_BASE = 100_000;
    private static final String GROUP = "224.0.0.251";
    private static final String WANTED_GROUP = "239.5.5.5";
    private static final Duration RELOAD_BOUND = Duration.ofSeconds(4);

    private static EmulatedNetwork network;
    private static ServiceProcess service;

    @BeforeAll
    static void start() {
        network = EmulatedNetwork.builder().lan("alice").sink().build();
        service = ServiceProcess.start(network.gateway(), config(SAS, MARK_OUT_BASE));
    }

    @AfterAll
    static void stop() {
        service.close();
        network.close();
    }

    private static ServiceConfig config(int sas, int markOutBase) {
        final ServiceConfig config = new ServiceConfig("eth1");
        for (int i = 1; i <= sas; i++) {
            final String address = "10.1." + (4 + i / 250) + "." + (1 + i % 250);
            final List<String> remoteTs = new ArrayList<>(List.of(address, "224.0.0.0/24", "10.1.255.255"));
            if (i <= WANTING_MORE) {
                remoteTs.add("239.0.0.0/8");
            }
            final StaticTunnel tunnel = network.tunnel(
                    "sa" + i, new Mark(i, Mark.FULL_MASK), new Mark(markOutBase + i, Mark.FULL_MASK), address);
            config.with(tunnel.withRemoteTs(remoteTs.toArray(String[]::new)));
        }
        return config;
    }

    @Test
    void shouldSendOneCopyToEachSa() {
        assertEquals(departures(SAS, MARK_OUT_BASE, GROUP), departuresOf(GROUP, SAS));
        assertEquals(departures(SAS, MARK_OUT_BASE, "10.1.255.255"), departuresOf("10.1.255.255", SAS));
    }

    @Test
    void shouldSendCopiesToMatchingSasOnly() {
        assertEquals(departures(WANTING_MORE, MARK_OUT_BASE, WANTED_GROUP), departuresOf(WANTED_GROUP, WANTING_MORE));
    }

    @Test
    void shouldShowAllSas() {
        final ServiceStatus before = balanced();
        departuresOf(WANTED_GROUP, WANTING_MORE);
        final ServiceStatus after = balanced();
        assertEquals(SAS, after.json().getAsJsonArray("sas").size());
        for (int i = 1; i <= SAS; i++) {
            final String name = "sa" + i;
            assertEquals(i <= WANTING_MORE ? 1 : 0, copies(after, name) - copies(before, name), name);
        }
    }

    @Test
    void shouldReloadAllInBoundedTime() {
        assertTimeout(RELOAD_BOUND, () -> service.reload(config(SAS, 2 * MARK_OUT_BASE)));
        assertEquals(departures(SAS, 2 * MARK_OUT_BASE, GROUP), departuresOf(GROUP, SAS));

        assertTimeout(RELOAD_BOUND, () -> service.reload(config(SAS / 2, MARK_OUT_BASE)));
        assertEquals(departures(SAS / 2, MARK_OUT_BASE, GROUP), departuresOf(GROUP, SAS / 2));

        assertTimeout(RELOAD_BOUND, () -> service.reload(config(SAS, MARK_OUT_BASE)));
        shouldSendOneCopyToEachSa();
    }

    /** Sends one packet; what has left when so many copies have. */
    private static Map<Departure, Long> departuresOf(String destination, int copies) {
        final ServiceStatus before = balanced();
        network.gateway().resetSent();
        NumberedPacket.send(network.host("alice"), destination);
        service.awaitStatus(
                "send " + copies + " copies",
                status -> status.isBalanced()
                        && status.counter(Counter.FORWARDED) > before.counter(Counter.FORWARDED)
                        && status.counter(Counter.COPIES_SENT) - before.counter(Counter.COPIES_SENT) >= copies);
        return network.gateway().sent();
    }

    private static Map<Departure, Long> departures(int sas, int markOutBase, String destination) {
        final Map<Departure, Long> departures = new HashMap<>();
        for (int i = 1; i <= sas; i++) {
            departures.put(new Departure(Gateway.SINK, markOutBase + i, destination), 1L);
        }
        return departures;
    }

    private static ServiceStatus balanced() {
        return service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
    }

    private static long copies(ServiceStatus status, String sa) {
        return status.sa(sa).get("copies").getAsLong();
    }
}
