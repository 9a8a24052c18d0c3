// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Config;
import org.markcast.config.ConfigException;
import org.markcast.config.ConfigReader;

/** The firewall as text; what it does to packets, the lab shows. */
class FirewallRulesTest {

    @TempDir
    Path directory;

    @Test
    void shouldRenderTheSmallestFirewall() throws IOException, ConfigException {
        assertEquals(MarkRulesTest.golden("firewall-monitor.nft"), text("interface = eth0"));
    }

    @Test
    void shouldRenderEverySetting() throws IOException, ConfigException {
        assertEquals(MarkRulesTest.golden("firewall-enforce.nft"), text("""
                interface = eth0, ppp*
                mode = enforce
                decrypted = 7, 0x100/0xff00
                allow = tcp/22, udp/5000-5010, icmp, icmp/8, ipv6-icmp/128, gre
                allow_forward = 2001:db8:1::80[tcp/443], 198.51.100.0/28, 198.51.100.16[/53], 2001:db8:1::81[icmp/8]
                management = 192.0.2.0/24, 192.0.2.0/25, 2001:db8::1, ::/0
                log = no
                """));
    }

    @Test
    void shouldAskForSomeMarkIfOnlyMarkedPacketsComeIn() throws IOException, ConfigException {
        final String text = text("interface = eth0\ndecrypted = marked");
        assertTrue(text.contains("meta mark != 0 return\n\t\tgoto unmarked\n"), text);
    }

    /** Found instead of named, the LAN may be the WAN, and then the answers to everybody would pretend. */
    @Test
    void shouldNotTakeTheWanForALan() throws IOException, ConfigException {
        final Config config = read("interface = eth0, ppp*");
        final String text = FirewallRules.table(config.firewall(), List.of("eth0", "ppp7", "eth1"))
                .orElseThrow()
                .text();
        assertTrue(text.contains("fib saddr oifname { \"eth1\" } goto pretended\n"), text);
        assertFalse(FirewallRules.table(config.firewall(), List.of("eth0"))
                .orElseThrow()
                .text()
                .contains("oifname {"));
    }

    @Test
    void shouldRenderNothingUnlessWanted() {
        assertEquals(Optional.empty(), FirewallRules.table(Config.defaults().firewall(), List.of("eth1")));
    }

    @Test
    void shouldDifferByModeInWhatBecomesOfRefusedPacketsOnly() throws IOException, ConfigException {
        final String monitor = text("interface = eth0\nmode = monitor");
        final String enforce = text("interface = eth0\nmode = enforce");
        assertFalse(monitor.contains("drop\n"), monitor);
        assertEquals(
                enforce,
                monitor.replace("would drop, ", "dropped, ").replaceAll("(dropped, .*\\n\\t\\t)accept\\n", "$1drop\n"));
    }

    private String text(String settings) throws IOException, ConfigException {
        final Config config = read(settings);
        return FirewallRules.table(config.firewall(), config.interfaces())
                .orElseThrow()
                .text();
    }

    private Config read(String settings) throws IOException, ConfigException {
        return ConfigReader.read(Files.writeString(
                directory.resolve("test.conf"), "markcast {\ninterface = eth1\nfirewall {\n" + settings + "\n}\n}\n"));
    }
}
