// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.markcast.config.Config;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway.Departure;
import org.markcast.engine.sa.Sa;
import org.markcast.linux.NetworkNamespace;
import org.markcast.netfilter.KernelRules;

/**
 * Packets whose destination is a tunnel client's only when NAT has translated it. They must leave by the client's tunnel: with the
 * address that they had before they would leave in clear.
 *
 * <pre>
 *   alice 10.1.0.10 ---- eth1 10.1.0.1 gateway +-- tun1 ---- carol 172.16.0.1
 *         server                       NAT     +-- tun2 ---- dave  172.16.0.2
 * </pre>
 */
@NetworkNamespaceTest
class TranslatedUnicastTest {

    private static final String GATEWAY = "10.1.0.1";
    private static final int PORT = 5353;
    private static final int PATIENCE_MS = 5_000;

    private EmulatedNetwork network;
    private KernelRules rules;

    @AfterEach
    void close() {
        rules.close();
        network.close();
    }

    private void build(String mask, String nat) {
        network = EmulatedNetwork.builder()
                .lan("alice")
                .client("carol", Mark.parse("0x1" + mask), Mark.parse("0x101" + mask), "172.16.0.1")
                .client("dave", Mark.parse("0x2" + mask), Mark.parse("0x102" + mask), "172.16.0.2")
                .build();
        // A packet of a client that nobody marks leaves in clear, as on the WAN of a real gateway.
        network.gateway().ip("route add default via " + network.host("alice").address());
        network.gateway().run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        network.gateway().nft("table ip nat {\n" + nat + "\n}");
        rules = gateway().call(() -> KernelRules.open(true, Config.defaults().connmark(), System::nanoTime));
        final List<Sa> sas = new ArrayList<>();
        for (final Client client : network.clients()) {
            sas.add(new Sa(
                    client.name(),
                    "rw",
                    Mode.TUNNEL,
                    client.markIn(),
                    client.markOut(),
                    TrafficSelector.parse("0.0.0.0/0"),
                    TrafficSelector.parse(client.address()),
                    List.of()));
        }
        gateway().call(() -> {
            rules.apply(sas, List.of());
            return null;
        });
        network.gateway().resetSent();
    }

    private NetworkNamespace gateway() {
        return network.gateway().namespace();
    }

    private NetworkNamespace alice() {
        return network.host("alice").namespace();
    }

    private static final String MASQUERADE =
            "chain postrouting { type nat hook postrouting priority srcnat; oifname eth1 masquerade; }";

    @Test
    void shouldLeadTheAnswersToAMasqueradedClientIntoItsTunnel() throws Exception {
        build("", MASQUERADE);
        shouldAnswer(client("carol"), alice(), network.host("alice").address());
        assertEquals(Map.of("tun1 0x101", 1L, "eth1 0x1", 1L), sent());
    }

    @Test
    void shouldLeadTheAnswersToAMasqueradedClientIntoItsTunnelWithMasks() throws Exception {
        build("/0xffff", MASQUERADE);
        shouldAnswer(client("dave"), alice(), network.host("alice").address());
        assertEquals(Map.of("tun2 0x102", 1L, "eth1 0x2", 1L), sent());
    }

    @Test
    void shouldLeadWhatIsForwardedToAPortOfAClientIntoItsTunnel() throws Exception {
        build(
                "",
                "chain prerouting { type nat hook prerouting priority dstnat; iifname eth1 udp dport " + PORT
                        + " dnat to 172.16.0.1; }");
        shouldAnswer(alice(), client("carol"), GATEWAY);
        assertEquals(Map.of("tun1 0x101", 1L, "eth1 0x1", 1L), sent());
    }

    @Test
    void shouldLeadWhatTheGatewayItselfSendsToATranslatedAddressIntoTheTunnel() throws Exception {
        build("", "chain output { type nat hook output priority -100; ip daddr 192.0.2.1 dnat to 172.16.0.2; }");
        shouldAnswer(gateway(), client("dave"), "192.0.2.1");
        assertEquals(Map.of("tun2 0x102", 1L), sent());
    }

    /** A packet out of carol's tunnel has her mark until it is known where it goes. */
    @Test
    void shouldLeadWhatOneClientSendsToAnotherIntoTheTunnelOfThatOne() throws Exception {
        build(
                "",
                "chain prerouting { type nat hook prerouting priority dstnat; ip daddr 192.0.2.1 dnat to 172.16.0.2; }");
        shouldAnswer(client("carol"), client("dave"), "172.16.0.2");
        shouldAnswer(client("carol"), client("dave"), "192.0.2.1");
        assertEquals(Map.of("tun1 0x101", 2L, "tun2 0x102", 2L), sent());
    }

    private NetworkNamespace client(String name) {
        return network.client(name).namespace();
    }

    /** Sends a datagram, which is answered. */
    private static void shouldAnswer(NetworkNamespace asking, NetworkNamespace answering, String address)
            throws Exception {
        try (DatagramSocket server = answering.call(() -> new DatagramSocket(PORT));
                DatagramSocket socket = asking.call(() -> new DatagramSocket())) {
            server.setSoTimeout(PATIENCE_MS);
            socket.setSoTimeout(PATIENCE_MS);
            final DatagramPacket packet = new DatagramPacket(new byte[] {7}, 1);
            packet.setSocketAddress(new InetSocketAddress(address, PORT));
            socket.send(packet);
            server.receive(packet);
            server.send(packet);
            socket.receive(packet);
            assertEquals(new InetSocketAddress(address, PORT), packet.getSocketAddress());
        }
    }

    /** By interface and mark. */
    private Map<String, Long> sent() {
        final Map<String, Long> sent = new HashMap<>();
        for (final Map.Entry<Departure, Long> departure :
                network.gateway().sent().entrySet()) {
            sent.merge(
                    departure.getKey().device() + " 0x"
                            + Integer.toHexString(departure.getKey().mark()),
                    departure.getValue(),
                    Long::sum);
        }
        return sent;
    }
}
