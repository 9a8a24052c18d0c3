// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.Tap;
import org.markcast.linux.ConntrackSocket;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RawSocket;

/**
 * Inside hosts that speak IPsec themselves, behind a gateway that masquerades. Hosts answer nothing: they send what they are told and
 * see what arrives.
 *
 * <pre>
 *   client 0  10.7.0.2 ---- in0 10.7.0.1 +---------+ wan0 203.0.113.1, .10 to .19
 *   client 1  10.7.1.2 ---- in1 10.7.1.1 | gateway | ---------------------------- server 203.0.113.254, 203.0.113.253
 *   ...                                  +---------+ wan1 198.51.100.1 ------------ server 203.0.113.253 again, if wanted
 * </pre>
 */
final class MasqueradeNetwork implements AutoCloseable {

    static final String SERVER = "203.0.113.254";
    static final String OTHER_SERVER = "203.0.113.253";

    /** What the general masquerade gives to everybody. */
    static final String GENERAL = "203.0.113.1";

    /** What everybody gets by the second line. */
    static final String SECOND_GENERAL = "198.51.100.1";

    static final int ESP = 50;
    static final int IKE_PORT = 500;
    static final int NAT_TRAVERSAL_PORT = 4500;

    private static final String GENERAL_RULES =
            "table ip general { chain post { type nat hook postrouting priority srcnat; oifname \"wan0\" masquerade; }; }\n";

    private static final int UDP = 17;
    private static final int SENTINEL_PORT = 9999;
    private static final long SERVER_MAC = 0x0200_0000_02ffL;
    private static final long SECOND_SERVER_MAC = 0x0200_0000_04ffL;
    private static final long RETRY_NS = 20_000_000;

    private final EmulatedNetwork network =
            EmulatedNetwork.builder().lan("alice").build();
    private final List<Host> clients = new ArrayList<>();
    private final List<Tap> taps = new ArrayList<>();
    private final Host server;
    private final Tap serverTap;
    private Host secondServer; // null: no second line
    private Tap secondServerTap;
    private int lastSpi;

    MasqueradeNetwork(int clientCount) {
        gateway().run("sysctl", "-qw", "net.ipv4.ip_forward=1");
        for (int i = 0; i < clientCount; i++) {
            clients.add(host("in" + i, 0x0200_0000_0100L + i, address(i)));
            gateway()
                    .ip(
                            "address add 10.7." + i + ".1/24 dev in" + i,
                            neighbour(address(i), 0x0200_0000_0200L + i, "in" + i));
        }
        server = host("wan0", 0x0200_0000_01ffL, SERVER);
        gateway()
                .ip(
                        "address add " + GENERAL + "/24 dev wan0",
                        neighbour(SERVER, SERVER_MAC, "wan0"),
                        neighbour(OTHER_SERVER, SERVER_MAC, "wan0"));
        for (int i = 10; i < 20; i++) {
            gateway().ip("address add 203.0.113." + i + "/32 dev wan0");
        }
        gateway().nft(GENERAL_RULES);
        clients.forEach(client -> taps.add(client.tap()));
        serverTap = server.tap();
    }

    private Host host(String gatewayInterface, long gatewayMac, String address) {
        final NetworkNamespace namespace = NetworkNamespace.create();
        gateway()
                .ip(
                        "link add " + gatewayInterface + " address " + mac(gatewayMac)
                                + " type veth peer name eth0 address " + mac(gatewayMac + 0x100) + " netns "
                                + namespace.path(),
                        "link set " + gatewayInterface + " up");
        gateway().run("nsenter", "--net=" + namespace.path(), "ip", "link", "set", "eth0", "up");
        return new Host(address, namespace, "eth0", address, gatewayMac);
    }

    private static String neighbour(String address, long mac, String device) {
        return "neigh add " + address + " lladdr " + mac(mac) + " nud permanent dev " + device;
    }

    private static String mac(long mac) {
        return String.format("%012x", mac).replaceAll("(..)(?!$)", "$1:");
    }

    /** Another line to the outside, by which the other server can be reached as well. */
    void addSecondWan() {
        secondServer = host("wan1", 0x0200_0000_03ffL, OTHER_SERVER);
        gateway()
                .ip(
                        "address add " + SECOND_GENERAL + "/24 dev wan1",
                        neighbour(OTHER_SERVER, SECOND_SERVER_MAC, "wan1"));
        gateway()
                .nft("table ip second { chain post { type nat hook postrouting priority srcnat;"
                        + " oifname \"wan1\" snat to " + SECOND_GENERAL + "; }; }\n");
        secondServerTap = secondServer.tap();
    }

