// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.linux.ConntrackSocket;
import org.markcast.linux.ConntrackTuple;

/** Connections that the kernel tracks: each datagram to a port of this machine is new or belongs to one. */
@NetworkNamespaceTest
class ConntrackSocketTest {

    private static final Pattern PACKETS = Pattern.compile("packets ([0-9]+)");
    private static final Pattern SEEN = Pattern.compile("([0-9]+) \\. (0x[0-9a-f]+)");

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
                 set seen { type inet_service . mark; flags dynamic; size 65536; }
                 chain zone {
                  type filter hook output priority raw;
                  udp dport 1702 ct original zone set 7
                 }
                 chain out {
                  type filter hook output priority mangle;
                  udp dport 1701 ct mark 0 ct mark set 0x1234 counter name fresh_1
                  udp dport 1702 ct mark 0 ct mark set 0x5634 counter name fresh_2
                  udp dport 20001-23000 ct mark 0 ct mark set 0x77
                  update @seen { udp dport . ct mark }
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
    void shouldGiveTheConnectionsWithAMarkAnotherOneAndLeaveTheOthersAlone() throws Exception {
        send();
        conntrack.disown(0x1234, 0xffff_ffff, 0xffff_ffff);
        assertEquals(List.of("1701 0xffffffff", "1702 0x00005634"), marks(1701, 1702));
        assertEquals("1 1", fresh());
    }

    @Test
    void shouldCompareAndReplaceWhatIsBelowTheMask() throws Exception {
        send();
        conntrack.disown(0x33, 0xff, 0xff);
        assertEquals(List.of("1701 0x00001234", "1702 0x00005634"), marks(1701, 1702));

        conntrack.disown(0x34, 0xff, 0xff);
        assertEquals(List.of("1701 0x000012ff"), marks(1701));
    }

    @Test
    void shouldForgetTheConnectionsWithAZone() throws Exception {
        send();
        conntrack.disown(0x34, 0xff, 0xff);
        send();
        assertEquals("1 2", fresh());
    }

    @Test
    void shouldNameTheZonesOfConnections() throws Exception {
        send();
        final List<String> zones = new ArrayList<>();
        conntrack.zones((mark, zone) -> zones.add(Integer.toHexString(mark) + " in " + zone));
        assertEquals(List.of("5634 in 7"), zones);
    }

    @Test
    void shouldDisownThousandsOfConnections() throws Exception {
        final int[] ports = IntStream.rangeClosed(20_001, 23_000).toArray();
        assertEquals(expected(ports, "0x00000077"), marks(ports));
        conntrack.disown(0x77, 0xffff_ffff, 0xffff_ffff);
        assertEquals(expected(ports, "0xffffffff"), marks(ports));
    }

    @Test
    void shouldDisownSeveralMarksAtOnce() throws Exception {
        send();
        send(20_001);
        conntrack.disown(mark -> mark == 0x1234 || mark == 0x5634 ? 0xaa : mark);
        send();
        assertEquals("1 2", fresh());
        assertEquals(List.of("1701 0x000000aa", "20001 0x00000077"), marks(1701, 20_001));
    }

    private static List<String> expected(int[] ports, String mark) {
        return IntStream.of(ports).mapToObj(port -> port + " " + mark).toList();
    }

    @Test
    void shouldCountConnectionsByMark() throws Exception {
        assertEquals(0, conntrack.count(0x34, 0xff));
        send();
        assertEquals(2, conntrack.count(0x34, 0xff));
        assertEquals(1, conntrack.count(0x1200, 0xff00));
        assertEquals(0, conntrack.count(0x33, 0xff));
    }

    @Test
    void shouldForgetTheConnectionsWithAMarkInAllZones() throws Exception {
        send();
        conntrack.forget(0x33, 0xff);
        conntrack.forget(0x1200, 0xff00);
        send();
        assertEquals("2 1", fresh());
        conntrack.forget(0x34, 0xff);
        send();
        assertEquals("3 2", fresh());
    }

    @Test
    void shouldForgetOnlyTheConnectionsOfAnAddress() throws Exception {
        final int local = 0xc0a80001;
        final int other = 0x7f000002;
        send();

        assertEquals(0, conntrack.forget(0x34, 0xff, Set.of(other)));
        assertEquals(0, conntrack.forget(0x33, 0xff, Set.of(local)));
        send();
        assertEquals("1 1", fresh());

        assertEquals(1, conntrack.forget(0x5634, 0xffff, Set.of(other, local)));
        send();
        assertEquals("1 2", fresh());
    }

    @Test
    void shouldFindAConnectionByEitherEndAndForgetIt() throws Exception {
        send();
        final int local = 0xc0a8_0001;
        final ConntrackTuple there = new ConntrackTuple(17, local, local, 5000, 1701);
        final ConntrackTuple back = new ConntrackTuple(17, local, local, 1701, 5000);
        assertEquals(List.of(there), conntrack.find((sent, answer) -> sent.destinationPort() == 1701));
        assertEquals(List.of(back), conntrack.find((sent, answer) -> sent.equals(back) && answer.equals(there)));

        conntrack.delete(back);
        conntrack.delete(there); // is gone already
        assertEquals(List.of(), conntrack.find((sent, answer) -> sent.equals(there)));
        send();
        assertEquals("2 1", fresh());
    }

    @Test
    void shouldRefuseToChangeEverything() {
        assertThrows(IllegalArgumentException.class, () -> conntrack.disown(0, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> conntrack.forget(0, 0));
        assertThrows(IllegalArgumentException.class, () -> conntrack.count(0, 0));
    }

    /** The marks of the connections to these ports, as another packet sees them. */
    private List<String> marks(int... ports) throws Exception {
        network.nft("flush set ip connections seen");
        for (final int port : ports) {
            send(port);
        }
        return SEEN.matcher(network.program("", "nft", "-n", "list", "set", "ip", "connections", "seen"))
                .results()
                .map(match -> match.group(1) + " " + match.group(2))
                .sorted()
                .toList();
    }

    private void send(int port) throws Exception {
        sender.send(new DatagramPacket(new byte[1], 1, new InetSocketAddress(RulesNetwork.LOCAL, port)));
    }

    private void send() throws Exception {
        send(1701);
        send(1702);
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
