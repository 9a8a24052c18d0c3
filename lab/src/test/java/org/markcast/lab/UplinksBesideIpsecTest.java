// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.lab.UplinkNetwork.BOTH;
import static org.markcast.lab.UplinkNetwork.CABLE_ADDRESS;
import static org.markcast.lab.UplinkNetwork.DSL_ADDRESS;
import static org.markcast.lab.UplinkNetwork.SERVER;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.StaticTunnel;
import org.markcast.ipsec.vici.ScriptedCharon;
import org.markcast.ipsec.vici.ScriptedSa;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.RawSocket;

/**
 * An SA in transport mode to the server beside two uplinks. Its policy is a real one, but blocks: what meets it is refused, what misses
 * it arrives in clear.
 */
@NetworkNamespaceTest
class UplinksBesideIpsecTest {

    private static final String OTHER_SERVER = "203.0.113.2";
    private static final int MARK = 7;
    private static final int PORT = 5000;
    private static final int PEER_PORT = 4000;
    private static final int ESP = 50;
    private static final int TRAFFIC_CLASS = 0x20;
    private static final ScriptedSa SA = ScriptedSa.client(MARK).at(SERVER, 500).transport(DSL_ADDRESS);

    @TempDir
    Path directory;

    private UplinkNetwork network;
    private ScriptedCharon charon;

    @BeforeEach
    void build() {
        network = new UplinkNetwork();
        network.defaultRoute("dsl");
        network.gateway().ip("xfrm policy add dst " + SERVER + " dir out mark " + MARK + " action block");
    }

    @AfterEach
    void close() throws IOException {
        network.close();
        if (charon != null) {
            charon.close();
        }
    }

    private void startWithCharon(ScriptedSa... sas) throws IOException {
        final Path socket = directory.resolve("charon.vici");
        charon = ScriptedCharon.start(socket, List.of(sas));
        start(UplinkNetwork.config(BOTH).vici(socket, Duration.ofMinutes(5)));
    }

    private void start(ServiceConfig config) {
        network.start(config.connmark());
        network.awaitState("dsl", "up");
        network.awaitState("cable", "up");
    }

    private void awaitSa() {
        network.service()
                .awaitStatus(
                        "have the SA",
                        status -> !status.json().getAsJsonArray("sas").isEmpty());
    }

    @Test
    void shouldProtectWhatBeginsHere() throws IOException {
        startWithCharon(SA);
        awaitSa();
        try (DatagramSocket socket = socket(DSL_ADDRESS, PORT)) {
            assertRefused(socket);
        }
    }

    @Test
    void shouldProtectWhatBeginsHereBelowAMask() throws IOException {
        final Mark mark = new Mark(MARK, 0x00ff_ffff);
        network.gateway()
                .ip(
                        "xfrm policy del dst " + SERVER + " dir out mark " + MARK,
                        "xfrm policy add dst " + SERVER + " dir out mark " + MARK + " mask 0xffffff action block");
        start(UplinkNetwork.config(BOTH)
                .with(new StaticTunnel(
                        "carol", "rw", Mode.TRANSPORT, mark, mark, List.of(DSL_ADDRESS), List.of(SERVER))));
        try (DatagramSocket socket = socket(DSL_ADDRESS, PORT)) {
            assertRefused(socket);
        }
    }

    @Test
    void shouldProtectWhatHasBegunInClear() throws IOException {
        startWithCharon();
        try (DatagramSocket socket = socket(DSL_ADDRESS, PORT);
                DatagramSocket server = peer()) {
            socket.send(packet(SERVER, PEER_PORT));
            receive(server);
            charon.up(SA);
            awaitSa();
            assertRefused(socket);
        }
    }

