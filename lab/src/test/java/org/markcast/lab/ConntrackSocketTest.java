// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
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
    void shouldCountConnectionsByMark() throws Exception {
        assertEquals(0, conntrack.countMarked(0x34, 0xff));
        send();
        assertEquals(2, conntrack.countMarked(0x34, 0xff));
        assertEquals(1, conntrack.countMarked(0x1200, 0xff00));
        assertEquals(0, conntrack.countMarked(0x33, 0xff));
    }

    @Test
    void shouldForgetOnlyTheConnectionsOfAnAddress() throws Exception {
        final int local = 0xc0a80001;
        final int other = 0x7f000002;
        send();

        assertEquals(0, conntrack.deleteMarked(0x34, 0xff, Set.of(other)));
        assertEquals(0, conntrack.deleteMarked(0x33, 0xff, Set.of(local)));
        send();
        assertEquals("1 1", fresh());

        assertEquals(1, conntrack.deleteMarked(0x5634, 0xffff, Set.of(other, local)));
        send();
        assertEquals("1 2", fresh());
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
