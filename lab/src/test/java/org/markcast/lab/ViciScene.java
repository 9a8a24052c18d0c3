// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.StreamSupport;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.engine.counter.Counter;
import org.markcast.ipsec.vici.ScriptedCharon;
import org.markcast.ipsec.vici.ScriptedSa;

/**
 * A gateway whose SAs are what a scripted charon says. Client number n has the address and the marks of {@link
 * ScriptedSa#client}, and the service calls its SA {@code rw.n}.
 */
final class ViciScene implements AutoCloseable {

    static final String GROUP = "224.0.0.251";
    static final String CAROL_SA = "rw.1";
    static final String DAVE_SA = "rw.2";

    private static final Duration LONG = Duration.ofMinutes(5);

    private final EmulatedNetwork network = EmulatedNetwork.builder()
            .lan("alice")
            .client("carol", mark(1), mark(1), address(1))
            .client("dave", mark(2), mark(2), address(2))
            .client("erin", mark(3), mark(3), address(3))
            .build();
    private final Path directory;
    private final KernelTable table = new KernelTable(network.gateway());

    private final Deque<ServiceProcess> services = new ArrayDeque<>();
    private ScriptedCharon charon;
    private ServiceProcess service;

    ViciScene() throws IOException {
        directory = Files.createTempDirectory("markcast-vici-");
    }

    private static Mark mark(int value) {
        return new Mark(value, Mark.FULL_MASK);
    }

    private static String address(int number) {
        return ScriptedSa.client(number).vip();
    }

    /** A charon with these SAs, in place of the one before. */
    ScriptedCharon startCharon(ScriptedSa... sas) throws IOException {
        charon = ScriptedCharon.start(socket(), List.of(sas));
        return charon;
    }

    ServiceProcess startService() {
        return startService(config());
    }

    ServiceProcess startService(ServiceConfig config) {
        return startService(config, ServiceProcess.QUICK_START);
    }

    ServiceProcess startService(ServiceConfig config, List<String> jvmOptions) {
        return opened(ServiceProcess.start(network.gateway(), config.text(), jvmOptions));
    }

    /** After its end, with what it left. */
    ServiceProcess startServiceAgain() {
        return opened(service.startAgain(network.gateway()));
    }

    private ServiceProcess opened(ServiceProcess started) {
        service = started;
        services.push(started);
        return started;
    }

    /** With SAs of charon's, which stay for a long time when charon is gone, and rules, but no leak guard. */
    ServiceConfig config() {
        return config(LONG);
    }

    ServiceConfig config(Duration linger) {
        return network.serviceConfig().vici(socket(), linger);
    }

    /** With the clients' SAs as the configuration has them, and neither charon nor rules. */
    ServiceConfig staticConfig() {
        return network.serviceConfig();
    }

    Path socket() {
        return directory.resolve("charon.vici");
    }

    Gateway gateway() {
        return network.gateway();
    }

    KernelTable table() {
        return table;
    }

    Host alice() {
        return network.host("alice");
    }

    Client client(String name) {
        return network.client(name);
    }

    /** Waits until the service has exactly these SAs. */
    ServiceStatus awaitSas(String... names) {
        return service.awaitStatus(
                "have the SAs " + List.of(names), status -> names(status).equals(List.of(names)));
    }

    static List<String> names(ServiceStatus status) {
        return StreamSupport.stream(status.json().getAsJsonArray("sas").spliterator(), false)
                .map(sa -> sa.getAsJsonObject().get("name").getAsString())
                .toList();
    }

    /** Demands that a packet from the LAN reaches these clients and no other. */
    void expectCopiesAt(String... receivers) {
        try (Watch watch = new Watch(network.clients().toArray(Client[]::new))) {
            final long captured = captured(service.awaitStatus("balance its counters", ServiceStatus::isBalanced));
            final int number = NumberedPacket.send(alice(), GROUP);
            for (final String receiver : receivers) {
                watch.expect(client(receiver), number);
            }
            service.awaitStatus("deal with the packet", status -> captured(status) > captured && status.isBalanced());
            network.clients().forEach(client -> {
                final boolean isReceiver = List.of(receivers).contains(client.name());
                assertEquals(isReceiver ? List.of(number) : List.of(), watch.numbers(client), client::name);
            });
        }
    }

    private static long captured(ServiceStatus status) {
        return status.counter(Counter.CAPTURED);
    }

    /** Demands that a packet from a client reaches the LAN. */
    void expectFrom(String client) {
        try (Watch watch = new Watch(alice())) {
            watch.expect(alice(), NumberedPacket.send(client(client), GROUP));
        }
    }

    @Override
    public void close() {
        try {
            services.forEach(ServiceProcess::close);
            if (charon != null) {
                charon.stop();
            }
            Files.delete(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            network.close();
        }
    }
}
