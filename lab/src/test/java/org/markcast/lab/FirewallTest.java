// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.PortUnreachableException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Config;
import org.markcast.config.ConfigReader;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.daemon.emulation.Tap;
import org.markcast.linux.NetworkNamespace;
import org.markcast.netfilter.FirewallRules;

/** The firewall and what plain packets from the WAN become. What real ESP becomes, {@code bin/lab forecast} shows. */
@NetworkNamespaceTest
class FirewallTest {

    private static final String ON_WAN = "interface = eth0";
    private static final String ENFORCE = "mode = enforce";
    private static final String TABLE = "inet markcast_firewall";
    private static final String ANSWER = "an answer";
    private static final String NOTHING = "nothing";
    private static final int PORT = 7000;
    private static final int SENTINEL_PORT = 7001;
    private static final int LABELLED_PORT = 7002;
    private static final String SENTINEL_ALLOWED = "allow_forward = 10.1.0.10[udp/7001]";
    private static final int UNREACHABLE = 3;
    private static final int FRAGMENTATION_NEEDED = 4;
    private static final int REDIRECT = 5;
    private static final int TIMEOUT_MS = 5_000;
    private static final long PAUSE_NS = 50_000;

    @TempDir
    Path directory;

    private WanNetwork network;
    private ServiceProcess service;

    @BeforeEach
    void build() {
        network = new WanNetwork();
    }

    @AfterEach
    void close() {
        if (service != null) {
            service.close();
        }
        network.close();
    }

    private ServiceConfig config(String... settings) {
        return network.emulated().serviceConfig().firewall(settings);
    }

    private void start(String... settings) {
        service = ServiceProcess.start(network.gateway(), config(settings));
    }

    /** The verdicts that are not 0. */
    private static Map<String, Long> verdicts(ServiceStatus status) {
        final JsonObject firewall = status.json().getAsJsonObject("firewall");
        final Map<String, Long> counts = new TreeMap<>();
        for (final String kind : List.of("accepted", "refused")) {
            firewall.getAsJsonObject(kind).entrySet().stream()
                    .filter(verdict -> verdict.getValue().getAsLong() > 0)
                    .forEach(verdict ->
                            counts.put(verdict.getKey(), verdict.getValue().getAsLong()));
        }
        return counts;
    }

    /** Demands that exactly this is counted, as soon as the kernel has got round to it. */
    private void expectVerdicts(Map<String, Long> expected) {
        service.awaitStatus("count " + expected, status -> verdicts(status).equals(expected));
    }

    private void expectVerdict(String verdict, long atLeast) {
        service.awaitStatus("count " + verdict, status -> verdicts(status).getOrDefault(verdict, 0L) >= atLeast);
    }

    private void sendFromOutside(String source, String destination, int port) {
        network.outside()
                .send(Ipv4Packet.udp(source, 4000, destination, port, "hello".getBytes(US_ASCII))
                        .build());
    }

    /** Sources of the packets from outside that reach alice, the last of them allowed. */
    private List<String> reachAlice(String... sources) {
        try (Tap tap = network.alice().tap(arrival -> arrival.packet().isUdp())) {
            for (final String source : sources) {
                sendFromOutside(source, WanNetwork.ALICE, PORT);
            }
            sendFromOutside(WanNetwork.OUTSIDE, WanNetwork.ALICE, SENTINEL_PORT);
            return tap.before(arrival -> arrival.packet().destinationPort() == SENTINEL_PORT, Watch.SOON).stream()
                    .map(Arrival::packet)
                    .map(Ipv4Packet::source)
                    .toList();
        }
    }

    @Test
    void shouldKeepPlainPacketsThatPretendOutOfTheLan() throws IOException {
        start(ON_WAN, ENFORCE, SENTINEL_ALLOWED);
        assertEquals(List.of(), reachAlice("10.1.0.129", WanNetwork.OUTSIDE, "192.0.2.1", WanNetwork.WAN));
        // The kernel itself refuses what has one of its addresses.
        expectVerdicts(Map.of("pretended", 1L, "to_lan", 2L, "allowed", 1L));
    }

    @Test
    void shouldOnlyCountThemInMonitorMode() throws IOException {
        start(ON_WAN, SENTINEL_ALLOWED);
        assertEquals(
                List.of("10.1.0.129", WanNetwork.OUTSIDE, "192.0.2.1"),
                reachAlice("10.1.0.129", WanNetwork.OUTSIDE, "192.0.2.1"));
        expectVerdicts(Map.of("pretended", 1L, "to_lan", 2L, "allowed", 1L));
    }

