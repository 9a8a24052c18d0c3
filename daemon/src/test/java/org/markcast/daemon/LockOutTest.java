// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.AddressLiteral;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.config.ConfigReader;
import org.markcast.daemon.TcpSessions.Session;

class LockOutTest {

    private static final Session FROM_OUTSIDE = session("198.51.100.1", 22, "203.0.113.9");
    private static final Session FROM_THE_LAN = session("10.1.0.1", 22, "10.1.0.10");
    private static final String LOST =
            "firewall: the session from 203.0.113.9 to port 22 of eth0 loses access with mode ="
                    + " enforce, unless it comes through an SA: add 203.0.113.9 to management, or tcp/22 to allow";
    private static final String NOBODY = "firewall: nobody can administer this machine by eth0 but through an SA:"
            + " management is empty, and allow has no tcp/22";

    private static final String UPLINKS = "uplinks {\nlan = eth1\ndsl {\ninterface = eth0\n}\n}\n";

    @TempDir
    Path directory;

    /** eth0 is 198.51.100.1 and 2001:db8::1 and leads to everybody, eth1 is 10.1.0.1. */
    private static final LockOut.Network NETWORK = new LockOut.Network() {
        @Override
        public boolean hasInterface(String name) {
            return List.of("eth0", "eth1").contains(name);
        }

        @Override
        public Optional<String> interfaceOf(InetAddress local) {
            return Optional.of(
                    List.of("198.51.100.1", "2001:db8::1").contains(AddressLiteral.format(local)) ? "eth0" : "eth1");
        }

        @Override
        public Optional<String> interfaceTo(InetAddress remote) {
            return Optional.of(AddressLiteral.format(remote).startsWith("10.") ? "eth1" : "eth0");
        }

        @Override
        public Optional<String> interfaceToAll() {
            return Optional.of("eth0");
        }
    };

    @Test
    void shouldWarnOfASessionThatWouldBeLost() throws Exception {
        assertEquals(List.of(LOST), warnings("mode = enforce", FROM_OUTSIDE, FROM_THE_LAN));
        assertEquals(List.of(LOST), warnings("mode = monitor", FROM_OUTSIDE));
        assertEquals(List.of(LOST), warnings("management = 192.0.2.0/24", FROM_OUTSIDE));
        assertEquals(List.of(LOST), warnings("allow = udp/22, tcp/2222", FROM_OUTSIDE));
    }

    /** Packets to an address of the LAN interface may come in by the WAN. */
    @Test
    void shouldWarnOfASessionWithTheAddressOfAnotherInterface() throws Exception {
        final Session session = new Session(AddressLiteral.parse("10.1.0.1"), 22, AddressLiteral.parse("203.0.113.9"));
        assertEquals(List.of(LOST), warnings("mode = enforce", session));
    }

    @Test
    void shouldBeSilentAboutSessionsThatStay() throws Exception {
        assertEquals(List.of(), warnings("mode = enforce\nmanagement = 203.0.113.0/24", FROM_OUTSIDE));
        assertEquals(List.of(), warnings("mode = enforce\nallow = tcp/20-30", FROM_OUTSIDE));
        assertEquals(List.of(), warnings("mode = monitor", FROM_THE_LAN));
    }

    @Test
    void shouldWarnWhenNobodyMayAdministerByTheWan() throws Exception {
        assertEquals(List.of(NOBODY), warnings("mode = enforce", FROM_THE_LAN));
        assertEquals(List.of(), warnings("mode = monitor"));
        assertEquals(List.of(), warnings("mode = enforce\nmanagement = 192.0.2.0/24"));
    }

    @Test
    void shouldNameInterfacesThatDoNotExist() throws Exception {
        assertEquals(List.of("firewall: there is no interface eth7 now"), warnings("interface = eth0, eth7, ppp*"));
    }

    /** Its packets come in by the LAN, whatever address of the gateway's they are for. */
    @Test
    void shouldBeSilentAboutTheLanAtTheAddressOfTheWan() throws Exception {
        final Session session = session("198.51.100.1", 22, "10.1.0.10");
        assertEquals(List.of(), warnings("mode = monitor", session));
    }

    /** The service takes the first usable interface for the LAN if none is named: then that says nothing. */
    @Test
    void shouldWarnThoughTheLanIsTheWan() throws Exception {
        final TcpSessions sessions = new TcpSessions(Set.of(22), Set.of(FROM_OUTSIDE));
        final String both = "firewall: eth0 is the LAN too, since interface names none: its packets count as plain ones"
                + " from the WAN; write interface = LAN";
        assertEquals(List.of(LOST, both), warnings(firewall("mode = enforce"), List.of("eth0"), sessions));
    }