    void routeOtherServerBySecondWan() {
        gateway().ip("route add " + OTHER_SERVER + "/32 dev wan1");
    }

    void routeOtherServerByFirstWan() {
        gateway().ip("route del " + OTHER_SERVER + "/32 dev wan1");
    }

    /** Has a client send ESP to the other server until it gets there by the second line, from where it should come. */
    void awaitEspBySecondWan(int client, String source) {
        await("ESP by the second line from " + source, () -> {
            final int spi = ++lastSpi;
            clients.get(client).send(espPacket(address(client), OTHER_SERVER, spi));
            sentinel(client);
            return secondServerTap.packets().stream()
                    .map(Arrival::packet)
                    .filter(packet ->
                            packet.protocol() == ESP && packet.source().equals(source))
                    .findFirst();
        });
    }

    Gateway gateway() {
        return network.gateway();
    }

    static String address(int client) {
        return "10.7." + client + ".2";
    }

    /** Has a client send ESP to a server; the address that it comes from there, empty if it does not get there. */
    Optional<String> esp(int client, String serverAddress) {
        final int spi = ++lastSpi;
        clients.get(client).send(espPacket(address(client), serverAddress, spi));
        return arrivalBefore(client, packet -> packet.protocol() == ESP && spiOf(packet) == spi)
                .map(Ipv4Packet::source);
    }

    /** Has a client send ESP to some 200 servers, none of which is there. */
    void flood(int client) {
        for (int i = 20; i < 250; i++) {
            clients.get(client).send(espPacket(address(client), "203.0.113." + i, ++lastSpi));
        }
    }