    /** Without the firewall the gateway forwards them: the tests above see something. */
    @Test
    void shouldForwardThemWithoutAFirewall() {
        start();
        assertEquals(List.of("10.1.0.129", WanNetwork.OUTSIDE), reachAlice("10.1.0.129", WanNetwork.OUTSIDE));
        assertFalse(tables().contains(TABLE));
    }

    private String tables() {
        return network.run("nft list tables");
    }

    @Test
    void shouldLetIkeAndEspReachTheGateway() throws IOException {
        start(ON_WAN, ENFORCE, "allow = udp/7001");
        final byte[] ike = new byte[32];
        final byte[] esp = new byte[32];
        esp[3] = 7; // its SPI
        try (DatagramSocket daemon = open(500);
                DatagramSocket natt = open(4500);
                DatagramSocket sentinel = open(SENTINEL_PORT)) {
            send(Ipv4Packet.udp(WanNetwork.OUTSIDE, 500, WanNetwork.WAN, 500, ike));
            send(Ipv4Packet.udp(WanNetwork.OUTSIDE, 34567, WanNetwork.WAN, 4500, ike));
            send(Ipv4Packet.udp(WanNetwork.OUTSIDE, 34567, WanNetwork.WAN, 4500, new byte[] {-1}));
            send(Ipv4Packet.udp(WanNetwork.OUTSIDE, 34567, WanNetwork.WAN, 4500, esp));
            send(Ipv4Packet.of(50, WanNetwork.OUTSIDE, WanNetwork.WAN, esp));
            send(Ipv4Packet.udp(WanNetwork.OUTSIDE, 34567, WanNetwork.WAN, SENTINEL_PORT, ike));
            assertEquals(32, receive(sentinel));
            assertEquals(32, receive(daemon));
            assertEquals(List.of(32, 1, 32), List.of(receive(natt), receive(natt), receive(natt)));
        }
        expectVerdicts(Map.of("ike", 3L, "esp", 2L, "allowed", 1L));
    }

    private DatagramSocket open(int port) {
        return network.gateway().namespace().call(() -> {
            final DatagramSocket socket = new DatagramSocket(port);
            socket.setSoTimeout(TIMEOUT_MS);
            return socket;
        });
    }

    private static int receive(DatagramSocket socket) throws IOException {
        final DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        socket.receive(packet);
        return packet.getLength();
    }

    private void send(Ipv4Packet.Builder packet) {
        network.outside().send(packet.build());
    }

    @Test
    void shouldLetRepliesInAndNobodyElse() throws IOException {
        start(ON_WAN, ENFORCE);
        assertEquals(
                ANSWER,
                WanNetwork.connect(
                        network.gateway().namespace(),
                        WanNetwork.WAN,
                        network.outside().namespace(),
                        WanNetwork.OUTSIDE,
                        WanNetwork.OUTSIDE,
                        PORT));
        assertEquals(
                ANSWER,
                WanNetwork.connect(
                        network.alice().namespace(),
                        WanNetwork.ALICE,
                        network.outside().namespace(),
                        WanNetwork.OUTSIDE,
                        WanNetwork.OUTSIDE,
                        PORT));
        expectVerdict("established", 4);
        assertEquals(NOTHING, network.connectToGateway(WanNetwork.OUTSIDE, PORT));
        expectVerdict("to_gateway", 1);
    }

    @Test
    void shouldLeaveTheLanAndTheGatewayItselfAlone() throws IOException {
        start(ON_WAN, ENFORCE);
        assertEquals(
                ANSWER,
                WanNetwork.connect(
                        network.alice().namespace(),
                        WanNetwork.ALICE,
                        network.gateway().namespace(),
                        WanNetwork.LAN,
                        WanNetwork.LAN,
                        PORT));
        assertEquals(
                ANSWER,
                WanNetwork.connect(
                        network.gateway().namespace(),
                        WanNetwork.WAN,
                        network.gateway().namespace(),
                        WanNetwork.WAN,
                        WanNetwork.WAN,
                        PORT));
        expectVerdicts(Map.of());
    }

    @Test
    void shouldLetInWhatIsAllowed() throws IOException {
        start(ON_WAN, ENFORCE, "allow = tcp/7000-7005, icmp", "management = 192.0.2.0/24");
        assertEquals(ANSWER, network.connectToGateway(WanNetwork.OUTSIDE, 7005));
        assertEquals(NOTHING, network.connectToGateway(WanNetwork.OUTSIDE, 7006));
        send(Ipv4Packet.icmpEcho(WanNetwork.OUTSIDE, WanNetwork.WAN, 1, 1, new byte[8]));
        expectVerdict("allowed", 2);
        sendFromOutside("192.0.2.17", WanNetwork.WAN, 7006);
        expectVerdict("management", 1);
    }

