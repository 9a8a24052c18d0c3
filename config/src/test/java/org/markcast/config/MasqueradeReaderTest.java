// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a {@code masquerade} section may hold. */
class MasqueradeReaderTest {

    @TempDir
    Path directory;

    private ConfigFiles files;

    @BeforeEach
    void setUp() {
        files = new ConfigFiles(directory);
    }

    private static String section(String... lines) {
        return "markcast {\nmasquerade {\n" + String.join("\n", lines) + "\n}\n}\n";
    }

    private static String pair(String name, String client, String server, String address) {
        return name + " {\nclient = " + client + (server.isEmpty() ? "" : "\nserver = " + server) + "\naddress = "
                + address + "\n}";
    }

    @Test
    void shouldBeOffWithoutPoolAndPairs() throws ConfigException {
        assertFalse(files.read(section("interface = wan0")).masquerade().isEnabled());
        assertTrue(files.read(section("pool = 203.0.113.1")).masquerade().isEnabled());
        assertTrue(files.read(section("pairs {", pair("a", "10.0.0.1", "", "203.0.113.1"), "}"))
                .masquerade()
                .isEnabled());
    }

    @Test
    void shouldCountAndFindTheAddressesOfThePool() throws ConfigException {
        final Masquerade masquerade = files.read(
                        section("pool = 203.0.113.1, 203.0.113.8/30, 203.0.113.20-203.0.113.22"))
                .masquerade();
        assertEquals(8, masquerade.poolSize());
        assertTrue(masquerade.hasInPool(Values.ipv4("203.0.113.11")));
        assertFalse(masquerade.hasInPool(Values.ipv4("203.0.113.12")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            pool = 203.0.113.1-203.0.113.5, 203.0.113.5  | pool: 203.0.113.1-203.0.113.5 and 203.0.113.5 overlap
            pool = 203.0.113.5-203.0.113.1  | pool: 203.0.113.5-203.0.113.1 ends before it begins
            pool = 203.0.113.1-carol        | pool: 'carol' is not an IP address
            pool = 2001:db8::/64            | pool: 2001:db8:: is no IPv4 address: masquerade is for IPv4, IPv6 needs no NAT
            pool = 10.0.0.0/19              | pool: has 8192 addresses, at most 4096 are possible
            pool = 203.0.113.9/29           | pool: 203.0.113.9/29 is neither a network nor an address: write 203.0.113.8/29, or 203.0.113.9 alone
            pool = 239.0.0.1                | pool: 239.0.0.1 holds addresses that no host may have
            pool = 126.0.0.0-128.0.0.0      | pool: 126.0.0.0-128.0.0.0 holds addresses that no host may have
            pool = 0.0.0.0/0                | pool: 0.0.0.0-255.255.255.255 holds addresses that no host may have
            idle = 0                        | idle: '0' is no time: at least 1s
            clients = fe80::/10             | clients: fe80:: is no IPv4 address: masquerade is for IPv4, IPv6 needs no NAT
            interface = wan*                | interface: 'wan*' has a character that no rule can name
            interface = a/b                 | interface: 'a/b' is not the name of an interface
            pools = 10.0.0.1                | unknown key 'pools', did you mean 'pool'?
            """)
    void shouldRefuse(String line, String problem) {
        assertEquals(List.of("test.conf:3: " + problem), files.problemsOf(section(line)));
    }

    @Test
    void shouldRefuseAPairThatWouldChangeNothing() {
        assertEquals(
                List.of("test.conf:6: pair 'a' has the client's own address: write the external one"),
                files.problemsOf(section("pairs {", pair("a", "10.0.0.1", "", "10.0.0.1"), "}")));
    }

    @Test
    void shouldWantClientsForAPool() {
        assertEquals(
                List.of("test.conf:4: clients: name the inside hosts that get addresses of the pool, e.g. 10.0.0.0/8"),
                files.problemsOf(section("pool = 203.0.113.1", "clients = \"\"")));
    }

    @Test
    void shouldNeedRules() {
        assertEquals(
                List.of("test.conf:3: masquerade is made of rules, write rules = yes"),
                files.problemsOf("markcast {\nrules = no\nmasquerade {\npool = 203.0.113.1\n}\n}\n"));
    }

    @Test
    void shouldWantClientAndAddressOfAPair() {
        assertEquals(
                List.of(
                        "test.conf:4: pair 'a' has no client: write the inside host, e.g. 10.0.0.5",
                        "test.conf:4: pair 'a' has no address: write its external address, e.g. 203.0.113.9"),
                files.problemsOf(section("pairs {", "a {", "server = 198.51.100.1", "}", "}")));
    }

    @Test
    void shouldRefuseAPairWithAnAddressOfThePool() {
        assertEquals(
                List.of("test.conf:7: address: 203.0.113.1 is in the pool, which is for leases"),
                files.problemsOf(
                        section("pool = 203.0.113.1", "pairs {", pair("a", "10.0.0.1", "", "203.0.113.1"), "}")));
    }

    @ParameterizedTest
    @CsvSource({"198.51.100.1, 198.51.100.1", "'', 198.51.100.1", "198.51.100.1, ''", "'', ''"})
    void shouldRefuseTwoClientsThatShareAnAddressAndAServer(String server, String other) {
        final List<String> problems = files.problemsOf(section(
                "pairs {",
                pair("a", "10.0.0.1", server, "203.0.113.1"),
                pair("b", "10.0.0.2", other, "203.0.113.1"),
                "}"));
        assertEquals(1, problems.size(), problems::toString);
        assertTrue(
                problems.get(0)
                        .endsWith("pair 'b' and pair 'a' share an address and a server: nothing would tell their ESP"
                                + " apart"),
                problems::toString);
    }

    @Test
    void shouldLetClientsOfDifferentServersShareAnAddress() throws ConfigException {
        assertEquals(
                2,
                files.read(section(
                                "pairs {",
                                pair("a", "10.0.0.1", "198.51.100.1", "203.0.113.1"),
                                pair("b", "10.0.0.2", "198.51.100.2", "203.0.113.1"),
                                "}"))
                        .masquerade()
                        .pairs()
                        .size());
    }

    @Test
    void shouldRefuseTwoAddressesForOneClientAndServer() {
        final List<String> problems = files.problemsOf(section(
                "pairs {",
                pair("a", "10.0.0.1", "198.51.100.1", "203.0.113.1"),
                pair("b", "10.0.0.1", "198.51.100.1", "203.0.113.2"),
                "}"));
        assertEquals(List.of("test.conf:12: pair 'b' and pair 'a' are for the same client and server"), problems);
    }

    @Test
    void shouldLetOneServerOfAClientHaveAnAddressOfItsOwn() throws ConfigException {
        assertEquals(
                2,
                files.read(section(
                                "pairs {",
                                pair("a", "10.0.0.1", "", "203.0.113.1"),
                                pair("b", "10.0.0.1", "198.51.100.1", "203.0.113.2"),
                                "}"))
                        .masquerade()
                        .pairs()
                        .size());
    }
}
