// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.linux.NetworkNamespace;

/**
 * A gateway with two uplinks to the same server. Each provider drops what does not come from its customer's address.
 *
 * <pre>
 *   alice 10.1.0.10 ---- eth1 +---------+ dsl   192.0.2.2    ---- 192.0.2.1    +--------+
 *                             | gateway |                                      | server | 203.0.113.1
 *                             +---------+ cable 198.51.100.2 ---- 198.51.100.1 +--------+
 * </pre>
 */
final class UplinkNetwork implements AutoCloseable {

    static final String SERVER = "203.0.113.1";
    static final String DSL_ADDRESS = "192.0.2.2";
    static final String CABLE_ADDRESS = "198.51.100.2";
    static final String DSL_GATEWAY = "192.0.2.1";
    static final String CABLE_GATEWAY = "198.51.100.1";
    static final String ALICE = "10.1.0.10";

    /** The settings for both, written out. */
    static final String[] BOTH = {
        "lan = eth1",
        "dsl { interface = dsl",
        "gateway = " + DSL_GATEWAY,
        "masquerade = yes }",
        "cable { interface = cable",
        "gateway = " + CABLE_GATEWAY,
        "masquerade = yes }"
    };

    private static final int TIMEOUT_MS = 20_000;

    private final EmulatedNetwork network =
            EmulatedNetwork.builder().lan("alice").withoutProbe().build();
    private final NetworkNamespace outside = NetworkNamespace.create();
    private final List<AutoCloseable> opened = new ArrayList<>();

    private ServiceProcess service;

    UplinkNetwork() {
        network.gateway().ip("rule add pref 0 lookup local", "rule del pref 31000");
        set(network.gateway().namespace(), "ipv4/ip_forward", "1");
        ip("link set lo up", "address add " + SERVER + "/32 dev lo");
        create("dsl", DSL_ADDRESS, DSL_GATEWAY);
        create("cable", CABLE_ADDRESS, CABLE_GATEWAY);
    }

    Gateway gateway() {
        return network.gateway();
    }

    NetworkNamespace outside() {
        return outside;
    }

    Host alice() {
        return network.host("alice");
    }

    /** Creates an uplink, for the first time or again. */
    void create(String name, String address, String provider) {
        gateway()
                .ip(
                        "link add " + name + " type veth peer name " + name + " netns " + outside.path(),
                        "address add " + address + "/24 dev " + name,
                        "link set " + name + " up");
        ip("address add " + provider + "/24 dev " + name, "link set " + name + " up");
        set(outside, "ipv4/conf/" + name + "/rp_filter", "1");
        set(gateway().namespace(), "ipv4/conf/" + name + "/rp_filter", "0");
    }

    /** The main table's way to everything, whatever it was before. */
    void defaultRoute(String name) {
        gateway()
                .ip("route replace default via " + (name.equals("dsl") ? DSL_GATEWAY : CABLE_GATEWAY) + " dev " + name);
    }

    /** What an operator without markcast has. */
    void masqueradeByHand() {
        gateway().nft("""
                table ip hand {
                 chain post {
                  type nat hook postrouting priority srcnat;
                  oifname { "dsl", "cable" } masquerade
                 }
                }
                """);
    }

    /** Starts the service, which does nothing but uplinks. */
    void start(String... settings) {
        start(config(settings));
    }

    void start(ServiceConfig config) {
        service = ServiceProcess.start(gateway(), config);
    }

    /** Without settings there is no section. */
    static ServiceConfig config(String... settings) {
        return new ServiceConfig("eth1")
                .set("forward", "no")
                .set("rules", "yes")
                .section("uplinks", settings);
    }

    ServiceProcess service() {
        return service;
    }

    /** Starts the service again after its end. */
    void startAgain() {
        service = service.startAgain(gateway());
    }

    JsonObject uplink(String name) {
        try {
            return service.status().uplink(name);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    void await(String name, String what, Predicate<JsonObject> condition) {
        service.awaitStatus(name + ": " + what, status -> condition.test(status.uplink(name)));
    }

    void awaitState(String name, String state) {
        await(name, state, uplink -> uplink.get("state").getAsString().equals(state));
    }

    /** Routing rules, routes of all tables but the kernel's local one, and tables of rules, sorted. */
    String traces() {
        final String all = gateway().run("ip", "rule")
                + gateway().run("sh", "-c", "ip route show table all | grep -v 'table local'")
                + gateway().run("nft", "list", "tables");
        return all.lines().sorted().collect(Collectors.joining("\n"));
    }

    /** A server socket at all addresses of a namespace. */
    ServerSocket listen(NetworkNamespace where, int port) {
        final ServerSocket socket = where.call(() -> new ServerSocket(port));
        opened.add(socket);
        return socket;
    }

    /** A TCP session between two programs. */
    final class Session {

        private final Socket client;
        private final Socket server;

        private Session(Socket client, Socket server) throws IOException {
            this.client = client;
            this.server = server;
            client.setSoTimeout(TIMEOUT_MS);
            server.setSoTimeout(TIMEOUT_MS);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            opened.add(client);
            opened.add(server);
        }

        /** The address that the server sees. */
        String clientAddress() {
            return server.getInetAddress().getHostAddress();
        }

        /** Waits until a line has passed in each direction. */
        void exchange(String text) throws IOException {
            write(text);
            awaitAtServer(text);
            send(server, "re: " + text);
            expect(client, "re: " + text);
        }

        void write(String text) throws IOException {
            send(client, text);
        }

        void awaitAtServer(String text) throws IOException {
            expect(server, text);
        }

        /** Waits for a byte from the server. */
        int readAtClient() throws IOException {
            return client.getInputStream().read();
        }

        /** Bytes that have arrived at the server and nobody has taken. */
        int arrived() throws IOException {
            return server.getInputStream().available();
        }

        private void send(Socket from, String text) throws IOException {
            from.getOutputStream().write((text + "\n").getBytes(UTF_8));
        }

        private void expect(Socket at, String text) throws IOException {
            final byte[] line = at.getInputStream().readNBytes(text.length() + 1);
            final String found = new String(line, UTF_8);
            if (!found.equals(text + "\n")) {
                throw new IOException("expected " + text + ", got " + found);
            }
        }
    }

    /** From a namespace, and one of its addresses if not null, to a server that listens. */
    Session connect(NetworkNamespace from, String source, String address, ServerSocket server) throws IOException {
        final Socket client = from.call(() -> {
            final Socket socket = new Socket();
            if (source != null) {
                socket.bind(new InetSocketAddress(InetAddress.getByName(source), 0));
            }
            socket.connect(new InetSocketAddress(address, server.getLocalPort()), TIMEOUT_MS);
            return socket;
        });
        server.setSoTimeout(TIMEOUT_MS);
        return new Session(client, server.accept());
    }

    /** From alice to the outside server. */
    Session connectAlice(ServerSocket server) throws IOException {
        return connect(alice().namespace(), null, SERVER, server);
    }

    private void ip(String... lines) {
        for (final String line : lines) {
            run(outside, ("ip " + line).split(" "));
        }
    }

    static void run(NetworkNamespace where, String... command) {
        try {
            final Process process =
                    where.call(() -> new ProcessBuilder(command).inheritIO().start());
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(String.join(" ", command) + " failed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    static void set(NetworkNamespace where, String key, String value) {
        where.call(() -> Files.writeString(Path.of("/proc/sys/net/" + key), value));
    }

    @Override
    public void close() {
        try {
            for (final AutoCloseable resource : opened) {
                resource.close();
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        } finally {
            if (service != null) {
                service.close();
            }
            outside.close();
            network.close();
        }
    }
}