    /** Nobody on the WAN is whom he says he is. */
    @Test
    void shouldNotBelieveAnAddressOfTheLan() {
        start(ON_WAN, ENFORCE, "allow = udp/7001", "management = 10.1.0.0/16, 192.0.2.0/24");
        sendFromOutside("10.1.0.129", WanNetwork.WAN, 7001);
        sendFromOutside("10.1.0.129", WanNetwork.WAN, 7002);
        sendFromOutside("192.0.3.17", WanNetwork.WAN, 7002);
        sendFromOutside("192.0.2.17", WanNetwork.WAN, 7002);
        expectVerdicts(Map.of("pretended", 2L, "to_gateway", 1L, "management", 1L));
    }

    @Test
    void shouldLetInWhatWasRedirectedOnPurpose() throws IOException {
        network.gateway()
                .nft("table ip forwarding { chain pre { type nat hook prerouting priority dstnat;"
                        + " iifname eth0 tcp dport 8080 dnat to 10.1.0.10:7000; }; }");
        start(ON_WAN, ENFORCE);
        network.alice().namespace().call(() -> {
            try (ServerSocket server = new ServerSocket(PORT)) {
                server.setSoTimeout(TIMEOUT_MS);
                final Socket client = network.outside().namespace().call(() -> {
                    final Socket socket = new Socket();
                    socket.connect(new InetSocketAddress(WanNetwork.WAN, 8080), TIMEOUT_MS);
                    return socket;
                });
                try (client;
                        Socket accepted = server.accept()) {
                    assertTrue(accepted.isConnected());
                }
            }
            return null;
        });
        expectVerdict("dnat", 1);
    }

    @Test
    void shouldGuardIpv6Too() throws IOException {
        network.addIpv6();
        start(ON_WAN, ENFORCE, "allow = tcp/7000");
        assertEquals(ANSWER, network.connectToGateway(WanNetwork.OUTSIDE6, PORT));
        assertEquals(NOTHING, network.connectToGateway(WanNetwork.OUTSIDE6, SENTINEL_PORT));
        expectVerdict("link", 1); // neighbour discovery
        expectVerdict("to_gateway", 1);
    }

    /** The label that a connection gets from its first decrypted packet; here another table gives it. */
    @Test
    void shouldLetNobodyGoOnInClearWithAConnectionThatUsesIpsec() throws IOException {
        network.gateway()
                .nft("table inet decrypted { chain in { type filter hook input priority -10;"
                        + " udp dport 7000 ct label set 126; }; }");
        start(ON_WAN, ENFORCE, "allow = udp/7000-7001");
        for (final int port : List.of(PORT, SENTINEL_PORT)) {
            try (DatagramSocket server = open(port);
                    DatagramSocket client = network.outside().namespace().call(() -> new DatagramSocket(4000))) {
                final DatagramPacket hello =
                        new DatagramPacket("hello".getBytes(US_ASCII), 5, new InetSocketAddress(WanNetwork.WAN, port));
                client.send(hello);
                final DatagramPacket request = new DatagramPacket(new byte[100], 100);
                server.receive(request);
                server.send(request); // now it is a connection
                client.setSoTimeout(TIMEOUT_MS);
                assertEquals(5, receive(client));
                client.send(hello);
                server.setSoTimeout(port == PORT ? 300 : TIMEOUT_MS);
                assertEquals(port == PORT ? NOTHING : "5", answerOf(server));
            }
        }
        expectVerdicts(Map.of("allowed", 2L, "pretended", 1L, "established", 1L));
    }

    /** A client that goes to the internet through its tunnel: its packets come out of an SA, the answers come in clear. */
    @Test
    void shouldLetInTheAnswersToWhatCameOutOfATunnelAndLeavesInClear() throws IOException {
        network.gateway()
                .nft("table inet decrypted { chain through { type filter hook forward priority -10;"
                        + " udp dport 7000 ct label set 126; }; }");
        start(ON_WAN, ENFORCE);
        try (DatagramSocket server = network.outside().namespace().call(() -> new DatagramSocket(PORT));
                DatagramSocket client = network.alice().namespace().call(() -> new DatagramSocket(4000))) {
            client.send(new DatagramPacket(new byte[5], 5, new InetSocketAddress(WanNetwork.OUTSIDE, PORT)));
            final DatagramPacket request = new DatagramPacket(new byte[100], 100);
            server.setSoTimeout(TIMEOUT_MS);
            server.receive(request);
            server.send(request);
            client.setSoTimeout(TIMEOUT_MS);
            assertEquals(5, receive(client));
        }
        expectVerdicts(Map.of("established", 1L));
    }