    /** Has the gateway itself send ESP from one of its addresses. */
    Optional<String> espFromGateway(String source, String serverAddress) {
        final int spi = ++lastSpi;
        final byte[] bytes = espPacket(source, serverAddress, spi).bytes();
        final int sent = gateway().namespace().call(() -> {
            try (RawSocket socket = new RawSocket()) {
                final UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length));
                buffer.putBytes(0, bytes);
                return socket.send(
                        buffer.addressOffset(),
                        bytes.length,
                        ByteBuffer.wrap(bytes).getInt(16));
            }
        });
        assertEquals(bytes.length, sent);
        return arrivalBefore(0, packet -> packet.protocol() == ESP && spiOf(packet) == spi)
                .map(Ipv4Packet::source);
    }

    /** The same for IKE, with source port 500; the packet as it arrives. */
    Optional<Ipv4Packet> ike(int client, String serverAddress) {
        return ike(client, IKE_PORT, serverAddress);
    }

    /** The same with another source port. */
    Optional<Ipv4Packet> ike(int client, int sourcePort, String serverAddress) {
        return udp(client, sourcePort, serverAddress, IKE_PORT);
    }

    /** Has a client send UDP to a server; the packet as it arrives. */
    Optional<Ipv4Packet> udp(int client, int sourcePort, String serverAddress, int port) {
        final int number = ++lastSpi;
        clients.get(client)
                .send(Ipv4Packet.udp(address(client), sourcePort, serverAddress, port, body(number))
                        .build());
        return arrivalBefore(
                client, packet -> packet.isUdp() && packet.destinationPort() == port && numberOf(packet) == number);
    }

    /** Sends ESP until it gets there, as a client does; the address that it comes from there. */
    String awaitEsp(int client, String serverAddress) {
        return await("ESP from client " + client, () -> esp(client, serverAddress));
    }

    /** The same until it comes from where it should. */
    String awaitEspFrom(int client, String serverAddress, Predicate<String> wanted) {
        return await(
                "another address of client " + client,
                () -> esp(client, serverAddress).filter(wanted));
    }

    static <T> T await(String what, Supplier<Optional<T>> attempt) {
        final long deadlineNs = System.nanoTime() + 2 * Watch.SOON.toNanos();
        while (System.nanoTime() < deadlineNs) {
            final Optional<T> result = attempt.get();
            if (result.isPresent()) {
                return result.get();
            }
            LockSupport.parkNanos(RETRY_NS);
        }
        throw new IllegalStateException("waited in vain for " + what);
    }

    /** Has a server send ESP to an address; which clients get it. */
    List<Integer> espTo(String address, String serverAddress) {
        final int spi = ++lastSpi;
        server.send(espPacket(serverAddress, address, spi));
        return receivers(packet -> packet.protocol() == ESP && spiOf(packet) == spi);
    }

    /** Has a server send IKE to port 500 of an address; which clients get it at port 500. */
    List<Integer> ikeTo(String address, String serverAddress) {
        return udpTo(address, IKE_PORT, serverAddress, IKE_PORT);
    }

    /** Has a server send UDP from one port to another one of an address; which clients get it at the latter. */
    List<Integer> udpTo(String address, int port, String serverAddress, int serverPort) {
        final int number = ++lastSpi;
        server.send(Ipv4Packet.udp(serverAddress, serverPort, address, port, body(number))
                .build());
        return receivers(packet -> packet.isUdp() && packet.destinationPort() == port && numberOf(packet) == number);
    }

    /** What has got there before a packet that does in any case, sent after it. */
    private Optional<Ipv4Packet> arrivalBefore(int client, Predicate<Ipv4Packet> wanted) {
        sentinel(client);
        return serverTap.packets().stream().map(Arrival::packet).filter(wanted).findFirst();
    }

    private List<Integer> receivers(Predicate<Ipv4Packet> wanted) {
        final List<Integer> receivers = new ArrayList<>();
        for (int i = 0; i < clients.size(); i++) {
            answerSentinel(i);
            if (taps.get(i).packets().stream().map(Arrival::packet).anyMatch(wanted)) {
                receivers.add(i);
            }
        }
        return receivers;
    }

    /** Ordinary UDP, which has to come from the general address; as it arrives. */
    Ipv4Packet sentinel(int client) {
        final int number = ++lastSpi;
        clients.get(client)
                .send(Ipv4Packet.udp(address(client), 7000 + client, SERVER, SENTINEL_PORT, body(number))
                        .build());
        final Predicate<Arrival> isIt = arrival -> {
            final Ipv4Packet packet = arrival.packet();
            return packet.isUdp() && packet.destinationPort() == SENTINEL_PORT && numberOf(packet) == number;
        };
        serverTap.before(isIt, Watch.SOON);
        return serverTap.packets().stream()
                .filter(isIt)
                .findFirst()
                .orElseThrow()
                .packet();
    }

    /** Has a client receive something: what was sent to it before has arrived then. */
    private void answerSentinel(int client) {
        final Ipv4Packet asked = sentinel(client);
        assertEquals(GENERAL, asked.source());
        final int number = ++lastSpi;
        server.send(Ipv4Packet.udp(SERVER, SENTINEL_PORT, asked.source(), asked.sourcePort(), body(number))
                .build());
        taps.get(client)
                .before(arrival -> arrival.packet().isUdp() && numberOf(arrival.packet()) == number, Watch.SOON);
    }

    private static Ipv4Packet espPacket(String source, String destination, int spi) {
        return Ipv4Packet.of(ESP, source, destination, body(spi)).build();
    }

    private static byte[] body(int number) {
        return ByteBuffer.allocate(32).putInt(number).putInt(1).array();
    }

    private static int spiOf(Ipv4Packet packet) {
        return ByteBuffer.wrap(packet.body()).getInt();
    }

    private static int numberOf(Ipv4Packet packet) {
        return ByteBuffer.wrap(packet.udpPayload()).getInt();
    }

    /** Has the gateway forget all connections that hold IPsec, as after a long silence. */
    void forgetIpsec() {
        gateway().namespace().call(() -> {
            try (ConntrackSocket conntrack = new ConntrackSocket()) {
                conntrack
                        .find((connection, answer) -> connection.protocol() == ESP
                                || connection.protocol() == UDP && connection.destinationPort() == IKE_PORT)
                        .forEach(conntrack::delete);
                return null;
            }
        });
    }

    /** Has somebody install other rules than ours and the general masquerade. */
    void flushRuleset() {
        gateway().nft("flush ruleset\n" + GENERAL_RULES);
    }

    @Override
    public void close() {
        taps.forEach(Tap::close);
        serverTap.close();
        if (secondServer != null) {
            secondServerTap.close();
            secondServer.close();
        }
        clients.forEach(Host::close);
        server.close();
        network.close();
    }
}