    /** Anybody can send a packet in clear that looks like one of a connection that comes in through the SA. */
    @Test
    void shouldNotPinConnectionsOfAnSa() throws IOException {
        startWithCharon(SA);
        awaitSa();
        network.gateway()
                .nft("table netdev emulated {\n chain in {\n type filter hook ingress device \"dsl\" priority 0;\n"
                        + " udp sport " + PEER_PORT + " ip dscp 8 meta mark set " + MARK + "\n }\n}\n");
        try (DatagramSocket socket = socket(DSL_ADDRESS, PORT);
                DatagramSocket peer = peer()) {
            peer.setTrafficClass(TRAFFIC_CLASS);
            peer.send(packet(DSL_ADDRESS, PORT));
            receive(socket);
            peer.setTrafficClass(0);
            peer.send(packet(DSL_ADDRESS, PORT));
            receive(socket);
            assertRefused(socket);
        }
    }

    @Test
    void shouldPinOthers() throws IOException {
        UplinkNetwork.run(network.outside(), "ip", "address", "add", OTHER_SERVER + "/32", "dev", "lo");
        startWithCharon(SA);
        awaitSa();
        final UplinkNetwork.Session session = network.connect(
                network.gateway().namespace(), CABLE_ADDRESS, OTHER_SERVER, network.listen(network.outside(), 8080));
        session.exchange("from cable");
        assertEquals(1, network.uplink("cable").get("connections").getAsInt());
        network.defaultRoute("cable");
        network.defaultRoute("dsl");
        session.exchange("still");
    }

    /** ESP keeps the mark of the packet inside, which may be pinned to another uplink since before there was a tunnel. */
    @Test
    void shouldSendEspByTheUplinkOfItsSource() {
        start(UplinkNetwork.config(BOTH));
        network.gateway()
                .nft("table ip seen {\n chain post {\n type filter hook postrouting priority raw;\n"
                        + " ip protocol esp oifname \"cable\" counter comment \"by cable\"\n"
                        + " ip protocol esp oifname \"dsl\" counter comment \"by dsl\"\n }\n}\n");
        network.gateway().namespace().call(() -> {
            sendEsp(0x0100_0000 | MARK);
            return null;
        });
        final String seen = network.gateway().run("nft", "list", "table", "ip", "seen");
        assertTrue(seen.contains("packets 1 bytes 28 comment \"by cable\""), seen);
        assertTrue(seen.contains("packets 0 bytes 0 comment \"by dsl\""), seen);
        assertEquals(1, network.uplink("cable").get("connections").getAsInt());
    }

    private static void sendEsp(int mark) {
        final byte[] packet = Ipv4Packet.of(ESP, CABLE_ADDRESS, OTHER_SERVER, new byte[8])
                .build()
                .bytes();
        final UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(packet.length));
        buffer.putBytes(0, packet);
        try (RawSocket socket = new RawSocket()) {
            final MessageBatch batch = MessageBatch.marked(1, socket.takesProtocol());
            batch.packet(0, buffer.addressOffset(), packet.length);
            batch.mark(0, ByteBuffer.wrap(packet).getInt(16), mark, ESP);
            assertEquals(1, socket.send(batch, 0, 1));
        }
    }

    private DatagramSocket socket(String address, int port) {
        return network.gateway().namespace().call(() -> new DatagramSocket(new InetSocketAddress(address, port)));
    }

    private DatagramSocket peer() {
        return network.outside().call(() -> new DatagramSocket(new InetSocketAddress(SERVER, PEER_PORT)));
    }

    private static void receive(DatagramSocket socket) throws IOException {
        socket.setSoTimeout(10_000);
        socket.receive(new DatagramPacket(new byte[16], 16));
    }

    private static void assertRefused(DatagramSocket socket) {
        final IOException refused =
                assertThrows(IOException.class, () -> socket.send(packet(SERVER, PEER_PORT)), "sent in clear");
        assertEquals("Operation not permitted", refused.getMessage());
    }

    private static DatagramPacket packet(String address, int port) throws IOException {
        return new DatagramPacket(new byte[] {1}, 1, InetAddress.getByName(address), port);
    }
}