    /** The kernel gives a multicast back to the listeners of the machine that sends it, by the interface that it leaves by. */
    @Test
    void shouldLetTheGatewayHearItsOwnMulticasts() throws IOException {
        start(ON_WAN, ENFORCE);
        network.gateway().namespace().call(() -> {
            final NetworkInterface wan = NetworkInterface.getByInetAddress(InetAddress.getByName(WanNetwork.WAN));
            final InetSocketAddress group = new InetSocketAddress("224.0.0.251", 5353);
            try (MulticastSocket listener = new MulticastSocket(5353)) {
                listener.joinGroup(group, wan);
                listener.setNetworkInterface(wan);
                listener.setSoTimeout(TIMEOUT_MS);
                listener.send(new DatagramPacket(new byte[5], 5, group));
                assertEquals(5, receive(listener));
            }
            return null;
        });
        expectVerdict("link", 1);
    }

    /** Whoever knows its addresses and ports could join it, if conntrack alone decided. */
    @Test
    void shouldKeepTheWanOutOfConversationsInside() throws IOException {
        network.addIpv6();
        start(ON_WAN, ENFORCE, SENTINEL_ALLOWED);
        converse(network.alice(), WanNetwork.ALICE, network.gateway().namespace(), WanNetwork.LAN);
        converse(network.alice(), WanNetwork.ALICE6, network.gateway().namespace(), WanNetwork.LAN6);
        converse(network.bob(), WanNetwork.BOB, network.alice().namespace(), WanNetwork.ALICE);
        final long before = verdicts(service.status()).getOrDefault("pretended", 0L);
        try (DatagramSocket server = open(PORT)) {
            server.setSoTimeout(300);
            sendFromOutside(WanNetwork.ALICE, WanNetwork.LAN, PORT);
            network.outside().sendIpv6(Ipv6Packet.udp(WanNetwork.ALICE6, 4000, WanNetwork.LAN6, PORT, new byte[6]));
            assertEquals(NOTHING, answerOf(server));
        }
        assertEquals(List.of(), reachAlice(WanNetwork.BOB));
        expectVerdict("pretended", before + 3);
    }

    /** A router on the way has an address of its own, which may be of a network that the LAN leads to. */
    @Test
    void shouldLetInErrorsAboutConnectionsFromAddressesOfTheLan() throws IOException {
        network.addIpv6();
        network.run("ip route add 10.0.0.0/8 via 10.1.0.10; ip route add 2001:db8:1000::/36 via 2001:db8:1::10");
        network.gateway()
                .nft("table inet decrypted { chain through { type filter hook forward priority -10;"
                        + " udp dport 7002 ct label set 127; }; }");
        start(ON_WAN, ENFORCE, SENTINEL_ALLOWED);
        final String router = "10.20.0.1";
        final String router6 = "2001:db8:1020::1";
        final NetworkNamespace gateway = network.gateway().namespace();
        final NetworkNamespace alice = network.alice().namespace();
        try (DatagramSocket ofGateway = ask(gateway, WanNetwork.WAN, WanNetwork.OUTSIDE, PORT);
                DatagramSocket ofGateway6 = ask(gateway, WanNetwork.WAN6, WanNetwork.OUTSIDE6, PORT);
                DatagramSocket ofAlice = ask(alice, WanNetwork.ALICE, WanNetwork.OUTSIDE, PORT);
                DatagramSocket throughIpsec = ask(alice, WanNetwork.ALICE, WanNetwork.OUTSIDE, LABELLED_PORT);
                Tap tap = network.alice().tap(FirewallTest::isIcmpOrUdp)) {
            sendError(router, WanNetwork.WAN, UNREACHABLE, 3, PORT);
            assertThrows(PortUnreachableException.class, () -> receive(ofGateway));
            final byte[] sent = Ipv6Packet.udp(WanNetwork.WAN6, PORT, WanNetwork.OUTSIDE6, PORT, new byte[5]);
            network.outside().sendIpv6(Ipv6Packet.icmpError(WanNetwork.LAN6, WanNetwork.WAN6, 1, 4, sent));
            network.outside().sendIpv6(Ipv6Packet.icmpError(router6, WanNetwork.WAN6, 1, 4, sent));
            assertThrows(PortUnreachableException.class, () -> receive(ofGateway6));

            sendError(router, WanNetwork.ALICE, UNREACHABLE, FRAGMENTATION_NEEDED, LABELLED_PORT);
            sendError(router, WanNetwork.ALICE, UNREACHABLE, FRAGMENTATION_NEEDED, 9);
            sendError(router, WanNetwork.ALICE, REDIRECT, 1, PORT);
            sendError(router, WanNetwork.WAN, UNREACHABLE, 3, 9);
            sendError(router, WanNetwork.ALICE, UNREACHABLE, FRAGMENTATION_NEEDED, PORT);
            sendFromOutside(WanNetwork.OUTSIDE, WanNetwork.ALICE, SENTINEL_PORT);
            final List<Arrival> errors = tap.before(arrival -> arrival.packet().isUdp(), Watch.SOON);
            assertEquals(1, errors.size(), errors::toString);
            assertEquals(router, errors.get(0).packet().source());
            assertTrue(ofAlice.isConnected() && throughIpsec.isConnected());
        }
        service.awaitStatus("count them", status -> verdicts(status).getOrDefault("pretended", 0L) == 5);
        assertEquals(3, verdicts(service.status()).get("established"));
    }

