// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.List;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.Host;
import org.markcast.linux.NetworkNamespace;

/**
 * A gateway that forwards between two LANs and a WAN.
 *
 * <pre>
 *       alice 10.1.0.10 ---- eth1 10.1.0.1 gateway eth0 198.51.100.1 ---- 198.51.100.9 outside
 *   2001:db8:1::10           2001:db8:1::1              2001:db8::1       2001:db8::9
 *         bob 10.2.0.10 ---- eth2 10.2.0.1              fe80::ff:fe00:ff01
 * </pre>
 */
final class WanNetwork implements AutoCloseable {

    static final String WAN = "198.51.100.1";
    static final String OUTSIDE = "198.51.100.9";
    static final String LAN = "10.1.0.1";
    static final String ALICE = "10.1.0.10";
    static final String BOB = "10.2.0.10";
    static final String LAN6 = "2001:db8:1::1";
    static final String ALICE6 = "2001:db8:1::10";
    static final String WAN6 = "2001:db8::1";
    static final String WAN6_LINK_LOCAL = "fe80::ff:fe00:ff01"; // of WAN_MAC
    static final String OUTSIDE6 = "2001:db8::9";

    private static final String WAN_MAC = "02:00:00:00:ff:01";
    private static final long WAN_MAC_NUMBER = 0x0200_0000_ff01L;
    private static final int REFUSED_TIMEOUT_MS = 500;
    private static final int TIMEOUT_MS = 5_000;

    private final EmulatedNetwork emulated =
            EmulatedNetwork.builder().lan("alice").lan("bob").withoutProbe().build();
    private final NetworkNamespace outsideNamespace = NetworkNamespace.create();
    private final Host outside = new Host("outside", outsideNamespace, "eth0", OUTSIDE, WAN_MAC_NUMBER);

    WanNetwork() {
        gateway()
                .ip(
                        "link add eth0 address " + WAN_MAC + " type veth peer name eth0 netns "
                                + outsideNamespace.path(),
                        "link set eth0 up",
                        "address add " + WAN + "/24 dev eth0");
        run(
                outside,
                "ip link set lo up && ip link set eth0 up && ip address add " + OUTSIDE + "/24 dev eth0"
                        + " && ip route add default via " + WAN);
        run("for f in conf/all/rp_filter conf/eth0/rp_filter; do echo 0 > /proc/sys/net/ipv4/$f; done"
                + "; echo 1 > /proc/sys/net/ipv4/ip_forward; ip route add default via " + OUTSIDE
                + "; until ip link show eth0 | grep -q 'state UP'; do sleep 0.01; done");
    }

    /** Gives the WAN and alice IPv6 too, the gateway as a router. */
    void addIpv6() {
        addGatewayIpv6();
        addIpv6(outside, OUTSIDE6, WAN6);
    }

    /** The same, but the outside has none. */
    void addGatewayIpv6() {
        run("cd /proc/sys/net/ipv6/conf; echo 1 > all/forwarding; for i in eth0 eth1; do echo 0 > $i/accept_dad;"
                + " echo 0 > $i/disable_ipv6; done; ip address add " + WAN6 + "/64 dev eth0 nodad; ip address add "
                + LAN6 + "/64 dev eth1 nodad; ip route add default via " + OUTSIDE6);
        addIpv6(alice(), ALICE6, LAN6);
    }

    private static void addIpv6(Host host, String address, String router) {
        run(
                host,
                "echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6; ip address add " + address
                        + "/64 dev eth0 nodad; ip route add default via " + router);
    }

    /** Has the outside's kernel say nothing: what is sent as it is passes. */
    void silenceOutside() {
        run(
                outside,
                "nft add table inet silence; nft add chain inet silence output"
                        + " '{ type filter hook output priority 0; policy drop; }'");
    }

    EmulatedNetwork emulated() {
        return emulated;
    }

    Gateway gateway() {
        return emulated.gateway();
    }

    Host alice() {
        return emulated.host("alice");
    }

    Host bob() {
        return emulated.host("bob");
    }

    Host outside() {
        return outside;
    }

    /** The output of a shell's line in the gateway. */
    String run(String line) {
        return gateway().run("sh", "-c", line);
    }

    private static void run(Host host, String line) {
        host.namespace().call(() -> {
            final Program program = Program.run(List.of("sh", "-c", line));
            if (program.exitStatus() != 0) {
                throw new IllegalStateException(program.toString());
            }
            return null;
        });
    }

    /** What comes of a TCP connection: what the server says, or {@code nothing}. */
    static String connect(
            NetworkNamespace client, String source, NetworkNamespace server, String address, String reached, int port) {
        return server.call(() -> {
            try (ServerSocket listening = new ServerSocket(port, 5, InetAddress.getByName(reached))) {
                listening.setSoTimeout(TIMEOUT_MS);
                final Socket socket = client.call(() -> attempt(source, address, port));
                if (socket == null) {
                    return "nothing";
                }
                try (socket;
                        Socket accepted = listening.accept()) {
                    socket.setSoTimeout(TIMEOUT_MS);
                    accepted.getOutputStream().write('!');
                    return socket.getInputStream().read() == '!' ? "an answer" : "silence";
                }
            }
        });
    }

    private static Socket attempt(String source, String address, int port) throws IOException {
        final Socket socket = new Socket();
        try {
            socket.bind(new InetSocketAddress(source, 0));
            socket.connect(new InetSocketAddress(address, port), REFUSED_TIMEOUT_MS);
            return socket;
        } catch (SocketTimeoutException e) {
            socket.close();
            return null;
        }
    }

    /** From outside to the gateway's WAN address of the same family. */
    String connectToGateway(String source, int port) throws IOException {
        final String address = InetAddress.getByName(source) instanceof Inet4Address ? WAN : WAN6;
        return connect(outside.namespace(), source, gateway().namespace(), address, address, port);
    }

    @Override
    public void close() {
        outside.close();
        emulated.close();
    }
}
