// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counter.Kind;

/** What an operator sees of a running service: status, counters, log. */
@NetworkNamespaceTest
class StatusTest {

    private static final String GROUP = "224.0.0.251";
    private static final int PACKETS = 1_000;

    private static EmulatedNetwork network;
    private static Gateway gateway;
    private static ServiceProcess service;
    private static Host alice;
    private static Client carol;

    @BeforeAll
    static void start() {
        network = EmulatedNetwork.builder()
                .lan("alice")
                .client("carol", 1, 101)
                .client("dave", 2, 102)
                .build();
        gateway = network.gateway();
        service = ServiceProcess.start(gateway, network.serviceConfig().reinject("rw"));
        alice = network.host("alice");
        carol = network.client("carol");
    }

    @AfterAll
    static void stop() {
        service.close();
        network.close();
    }

    @Test
    void shouldPrintATableForPeople() {
        sendAndAwait(1);
        final Program status = Program.markcast(gateway, "status", "--run-dir", service.runDirectory());

        assertEquals(0, status.exitStatus(), status::toString);
        assertEquals("", status.err());
        final List<String> lines = status.out().lines().toList();
        assertTrue(lines.get(0).matches("markcast \\S+ is running, process " + service.pid() + ", .*1 forwarder, .*"));
        assertTrue(lines.stream().anyMatch(line -> line.matches("eth1 +up +.*10\\.1\\.255\\.255 +0")), status.out());
        assertTrue(
                lines.stream().anyMatch(line -> line.matches("carol +rw .*224\\.0\\.0\\.0/4 .*yes .*")), status.out());
        assertTrue(lines.stream().anyMatch(line -> line.matches("dave +rw .*")), status.out());
        assertTrue(lines.stream().allMatch(line -> line.equals(line.stripTrailing())), status.out());
    }

    @Test
    void shouldPrintJsonForPrograms() {
        sendAndAwait(1);
        final Program status = Program.markcast(gateway, "status", "--json", "--run-dir", service.runDirectory());

        assertEquals(0, status.exitStatus(), status::toString);
        assertEquals(1, status.out().lines().count());
        final JsonObject json = JsonParser.parseString(status.out()).getAsJsonObject();
        final ServiceStatus parsed = new ServiceStatus(json);
        assertEquals("running", parsed.state());
        assertEquals(service.pid(), json.get("pid").getAsLong());
        assertTrue(parsed.isBalanced());
        assertEquals("101", parsed.sa("carol").get("mark_out").getAsString());
        assertTrue(parsed.sa("carol").get("copies").getAsLong() > 0);
        assertEquals("up", parsed.lan("eth1").get("state").getAsString());
        assertTrue(json.getAsJsonObject("decapsulated").get("marks").getAsBoolean());
        assertEquals(service.configuration().toString(), json.get("config").getAsString());
    }

    @Test
    void shouldSayThatNoServiceRuns(@TempDir Path empty) {
        final String line =
                Program.markcast(gateway, "status", "--run-dir", empty).failure(1);
        assertTrue(line.contains("no service is running at " + empty), line);
        final String json = Program.markcast(gateway, "status", "--json", "--run-dir", empty.resolve("missing"))
                .failure(1);
        assertTrue(json.contains("no service is running"), json);
    }

    @Test
    void shouldShareItsCountersWithOtherProcesses() {
        final SharedCounters counters = SharedCounters.map(service);
        final Map<String, Long> before = counters.values();
        sendAndAwait(3);
        final ServiceStatus status = balanced();
        final Map<String, Long> after = counters.values();

        assertEquals(before.get("sa dave: copies") + 6, after.get("sa dave: copies"));
        assertEquals(before.get("sa carol: packets in") + 3, after.get("sa carol: packets in"));
        assertEquals(0, after.get("kernel drops on eth1"));
        for (final Counter counter : Counter.values()) {
            assertEquals(status.counter(counter), after.get("forwarder 0: " + counter.label()), counter.label());
        }
    }

    @Test
    void shouldNotLogPackets() {
        sendAndAwait(1);
        final String before = service.log();
        final ServiceStatus counted = balanced();
        for (int i = 0; i < PACKETS; i++) {
            NumberedPacket.send(alice, i % 2 == 0 ? GROUP : "10.1.0.1"); // forwarded, and none of our business
            NumberedPacket.send(carol, i % 2 == 0 ? alice.address() : carol.address(), GROUP); // spoofed, and forwarded
        }
        final ServiceStatus status = service.awaitStatus(
                "forward them",
                now -> now.counter(Counter.CAPTURED) >= counted.counter(Counter.CAPTURED) + PACKETS * 3 / 2
                        && now.isBalanced());
        assertEquals(counted.counter(Counter.DROPPED_SPOOFED) + PACKETS / 2, status.counter(Counter.DROPPED_SPOOFED));
        assertEquals(before, service.log());
    }

    /** Sends as many packets from the LAN and from carol. */
    private static void sendAndAwait(int packets) {
        final ServiceStatus before = balanced();
        for (int i = 0; i < packets; i++) {
            NumberedPacket.send(alice, GROUP);
            NumberedPacket.send(carol, GROUP);
        }
        service.awaitStatus(
                "forward " + packets + " packets",
                status -> status.isBalanced()
                        && status.counter(Counter.FORWARDED) - before.counter(Counter.FORWARDED) == 2L * packets
                        && status.sum(Kind.COPY_INTAKE) - before.sum(Kind.COPY_INTAKE) == 4L * packets);
    }

    private static ServiceStatus balanced() {
        return service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
    }
}