    private static boolean isIcmpOrUdp(Arrival arrival) {
        return arrival.packet().protocol() == 1 || arrival.packet().isUdp();
    }

    /** About a datagram of the destination's to the outside, both with the same port. */
    private void sendError(String source, String destination, int type, int code, int port) {
        final Ipv4Packet about = Ipv4Packet.udp(destination, port, WanNetwork.OUTSIDE, port, new byte[5])
                .build();
        send(Ipv4Packet.icmpError(source, destination, type, code, about));
    }

    /** Has a datagram arrive outside that nobody answers, both with the same port. */
    private DatagramSocket ask(NetworkNamespace client, String source, String destination, int port)
            throws IOException {
        try (DatagramSocket asked = network.outside()
                .namespace()
                .call(() -> new DatagramSocket(new InetSocketAddress(destination, port)))) {
            asked.setSoTimeout(TIMEOUT_MS);
            final DatagramSocket asking = client.call(() -> new DatagramSocket(new InetSocketAddress(source, port)));
            asking.setSoTimeout(TIMEOUT_MS);
            asking.connect(new InetSocketAddress(destination, port));
            asking.send(new DatagramPacket(new byte[5], 5));
            receive(asked);
            return asking;
        }
    }

    /** A datagram from port 4000 to port 7000, and the answer. */
    private static void converse(Host client, String source, NetworkNamespace server, String destination)
            throws IOException {
        try (DatagramSocket asked = server.call(() -> new DatagramSocket(new InetSocketAddress(destination, PORT)));
                DatagramSocket asking =
                        client.namespace().call(() -> new DatagramSocket(new InetSocketAddress(source, 4000)))) {
            asked.setSoTimeout(TIMEOUT_MS);
            asking.setSoTimeout(TIMEOUT_MS);
            asking.send(new DatagramPacket(new byte[5], 5, new InetSocketAddress(destination, PORT)));
            answer(asked);
            assertEquals(5, receive(asking));
        }
    }

    /** Sends a datagram back to whoever sent it. */
    private static void answer(DatagramSocket socket) throws IOException {
        final DatagramPacket request = new DatagramPacket(new byte[100], 100);
        socket.receive(request);
        socket.send(request);
    }

    /** IPv4 knows its own addresses when they come by the wire, IPv6 does not. */
    @Test
    void shouldNotTakeMulticastsFromTheWanForItsOwn() throws IOException {
        network.addIpv6();
        start(ON_WAN, ENFORCE);
        network.gateway().namespace().call(() -> {
            final NetworkInterface wan = NetworkInterface.getByName("eth0");
            final InetSocketAddress group = new InetSocketAddress("ff02::fb", 5353);
            try (MulticastSocket listener = new MulticastSocket(5353)) {
                listener.joinGroup(group, wan);
                listener.setNetworkInterface(wan);
                listener.setSoTimeout(TIMEOUT_MS);
                for (final String source : List.of(WanNetwork.WAN6, WanNetwork.WAN6_LINK_LOCAL, WanNetwork.LAN6)) {
                    network.outside().sendIpv6(Ipv6Packet.udp(source, 5353, "ff02::fb", 5353, new byte[7]));
                }
                listener.send(new DatagramPacket(new byte[5], 5, group));
                assertEquals(5, receive(listener), "the first to be heard is its own");
            }
            return null;
        });
        final byte[] advertisement = new byte[24];
        advertisement[0] = (byte) 136;
        network.outside()
                .sendIpv6(Ipv6Packet.of(Ipv6Packet.ICMP, WanNetwork.WAN6_LINK_LOCAL, "ff02::1", advertisement));
        expectVerdict("pretended", 4);
        expectVerdict("link", 1);
    }