    /** The rules guard the networks of these. */
    @Test
    void shouldKnowTheLanOfTheUplinks() throws Exception {
        final String config = UPLINKS + firewall("management = 192.0.2.0/24");
        final TcpSessions sessions = new TcpSessions(Set.of(22), Set.of(session("198.51.100.1", 22, "10.1.0.10")));
        assertEquals(List.of(), warnings(config, List.of("eth0"), sessions));
    }

    /** Every source that the internet has is routed to the LAN then, and nobody on the WAN can have it. */
    @Test
    void shouldWarnIfTheDefaultRouteLeadsToTheLan() throws Exception {
        final String refused = "firewall: the default route leads to LAN eth0, so mode = enforce refuses what the"
                + " internet sends in clear to eth1, but IKE and ESP";
        final String config = firewall("management = 0.0.0.0/0").replace("eth0", "eth1");
        final TcpSessions sessions = new TcpSessions(Set.of(22), Set.of());
        assertEquals(List.of(refused + "; write interface = LAN"), warnings(config, List.of("eth0"), sessions));
        assertEquals(List.of(refused), warnings("interface = eth0\n" + config, List.of("eth0"), sessions));
        assertEquals(List.of(), warnings(config, List.of("eth2"), sessions));
    }

    @Test
    void shouldFindTheDefaultRoute() {
        final String head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
        final String network = "eth2\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0";
        final String half = "eth3\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0";
        final String last = "*\t00000000\t00000000\t0201\t0\t0\t-1\t00000000\t0\t0\t0";
        final String second = "eth0\t00000000\t0100000A\t0003\t0\t0\t200\t00000000\t0\t0\t0";
        final String first = "eth1\t00000000\t016433C6\t0003\t0\t0\t100\t00000000\t0\t0\t0";
        assertEquals(Optional.of("eth1"), LockOut.interfaceToAll(List.of(head, half, network, last, second, first)));
        assertEquals(
                Optional.of("eth0"), LockOut.interfaceToAll(List.of(head, last.replace("-1", "4294967295"), second)));
        assertEquals(Optional.empty(), LockOut.interfaceToAll(List.of(head, half, network)));
    }

    /** Commonly the second WAN, forgotten. */
    @Test
    void shouldNameUplinksThatTheFirewallLeavesOut() throws Exception {
        final String config = UPLINKS.replace("eth0", "ppp0").replace("}\n}", "}\ncable {\ninterface = eth7\n}\n}")
                + firewall("management = 192.0.2.0/24");
        final TcpSessions sessions = new TcpSessions(Set.of(22), Set.of());
        assertEquals(
                List.of("firewall: interface leaves out ppp0, eth7 of uplinks: what comes in by them is not looked at"),
                warnings(config, List.of("eth1"), sessions));
        assertEquals(
                List.of("firewall: there is no interface eth7 now"),
                warnings(
                        config.replace("interface = eth0", "interface = eth0, ppp*, eth7"), List.of("eth1"), sessions));
        assertEquals(List.of(), LockOut.warnings(read(UPLINKS)));
    }

    @Test
    void shouldWarnOfSessionsOverIpv6() throws Exception {
        final Session session = session("2001:db8::1", 22, "2001:db8:9::9");
        final String lost = LOST.replace("203.0.113.9", "2001:db8:9::9");
        assertEquals(List.of(lost), warnings("mode = enforce", session));
        assertEquals(List.of(lost), warnings("mode = enforce\nmanagement = 2001:db8:8::/48, 0.0.0.0/0", session));
        assertEquals(List.of(), warnings("mode = enforce\nmanagement = 2001:db8:9::/48", session));
    }

    @Test
    void shouldKnowOtherPortsThanTheUsual() throws Exception {
        final Set<Integer> port = Set.of(2222);
        assertEquals(
                List.of(NOBODY.replace("tcp/22", "tcp/2222")),
                warnings("mode = enforce\nallow = tcp/22", new TcpSessions(port, Set.of())));
        assertEquals(List.of(), warnings("mode = enforce\nallow = tcp/2222", new TcpSessions(port, Set.of())));
        assertEquals(
                List.of(LOST.replace("port 22", "port 2222").replace("tcp/22", "tcp/2222")),
                warnings(
                        "mode = enforce\nallow = tcp/22",
                        new TcpSessions(port, Set.of(session("198.51.100.1", 2222, "203.0.113.9")))));
    }

    private List<String> warnings(String settings, Session... sessions) throws IOException, ConfigException {
        return warnings(settings, new TcpSessions(Set.of(22), new LinkedHashSet<>(List.of(sessions))));
    }

