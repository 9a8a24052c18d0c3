// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.linux.Connection;
import org.markcast.linux.ConntrackSocket;

/** Connections that the kernel tracks: each datagram to a port of this machine is new or belongs to one. */
@NetworkNamespaceTest
class ConntrackSocketTest {

    private static final Pattern PACKETS = Pattern.compile("packets ([0-9]+)");

    private RulesNetwork network;
    private ConntrackSocket conntrack;
    private DatagramSocket sender;

    @BeforeEach
    void open() {
        network = new RulesNetwork();
        network.nft("""
                table ip connections {
                 counter fresh_1 { }
                 counter fresh_2 { }
                 chain zone {
                  type filter hook output priority raw;
                  udp dport 1702 ct original zone set 7
                 }
                 chain out {
                  type filter hook output priority mangle;
                  udp dport 1701 ct mark 0 ct mark set 0x1234 counter name fresh_1
                  udp dport 1702 ct mark 0 ct mark set 0x5634 counter name fresh_2
                 }
                }
                """);
        conntrack = network.call(ConntrackSocket::new);
        sender = network.call(() -> new DatagramSocket(5000));
    }

    @AfterEach
    void close() {
        sender.close();
        conntrack.close();
        network.close();
    }

    @Test
    void shouldForgetTheConnectionsWithAMarkAndNoOthers() throws Exception {
        send();
        send();
        assertEquals("1 1", fresh());

        conntrack.deleteMarked(0x1234, 0xffff_ffff);
        send();

        assertEquals("2 1", fresh());
    }

    @Test
    void shouldCompareWhatIsBelowTheMaskInAllZones() throws Exception {
        send();

        conntrack.deleteMarked(0x34, 0xff);
        send();
        assertEquals("2 2", fresh());

        conntrack.deleteMarked(0x33, 0xff);
        send();
        assertEquals("2 2", fresh());
    }

    @Test
    void shouldFindAConnectionByEitherEndAndForgetIt() throws Exception {
        send();
        final int local = 0xc0a8_0001;
        final Connection there = new Connection(17, local, local, 5000, 1701);
        final Connection back = new Connection(17, local, local, 1701, 5000);
        assertEquals(List.of(there), conntrack.find(connection -> connection.destinationPort() == 1701));
        assertEquals(List.of(back), conntrack.find(connection -> connection.sourcePort() == 1701));

        conntrack.delete(back);
        conntrack.delete(there); // is gone already
        assertEquals(List.of(), conntrack.find(there::equals));
        send();
        assertEquals("2 1", fresh());
    }

    @Test
    void shouldRefuseToForgetEverything() {
        assertThrows(IllegalArgumentException.class, () -> conntrack.deleteMarked(0, 0));
    }

    private void send() throws Exception {
        for (final int port : new int[] {1701, 1702}) {
            final byte[] payload = {1};
            sender.send(new DatagramPacket(payload, 1, new InetSocketAddress(RulesNetwork.LOCAL, port)));
        }
    }

    /** How many connections to either port were new so far. */
    private String fresh() {
        return packets("fresh_1") + " " + packets("fresh_2");
    }

    private String packets(String counter) {
        final Matcher packets =
                PACKETS.matcher(network.program("", "nft", "list", "counter", "ip", "connections", counter));
        packets.find();
        return packets.group(1);
    }
}