    @Test
    void shouldRefuseAddressesThatNobodyOnTheWanHas() throws IOException {
        network.addIpv6();
        network.run("echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet");
        start(ON_WAN, ENFORCE, "allow = udp/7000", "allow_forward = ::/0", "management = ::/0");
        network.outside().sendIpv6(Ipv6Packet.udp("::", 4000, WanNetwork.WAN6, PORT, new byte[5]));
        network.outside().sendIpv6(Ipv6Packet.udp(WanNetwork.OUTSIDE6, 4000, "::ffff:10.1.0.10", PORT, new byte[5]));
        sendFromOutside(WanNetwork.OUTSIDE, "127.0.0.1", PORT);
        // The first of these the kernel refuses before any rule sees it.
        network.outside().sendIpv6(Ipv6Packet.udp("::1", 4000, WanNetwork.WAN6, PORT, new byte[5]));
        network.outside().sendIpv6(Ipv6Packet.udp("::ffff:10.1.0.10", 4000, WanNetwork.WAN6, PORT, new byte[5]));
        network.outside().sendIpv6(Ipv6Packet.udp(WanNetwork.OUTSIDE6, 4000, WanNetwork.WAN6, PORT, new byte[5]));
        service.awaitStatus("let the last in", status -> verdicts(status).containsKey("allowed"));
        assertEquals(1, verdicts(service.status()).get("allowed"));
        assertEquals(4, verdicts(service.status()).get("pretended"));
    }

    /** Asking for an address before having it, and with a link-local one that the gateway has on another link. */
    @Test
    void shouldLetNeighboursSolicit() throws IOException {
        network.addIpv6();
        network.run("ip address add fe80::1/64 dev eth1 nodad");
        start(ON_WAN, ENFORCE);
        final byte[] solicitation = new byte[24];
        solicitation[0] = (byte) 135;
        System.arraycopy(Ipv6Packet.address(WanNetwork.WAN6), 0, solicitation, 8, 16);
        final long before = verdicts(service.status()).getOrDefault("link", 0L);
        for (final String neighbour : List.of("::", "fe80::1")) {
            network.outside().sendIpv6(Ipv6Packet.of(Ipv6Packet.ICMP, neighbour, "ff02::1:ff00:1", solicitation));
        }
        expectVerdict("link", before + 2);
        assertFalse(verdicts(service.status()).containsKey("pretended"));
    }

    /** The rules with a mark in the place of what only IPsec can give a packet. */
    private void loadAsIfMarkedWereDecrypted(String... settings) throws Exception {
        final Path file = Files.writeString(
                directory.resolve("test.conf"), config(settings).text());
        final Config config = ConfigReader.read(file);
        network.gateway()
                .nft("table ip decryption { chain pre { type filter hook prerouting priority -400;"
                        + " ip dscp 1 meta mark set 7; }; }\n"
                        + FirewallRules.table(config.firewall(), config.interfaces())
                                .orElseThrow()
                                .text()
                                .replace("meta ipsec exists", "meta mark 7")
                                .replace("meta ipsec missing", "meta mark != 7"));
    }

    /** To conntrack an ICMP error belongs to the connection that it is about, which may be anybody's. */
    @Test
    void shouldNotTakeAStrangersConnectionForOneThatUsesIpsec() throws Exception {
        loadAsIfMarkedWereDecrypted(ON_WAN, ENFORCE, "allow = udp/7000");
        try (DatagramSocket server = open(PORT);
                DatagramSocket stranger = network.outside().namespace().call(() -> new DatagramSocket(4000))) {
            final DatagramPacket hello =
                    new DatagramPacket(new byte[5], 5, new InetSocketAddress(WanNetwork.WAN, PORT));
            stranger.send(hello);
            answer(server);
            final Ipv4Packet answer = Ipv4Packet.udp(WanNetwork.WAN, PORT, WanNetwork.OUTSIDE, 4000, new byte[5])
                    .build();
            send(Ipv4Packet.icmpError("10.1.0.129", WanNetwork.WAN, 3, 3, answer)
                    .typeOfService(1 << 2));
            stranger.send(hello);
            assertEquals("5", answerOf(server));
            assertEquals(1, packets("accepted_decrypted"));
            // A decrypted packet of the connection itself does.
            send(Ipv4Packet.udp(WanNetwork.OUTSIDE, 4000, WanNetwork.WAN, PORT, new byte[6])
                    .typeOfService(1 << 2));
            assertEquals("6", answerOf(server));
            stranger.send(hello);
            server.setSoTimeout(300);
            assertEquals(NOTHING, answerOf(server));
            assertEquals(1, packets("refused_pretended"));
        }
    }

