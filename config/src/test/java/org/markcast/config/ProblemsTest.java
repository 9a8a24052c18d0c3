// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every kind of problem with its exact line. */
class ProblemsTest {

    @TempDir
    Path directory;

    private ConfigFiles files;

    @BeforeEach
    void setUp() {
        files = new ConfigFiles(directory);
    }

    @Test
    void shouldReportSyntaxAndValuesTogetherInTheOrderOfLines() {
        assertEquals(
                List.of(
                        "test.conf:2: unknown key 'intreface', did you mean 'interface'?",
                        "test.conf:3: groups: 10.0.0.1 is not an IPv4 multicast group (224.0.0.0 to 239.255.255.255)",
                        "test.conf:3: groups: 'foo' is not an IP address",
                        "test.conf:4: unexpected '=', expected a key or a section",
                        "test.conf:5: forward: 'perhaps' is not yes or no",
                        "test.conf:6: expected '=' or '{' after 'rules'",
                        "test.conf:9: '}' without a section to close"),
                files.problemsOf("""
                        markcast {
                            intreface = eth0
                            groups = 224.0.0.1, 10.0.0.1, foo
                            = 7
                            forward = perhaps
                            rules yes
                            leak_guard = no
                        }
                        }
                        """));
    }

    @Test
    void shouldReportBracesThatDoNotMatch() {
        assertEquals(
                List.of(
                        "test.conf:1: section 'markcast' has no closing '}'",
                        "test.conf:2: section 'vici' has no closing '}'"),
                files.problemsOf("markcast {\n vici {\n"));
        assertEquals(List.of("test.conf:1: '}' without a section to close"), files.problemsOf("}markcast { }"));
        assertEquals(
                List.of("test.conf:1: expected '=' or '{' after 'a'"), files.problemsOf("a b { c = d }\nmarkcast { }"));
        assertEquals(
                List.of("test.conf:1: unexpected '{', expected a key or a section"),
                files.problemsOf("{ x = 1 }\nmarkcast { }"));
        assertEquals(List.of("test.conf:2: expected '=' or '{' after 'a'"), files.problemsOf("markcast { }\na\nb = c"));
    }

    @Test
    void shouldReportAnUnterminatedStringWhereItBeginsAndGoOn() {
        assertEquals(
                List.of("test.conf:2: string has no closing '\"'", "test.conf:3: rules: 'x' is not yes or no"),
                files.problemsOf("markcast {\n interface = \"eth0\n rules = x\n}"));
    }

    @Test
    void shouldReportReferences() {
        assertEquals(
                List.of(
                        "test.conf:1: no section 'none' to inherit from",
                        "test.conf:2: no section 'a.b' to inherit from"),
                files.problemsOf("markcast : none,\n a.b, c { }\nc { }"));
        assertEquals(
                List.of("test.conf:1: expected the name of a section to inherit from"),
                files.problemsOf("markcast : { }"));
    }

    @Test
    void shouldReportIncludes() {
        files.write("loop.conf", "\ninclude loop.conf");
        files.write("a.conf", "include b.conf");
        files.write("b.conf", "x = 1\n\ninclude a.conf\n}");
        assertEquals(
                List.of(
                        "loop.conf:2: cannot include loop.conf: the file is already being read: it includes itself",
                        "b.conf:3: cannot include a.conf: the file is already being read: it includes itself",
                        "b.conf:4: '}' without a section to close",
                        "test.conf:4: cannot include missing.conf: no such file",
                        "test.conf:5: include needs the name of a file"),
                files.problemsOf("markcast { }\ninclude loop.conf\ninclude a.conf\ninclude missing.conf\ninclude\n"));
        assertEquals(1, files.problemsOf("markcast { }\ninclude [.conf").size());
        assertEquals(1, files.problemsOf("markcast { }\ninclude test.conf").size());
    }

    @Test
    void shouldSayWhatToWriteWithoutASection() {
        final List<String> problems = files.problemsOf("charon {\n plugins {\n }\n}\n");
        assertEquals(1, problems.size());
        assertEquals("test.conf:1: no section markcast { }", problems.get(0).substring(0, 36));
    }

    @Test
    void shouldRefuseConnmarkWithoutRules() {
        assertEquals(
                List.of("test.conf:3: enabled: connmark is made of rules, write rules = yes"),
                files.problemsOf("markcast {\nrules = no\nconnmark { enabled = yes }\n}"));
    }

    @Test
    void shouldRefuseAFirewallWithoutRules() {
        assertEquals(
                List.of("test.conf:3: interface: a firewall is made of rules, write rules = yes"),
                files.problemsOf("markcast {\nrules = no\nfirewall { interface = eth0 }\n}"));
    }