    private List<String> warnings(String settings, TcpSessions sessions) throws IOException, ConfigException {
        return warnings(firewall(settings), List.of("eth1"), sessions);
    }

    private static String firewall(String settings) {
        return "firewall {\ninterface = eth0\n" + settings + "\n}\n";
    }

    private List<String> warnings(String sections, List<String> lans, TcpSessions sessions)
            throws IOException, ConfigException {
        return LockOut.warnings(read(sections), lans, NETWORK, sessions);
    }

    /** @param sections with keys beside them */
    private Config read(String sections) throws IOException, ConfigException {
        return ConfigReader.read(Files.writeString(directory.resolve("test.conf"), "markcast {\n" + sections + "}\n"));
    }

    private static Session session(String local, int port, String remote) {
        return new Session(AddressLiteral.parse(local), port, AddressLiteral.parse(remote));
    }

    @Test
    void shouldReadEstablishedConnections() {
        final boolean isLittle = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        final String local = isLittle ? "016433C6" : "C6336401";
        final String remote = isLittle ? "097100CB" : "CB007109";
        final String mapped = "0000000000000000" + (isLittle ? "FFFF0000" : "0000FFFF");
        assertEquals(
                List.of(FROM_OUTSIDE, FROM_OUTSIDE),
                TcpSessions.established(List.of(
                        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
                        "   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0",
                        "   1: " + local + ":0016 " + remote + ":D431 01 00000000:00000000 02:000A 00000000     0",
                        "   2: " + mapped + local + ":0016 " + mapped + remote + ":D432 01 00000000:00000000 02:00")));
    }

    @Test
    void shouldReadWhatTheSshDaemonTells() {
        assertEquals(Optional.of(FROM_OUTSIDE), TcpSessions.ofSsh("203.0.113.9 54321 198.51.100.1 22"));
        assertEquals(
                Optional.of(session("fe80::1", 2222, "fe80::9")),
                TcpSessions.ofSsh("fe80::9%eth0 54321 fe80::1%eth0 2222"));
        assertEquals(Optional.empty(), TcpSessions.ofSsh(null));
        assertEquals(Optional.empty(), TcpSessions.ofSsh("what is this now"));
    }

    /** A machine with sshd on port 2222, a session there, one to a web server and one that sshd forwards. */
    @Test
    void shouldFindTheSshDaemonWhereverItListens() throws IOException {
        final String any = "0".repeat(32);
        final String local = "2001:db8::1";
        final String remote = "2001:db8:9::9";
        Files.createDirectory(directory.resolve("net"));
        Files.writeString(
                directory.resolve("net/tcp6"),
                "  sl  local_address remote_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode\n"
                        + line(any, 2222, any, "0A", 4001)
                        + line(hex("::1"), 6010, any, "0A", 4002)
                        + line(hex(local), 2222, hex(remote), "01", 4003)
                        + line(hex(local), 443, hex(remote), "01", 4004)
                        + line(hex(local), 6010, hex(remote), "01", 4005));
        process("77", "sshd", "socket:[4001]", "socket:[4002]", "pipe:[4006]");
        process("78", "nginx", "socket:[4004]");
        final Set<Session> sessions = Set.of(session(local, 2222, remote));
        assertEquals(new TcpSessions(Set.of(2222), sessions), TcpSessions.administering(directory, null));
        assertEquals(
                new TcpSessions(Set.of(22), Set.of()), TcpSessions.administering(directory.resolve("nowhere"), null));
    }

    private static String line(String local, int port, String remote, String state, int inode) {
        return String.format(
                "   0: %s:%04X %s:D431 %s 00000000:00000000 00:00000000 00000000     0        0 %d 1\n",
                local, port, remote, state, inode);
    }

    /** As the kernel writes it: words of this machine's order. */
    private static String hex(String address) {
        final StringBuilder text = new StringBuilder();
        final ByteBuffer bytes =
                ByteBuffer.wrap(AddressLiteral.parse(address).getAddress()).order(ByteOrder.nativeOrder());
        while (bytes.hasRemaining()) {
            text.append(String.format("%08X", bytes.getInt()));
        }
        return text.toString();
    }

    private void process(String number, String name, String... files) throws IOException {
        final Path descriptors =
                Files.createDirectories(directory.resolve(number).resolve("fd"));
        Files.writeString(directory.resolve(number).resolve("comm"), name + "\n");
        for (int i = 0; i < files.length; i++) {
            Files.createSymbolicLink(descriptors.resolve(Integer.toString(i)), Path.of(files[i]));
        }
    }
}