    private long packets(String counter) {
        final Matcher matcher =
                Pattern.compile("packets (\\d+)").matcher(network.run("nft list counter " + TABLE + " " + counter));
        assertTrue(matcher.find());
        return Long.parseLong(matcher.group(1));
    }

    /** Its server answers by broadcast as long as there is no address, and later to a question. */
    @Test
    void shouldLetTheGatewayHaveItsAddressByDhcp() throws IOException {
        start(ON_WAN, ENFORCE);
        try (DatagramSocket client = open(68);
                DatagramSocket server = network.outside().namespace().call(() -> new DatagramSocket(67))) {
            send(Ipv4Packet.udp(WanNetwork.OUTSIDE, 67, "255.255.255.255", 68, new byte[5]));
            send(Ipv4Packet.udp("10.1.0.67", 67, "255.255.255.255", 68, new byte[6])); // networks are often the same
            assertEquals(List.of(5, 6), List.of(receive(client), receive(client)));
            client.send(new DatagramPacket(new byte[7], 7, new InetSocketAddress(WanNetwork.OUTSIDE, 67)));
            answer(server);
            assertEquals(7, receive(client));
        }
        expectVerdicts(Map.of("link", 3L));
    }

    /** A server or a relay may have any address; to a link-local one no router leads. */
    @Test
    void shouldLetTheGatewayHaveItsAddressByDhcpv6() throws IOException {
        network.addIpv6();
        start(ON_WAN, ENFORCE);
        try (DatagramSocket client = open(546)) {
            sendDhcpv6("fe80::9", WanNetwork.WAN6_LINK_LOCAL, 5);
            sendDhcpv6(WanNetwork.OUTSIDE6, WanNetwork.WAN6_LINK_LOCAL, 6);
            sendDhcpv6(WanNetwork.OUTSIDE6, WanNetwork.WAN6, 7);
            sendDhcpv6("fe80::9", WanNetwork.WAN6_LINK_LOCAL, 8);
            assertEquals(List.of(5, 6, 8), List.of(receive(client), receive(client), receive(client)));
        }
        expectVerdict("link", 3);
        expectVerdict("to_gateway", 1);
    }

    private void sendDhcpv6(String server, String client, int length) {
        network.outside().sendIpv6(Ipv6Packet.udp(server, 547, client, 546, new byte[length]));
    }

    private static String answerOf(DatagramSocket socket) throws IOException {
        try {
            return Integer.toString(receive(socket));
        } catch (SocketTimeoutException e) {
            return NOTHING;
        }
    }

    @Test
    void shouldChangeTheModeInOneTransactionAndKeepCounting() throws IOException {
        start(ON_WAN, SENTINEL_ALLOWED);
        final String others = network.run("nft -a list table ip markcast");
        assertEquals(List.of(WanNetwork.OUTSIDE), reachAlice(WanNetwork.OUTSIDE));

        service.reload(config(ON_WAN, ENFORCE, SENTINEL_ALLOWED));
        assertEquals(List.of(), reachAlice(WanNetwork.OUTSIDE));
        expectVerdicts(Map.of("to_lan", 2L, "allowed", 2L));
        assertEquals(
                "enforce",
                service.status().json().getAsJsonObject("firewall").get("mode").getAsString());

        service.reload(config());
        assertEquals(List.of(WanNetwork.OUTSIDE), reachAlice(WanNetwork.OUTSIDE));
        assertFalse(tables().contains(TABLE));
        assertFalse(service.status().json().has("firewall"));
        assertEquals(others, network.run("nft -a list table ip markcast"));
    }

    /** Neither does a packet meet a moment without rules, nor one whose counters were already read. */
    @Test
    void shouldCountEveryPacketAcrossChanges() {
        start(ON_WAN, "log = no");
        final AtomicBoolean isOver = new AtomicBoolean();
        final CompletableFuture<Long> sent = CompletableFuture.supplyAsync(() -> {
            long count = 0;
            for (; !isOver.get(); count++) {
                sendFromOutside(WanNetwork.OUTSIDE, WanNetwork.WAN, PORT);
                LockSupport.parkNanos(PAUSE_NS);
            }
            return count;
        });
        try {
            service.reload(config(ON_WAN, ENFORCE, "log = no"));
            service.reload(config(ON_WAN, ENFORCE, "log = no", "decrypted = marked"));
            service.reload(config(ON_WAN, "log = no"));
        } finally {
            isOver.set(true);
        }
        expectVerdicts(Map.of("to_gateway", sent.join()));
    }