    @Test
    void shouldRefuseAFirewallAgainstTheLan() {
        assertEquals(
                List.of("test.conf:3: interface: eth1 is a LAN interface too: its hosts would be locked out"),
                files.problemsOf("markcast {\ninterface = eth1, br0\nfirewall { interface = eth* }\n}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "interfaces = eth0; unknown key 'interfaces', did you mean 'interface'?",
                "xyzzy = 1; unknown key 'xyzzy'",
                "vici = 1; unknown key 'vici', did you mean 'vici { }'?",
                "socket = unix:///x; unknown key 'socket', it belongs in vici { }",
                "vici.socket = unix:///x; unknown key 'vici.socket', it belongs in vici { }",
                "spi_in = 1; unknown key 'spi_in', it belongs in static { NAME { } }",
                "groups { }; unknown section 'groups', did you mean 'groups ='?",
                "vcii { }; unknown section 'vcii', did you mean 'vici'?",
                "load = yes; 'load' is a key of strongSwan's plugin only: remove it",
                "interface = eth0, abcdefghijklmnop; interface: 'abcdefghijklmnop' is not the name of an interface: "
                        + "it has more than 15 bytes",
                "interface = a/b; interface: 'a/b' is not the name of an interface",
                "interface = a b; interface: 'a b' is not the name of an interface",
                "groups = ff02::fb; groups: ff02::fb is not an IPv4 multicast group (224.0.0.0 to 239.255.255.255)",
                "groups = 240.0.0.0; groups: 240.0.0.0 is not an IPv4 multicast group (224.0.0.0 to 239.255.255.255)",
                "strict_groups = 2; strict_groups: '2' is not yes or no",
                "forwarders = 0; forwarders: '0' is not auto or a number from 1 to 64",
                "forwarders = 65; forwarders: '65' is not auto or a number from 1 to 64",
                "sources = vici, ike; sources: 'ike' is not one of vici, static",
                "sources = \"\"; sources: name vici, static, or both",
                "vici { socket = tcp://127.0.0.1:4502 }; socket: 'tcp://127.0.0.1:4502' is not unix:// with an "
                        + "absolute path",
                "vici { linger = soon }; linger: 'soon' is not a time such as 30s, 5m or 1h, at most 365d",
                "vici { linger = 366d }; linger: '366d' is not a time such as 30s, 5m or 1h, at most 365d",
                "vici { lingr = 1 }; unknown key 'lingr', did you mean 'linger'?",
                "connmark { l2tp = yes }; l2tp: needs enabled = yes beside it",
                "connmark { l2tp_ports = 0-5 }; l2tp_ports: '0' is no port (1 to 65535)",
                "connmark { l2tp_ports = 6-5 }; l2tp_ports: 6-5 ends before it begins",
                "connmark { l2tp_zones = 1-65536 }; l2tp_zones: '65536' is no conntrack zone (1 to 65535)",
                "connmark { ports = 1-2 }; unknown key 'ports'",
                "firewall { interface = eth0, * }; interface: '*' is not the name of an interface such as eth0 or ppp*",
                "firewall { interface = p*p }; interface: 'p*p' is not the name of an interface such as eth0 or ppp*",
                "firewall { interface = abcdefghijklmnop }; interface: 'abcdefghijklmnop' is not the name of an "
                        + "interface: it has more than 15 bytes",
                "firewall { mode = strict }; mode: 'strict' is not one of monitor, enforce",
                "firewall { mode = enforce }; mode: enforce where? Write interface = WAN beside it",
                "firewall { decrypted = \"\" }; decrypted: write any, marked, or marks VALUE/MASK",
                "firewall { decrypted = 7, any }; decrypted: any stands alone",
                "firewall { decrypted = 0 }; decrypted: mark 0 tells nothing apart: every packet without a mark has it",
                "firewall { allow = ssh }; allow: 'ssh' is no protocol's name or number (0 to 255)",
                "firewall { allow = 22/tcp }; allow: 'tcp' is no port (0 to 65535)",
                "firewall { allow = tcp/ }; allow: 'tcp/' is not a service such as tcp/22, udp/5000-5010 or icmp",
                "firewall { allow = tcp/0 }; allow: 'tcp/0': no service has port 0",
                "firewall { allow = udp/0-1023 }; allow: 'udp/0-1023': no service has port 0",
                "firewall { allow = any }; allow: 'any' would be everything: name a protocol",
                "firewall { allow = gre/22 }; allow: 'gre/22': this protocol has no ports",
                "firewall { allow_forward = web }; allow_forward: 'web' is not an IP address",
                "firewall { management = 192.0.2.0/33 }; management: '33' is no prefix length (0 to 32)",
                "firewall { log = 10/fortnight }; log: '10/fortnight' is not no, or a number per second, minute, hour or"
                        + " day such as 10/minute",
                "firewall { log = 0/day }; log: '0' is no number (1 to 1000000)",
                "static { mark = 1 }; unknown key 'mark', it belongs in static { NAME { } }",
            })
    void shouldReportEachBadSetting(String setting, String message) {
        assertEquals(List.of("test.conf:3: " + message), files.problemsOf("markcast {\n\n" + setting + "\n}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "mark = 0; mark: mark 0 tells nothing apart: every packet without a mark has it",
                "mark = 0x0/0xff; mark: mark 0 tells nothing apart: every packet without a mark has it",
                "mark = 0x1ff/0xff; mark: mark 0x1ff has bits outside its mask 0xff",
                "mark = %unique; mark: '%unique' is no mark (0 to 4294967295)",
                "mark = 4294967296; mark: '4294967296' is no mark (0 to 4294967295)",
                "mark = 1/x; mark: 'x' is no mark's mask (0 to 4294967295)",
                "mark_in = 2; mark_in: cannot stand beside mark (test.conf:2), which is for both directions",
                "mode = beet; mode: 'beet' is not one of tunnel, transport",
                "local_ts = 10.1.0.0/33; local_ts: '33' is no prefix length (0 to 32)",
                "local_ts = vpn.example.org; local_ts: 'vpn.example.org' is not an IP address",
                "local_ts = dynamic; local_ts: 'dynamic' is not an IP address",
                "local_ts = 10.0.0.9-10.0.0.1; local_ts: 10.0.0.9-10.0.0.1 is not a range of addresses",
                "local_ts = 10.0.0.9-::1; local_ts: 10.0.0.9-::1 is not a range of addresses",
                "local_ts = 10.0.0.0/8[]; local_ts: '10.0.0.0/8[]' is not a traffic selector such as 10.1.0.0/16 or "
                        + "10.1.0.0/16[udp/5353]",
                "local_ts = 10.0.0.0/8[udp/http]; local_ts: 'http' is no port (0 to 65535)",
                "local_ts = 10.0.0.0/8[upd]; local_ts: 'upd' is no protocol's name or number (0 to 255)",
                "local_ts = 10.0.0.0/8[udp/9-5]; local_ts: '5' is no port (9 to 65535)",
                "local_ts = 10.0.0.0/8[icmp/256]; local_ts: '256' is no ICMP type (0 to 255)",
                "local_ts =; SA 'x' has no local_ts: write the selectors of the policy, e.g. 10.1.0.0/16, 224.0.0.0/4",
                "local_host = gateway; local_host: 'gateway' is not an IP address",
                "remote_host = 1.2.3; remote_host: '1.2.3' is not an IP address",
                "spi_in = 0; spi_in: '0' is no SPI (1 to 4294967295)",
                "spi_in = 0x100000000; spi_in: '0x100000000' is no SPI (1 to 0xffffffff)",
                "encap = maybe; encap: 'maybe' is not yes or no",
                "child = \"\"; child: an empty name",
                "marks = 1; unknown key 'marks', did you mean 'mark'?",
            })
    void shouldReportEachBadSettingOfAStaticSa(String setting, String message) {
        assertEquals(
                List.of("test.conf:3: " + message),
                files.problemsOf("markcast { static { x { local_ts = 0.0.0.0/0\n mark = 1\n" + setting
                        + "\n remote_ts = 0.0.0.0/0 } } }"));
    }

    @Test
    void shouldReportWhatAStaticSaLacks() {
        final String remedy = "write the selectors of the policy, e.g. 10.1.0.0/16, 224.0.0.0/4";
        assertEquals(
                List.of(
                        "test.conf:2: SA 'x' has no mark: write mark = NUMBER, or mark_in and mark_out",
                        "test.conf:2: SA 'x' has no local_ts: " + remedy,
                        "test.conf:2: SA 'x' has no remote_ts: " + remedy),
                files.problemsOf("markcast { static {\n x { } } }"));
        assertEquals(
                List.of("test.conf:1: SA 'x' has no mark_out: write mark = NUMBER, or mark_in and mark_out"),
                files.problemsOf("markcast { static { x { local_ts = ::/0\n remote_ts = ::/0\n mark_in = 7 } } }"));
    }

    @Test
    void shouldReportOverlappingMarksWithBothSasAndLines() {
        final String selectors = "local_ts = ::/0\n remote_ts = ::/0 }\n";
        assertEquals(
                List.of("test.conf:5: mark 1 of SA 'b' overlaps mark 1 of SA 'a' (test.conf:2):"
                        + " a packet could match both"),
                files.problemsOf(
                        "markcast { static { a {\n mark = 1\n" + selectors + "b { mark = 1\n" + selectors + "} }"));
        assertEquals(
                List.of("test.conf:4: mark_in 0x1/0xf of SA 'b' overlaps mark 4097 of SA 'a' (test.conf:1):"
                        + " a packet could match both"),
                files.problemsOf("markcast { static { a { mark = 0x1001\n" + selectors
                        + "b { mark_in = 1/0xf\n mark_out = 2\n" + selectors + "} }"));
    }

    @Test
    void shouldCheckStaticSasThatAreNotUsed() {
        assertEquals(
                List.of("test.conf:5: unknown key 'z'"),
                files.problemsOf(
                        "markcast { sources = vici\n static { x { mark = 1\n local_ts = ::/0\n remote_ts = ::/0\n"
                                + " z = 1 } } }"));
    }

    @Test
    void shouldReportAProblemOfAnInheritedSectionOnce() {
        assertEquals(
                List.of("test.conf:1: mode: 'x' is not one of tunnel, transport"),
                files.problemsOf("sa { mode = x\n local_ts = ::/0\n remote_ts = ::/0 }\n"
                        + "markcast { static { a : sa { mark = 1 }\n b : sa { mark = 2 } } }"));
    }
}
