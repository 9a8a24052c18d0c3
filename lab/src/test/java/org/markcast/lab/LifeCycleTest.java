// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.ServiceProcess;

/** How the service starts, and how it ends. */
@NetworkNamespaceTest
class LifeCycleTest {

    private static EmulatedNetwork network;
    private static Gateway gateway;

    @TempDir
    private static Path directory;

    @BeforeAll
    static void build() {
        network = EmulatedNetwork.builder().lan("alice").client("carol", 1, 101).build();
        gateway = network.gateway();
    }

    @AfterAll
    static void close() {
        network.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void shouldStopInOrder(String signal) throws IOException {
        try (ServiceProcess service = ServiceProcess.start(gateway, network.serviceConfig())) {
            assertTrue(
                    filesIn(service.runDirectory()).containsAll(List.of("control.sock", "counters", "markcast.pid")));
            assertEquals(
                    service.pid() + "\n",
                    Files.readString(service.runDirectory().resolve("markcast.pid")));
            service.signal(signal);

            assertEquals(0, service.awaitExit(), service.log());
            assertEquals(List.of(), filesIn(service.runDirectory()));
            assertTrue(service.log().strip().endsWith("stopped"), service.log());
            assertFalse(service.log().contains("ERROR"), service.log());
            assertEquals(List.of("224.0.0.1"), JoinedGroups.on(gateway, "eth1"));
        }
    }

    @Test
    void shouldStopInOrderUnderLoad() throws IOException {
        try (ServiceProcess service =
                        ServiceProcess.start(gateway, network.serviceConfig().set("forwarders", "2"));
                Flow flow = new Flow("224.0.0.251", network.host("alice"), network.client("carol"))) {
            flow.awaitMore(200);
            assertEquals(0, service.stop(), service.log());
            assertEquals(List.of(), filesIn(service.runDirectory()));
            assertFalse(service.log().contains("ERROR"), service.log());
        }
    }

    /** Signals that come before the service runs wait until it does. */
    @Test
    void shouldTakeSignalsDuringItsStart() throws IOException {
        try (ServiceProcess service =
                ServiceProcess.launch(gateway, network.serviceConfig().text(), ServiceProcess.QUICK_START)) {
            awaitFile(service, service.runDirectory().resolve("markcast.pid"));
            service.signal("HUP");
            service.awaitStatus("reload", status -> status.reloads() == 1);
        }
        try (ServiceProcess service =
                ServiceProcess.launch(gateway, network.serviceConfig().text(), ServiceProcess.QUICK_START)) {
            awaitFile(service, service.runDirectory().resolve("markcast.pid"));
            service.signal("TERM");
            assertEquals(0, service.awaitExit(), service.log());
            assertEquals(List.of(), filesIn(service.runDirectory()));
        }
    }

    private static void awaitFile(ServiceProcess service, Path file) {
        final long deadlineNs = System.nanoTime() + Watch.SOON.toNanos();
        while (!Files.exists(file)) {
            assertTrue(System.nanoTime() < deadlineNs, service.log());
            LockSupport.parkNanos(100_000);
        }
    }

    @Test
    void shouldRefuseToRunTwiceInOneRunDirectory() {
        try (ServiceProcess service = ServiceProcess.start(gateway, network.serviceConfig())) {
            final Program second = Program.markcast(
                    gateway, "run", "-c", service.configuration(), "--run-dir", service.runDirectory());

            final String line = second.failure(1);
            assertTrue(line.contains("already running as process " + service.pid()), line);
            shouldForward();
            assertEquals(
                    service.pid(),
                    service.awaitStatus("answer", status -> true)
                            .json()
                            .get("pid")
                            .getAsLong());
        }
    }

    @Test
    void shouldStartCleanlyAfterACrash() throws IOException {
        try (ServiceProcess crashed = ServiceProcess.start(gateway, network.serviceConfig())) {
            crashed.kill();
            assertTrue(
                    filesIn(crashed.runDirectory()).containsAll(List.of("control.sock", "counters", "markcast.pid")));
            final Program status = Program.markcast(gateway, "status", "--run-dir", crashed.runDirectory());
            assertTrue(status.failure(1).contains("no service is running"), status::toString);

            final ServiceProcess next = crashed.startAgain(gateway);
            try (next) {
                shouldForward();
                assertFalse(next.log().contains("WARN") || next.log().contains("ERROR"), next.log());
                assertEquals(0, next.stop());
                assertEquals(List.of(), filesIn(next.runDirectory()));
            }
        }
    }

    private static void shouldForward() {
        try (Watch watch = new Watch(network.client("carol"))) {
            final int number = NumberedPacket.send(network.host("alice"), "224.0.0.251");
            watch.expect(network.client("carol"), number);
        }
    }

    /** Root without capabilities stands for an ordinary user, who may not even be able to read the class path. */
    @Test
    void shouldSayWhatItLacksWithoutPrivileges() throws IOException {
        final Path configuration = write("plain.conf", network.serviceConfig().text());
        final List<String> withoutCapabilities =
                List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all");
        final Path runDirectory = directory.resolve("unprivileged");
        final Program program = Program.in(
                gateway,
                Program.markcastCommand(withoutCapabilities, "run", "-c", configuration, "--run-dir", runDirectory));

        final String line = program.failure(1);
        assertTrue(line.contains("CAP_NET_RAW"), line);
        assertFalse(line.contains("unexpected"), line);
        assertEquals(List.of(), filesIn(runDirectory));
    }

    @Test
    void shouldNameEachProblemOfTheConfiguration() throws IOException {
        final Path missing = directory.resolve("missing.conf");
        final String line = Program.markcast(gateway, "run", "-c", missing).failure(2);
        assertTrue(line.contains(missing + ": no such file"), line);

        final Path bad = write(
                "bad.conf",
                network.serviceConfig()
                        .set("groups", "10.0.0.1")
                        .set("forwarders", "0")
                        .text());
        final Program program = Program.markcast(gateway, "run", "-c", bad, "--run-dir", directory.resolve("bad"));
        assertEquals(2, program.exitStatus());
        assertEquals(2, program.err().lines().count(), program.err());
        assertTrue(program.err().lines().allMatch(problem -> problem.matches(bad + ":[0-9]+: .*")), program.err());
    }

    @Test
    void shouldRunWithoutForwarding() throws IOException {
        try (ServiceProcess service =
                ServiceProcess.start(gateway, network.serviceConfig().set("forward", "no"))) {
            assertTrue(service.log().contains("forward = no"), service.log());
            service.reload(network.serviceConfig().set("forward", "no").set("strict_groups", "yes"));
            assertEquals(List.of("224.0.0.1"), JoinedGroups.on(gateway, "eth1"));
            final String status = Program.markcast(gateway, "status", "--run-dir", service.runDirectory())
                    .out();
            assertTrue(status.contains("\nforwarding     off\nrules          off\n\nSA "), status);
            assertFalse(status.contains("captured"), status);
            assertFalse(service.status().json().has("packets"));
            assertEquals(0, service.stop());
        }
    }

    private static Path write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    private static List<String> filesIn(Path path) throws IOException {
        if (!Files.exists(path)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(path)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