    @Test
    void shouldLeaveNothingBehind() {
        start(ON_WAN, ENFORCE);
        assertTrue(tables().contains(TABLE));
        assertEquals(0, service.stop(), service.log());
        assertEquals("", tables());
    }

    @Test
    void shouldRestoreWhatOthersFlush() {
        start(ON_WAN, ENFORCE);
        final String before = network.run("nft -s list table " + TABLE);
        network.run("nft flush table " + TABLE);
        final long deadlineNs = System.nanoTime() + Watch.SOON.toNanos();
        String now = "";
        while (!now.equals(before) && System.nanoTime() < deadlineNs) {
            now = network.run("nft -s list table " + TABLE + " || true");
        }
        assertEquals(before, now, service.log());
    }

    @Test
    void shouldPrintRulesThatLoad() throws IOException {
        final Path file = Files.writeString(
                directory.resolve("test.conf"),
                config(
                                "interface = eth0, ppp*",
                                ENFORCE,
                                "decrypted = 7, 0x100/0xff00",
                                "allow = tcp/22, udp/5000-5010, icmp, icmp/8, ipv6-icmp/128, gre",
                                "allow_forward = 2001:db8:1::80[tcp/443], 0.0.0.0/0[/53], 2001:db8:1::81[icmp/8]",
                                "management = 192.0.2.0/24, 192.0.2.0/25, ::/0")
                        .text());
        final Program rules = Program.markcast(network.gateway(), "rules", "-c", file);
        assertEquals(0, rules.exitStatus(), rules::toString);
        final Path text = Files.writeString(directory.resolve("rules.nft"), rules.out());
        network.gateway().run("nft", "-c", "-f", text.toString());
        network.gateway().run("nft", "-f", text.toString());
        assertTrue(network.run("nft list table " + TABLE).contains("hook forward"), rules.out());
    }

    /** Found instead of named, the LAN is eth1, and then everybody's address is one of its. */
    @Test
    void shouldWarnIfTheDefaultRouteLeadsToTheLan() throws IOException {
        network.run("ip route replace default via 10.1.0.10");
        final ServiceConfig config =
                config(ON_WAN, ENFORCE, "management = 192.0.2.0/24").set("interface", "");
        final Program check = Program.markcast(
                network.gateway(), "check", "-c", Files.writeString(directory.resolve("test.conf"), config.text()));
        final String warning = "firewall: the default route leads to LAN eth1, so mode = enforce refuses what the"
                + " internet sends in clear to eth0, but IKE and ESP; write interface = LAN\n";
        assertEquals("warning: " + warning, check.err());
        service = ServiceProcess.start(network.gateway(), config);
        assertTrue(service.log().contains(warning), service.log());
        sendFromOutside("192.0.2.17", WanNetwork.WAN, PORT);
        expectVerdicts(Map.of("pretended", 1L));
    }

    @Test
    void shouldWarnWhoAdministersByTheWanInCheckAndAtTheStart() throws IOException {
        network.addIpv6();
        final String lost = "firewall: the session from %s to port 22 of eth0 loses access with mode = enforce";
        final List<String> warnings = List.of(lost.formatted(WanNetwork.OUTSIDE), lost.formatted(WanNetwork.OUTSIDE6));
        final Path file = Files.writeString(
                directory.resolve("test.conf"), config(ON_WAN, ENFORCE).text());
        network.gateway().namespace().call(() -> {
            try (ServerSocket server = new ServerSocket(22);
                    Socket admin = network.outside().namespace().call(() -> new Socket(WanNetwork.WAN, 22));
                    Socket admin6 = network.outside().namespace().call(() -> new Socket(WanNetwork.WAN6, 22))) {
                assertTrue(admin.isConnected() && admin6.isConnected() && server.isBound());
                final Program check = Program.markcast(network.gateway(), "check", "-c", file);
                assertEquals(0, check.exitStatus(), check::toString);
                start(ON_WAN, ENFORCE);
                for (final String warning : warnings) {
                    assertTrue(check.err().contains("warning: " + warning), check::toString);
                    assertTrue(service.log().contains(warning), service.log());
                }
            }
            return null;
        });
        Files.writeString(
                file,
                config(ON_WAN, ENFORCE, "management = 198.51.100.0/24, 2001:db8::/64")
                        .text());
        final Program check = Program.markcast(network.gateway(), "check", "-c", file);
        assertEquals("", check.err());
    }
}
