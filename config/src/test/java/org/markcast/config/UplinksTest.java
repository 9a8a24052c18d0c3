// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.net.Inet4Address;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The section {@code uplinks { }}. */
class UplinksTest {

    @TempDir
    Path directory;

    private ConfigFiles files;

    @BeforeEach
    void setUp() {
        files = new ConfigFiles(directory);
    }

    @Test
    void shouldReadUplinksInTheirOrder() throws ConfigException {
        final Uplinks uplinks = files.read("""
                markcast {
                    uplinks {
                        mask = 0xf0
                        lan = eth1, br-lan
                        networks = 10.0.0.0/8, 192.168.7.9/24
                        linger = 2m
                        dsl {
                            interface = ppp0
                            mark = 0x20
                            table = 201
                            gateway = 192.0.2.1
                            masquerade = yes
                        }
                        lan {
                            interface = eth2
                        }
                    }
                }
                """).uplinks();
        assertEquals(
                new Uplinks(
                        0xf0,
                        List.of("eth1", "br-lan"),
                        List.of(Prefix.parse("10.0.0.0/8"), Prefix.parse("192.168.7.0/24")),
                        Duration.ofMinutes(2),
                        List.of(
                                new Uplink(
                                        "dsl",
                                        "ppp0",
                                        Optional.of(0x20),
                                        Optional.of(201),
                                        Optional.of((Inet4Address) AddressLiteral.parse("192.0.2.1")),
                                        true),
                                new Uplink(
                                        "lan", "eth2", Optional.empty(), Optional.empty(), Optional.empty(), false))),
                uplinks);
    }

    @Test
    void shouldTakeTheLanInterfacesThatAreNamedAbove() throws ConfigException {
        final Config config = files.read("markcast { interface = eth1, eth3\n uplinks { a { interface = ppp0 } } }");
        assertEquals(List.of("eth1", "eth3"), config.uplinks().lan());
        assertFalse(files.read("markcast { interface = eth1\n uplinks { } }")
                .uplinks()
                .isEnabled());
    }

    @Test
    void shouldRefuseWhatTwoUplinksCannotShare() {
        assertEquals(
                List.of(
                        "test.conf:5: interface: uplink 'a' has the same",
                        "test.conf:6: mark: uplink 'a' has the same",
                        "test.conf:7: table: uplink 'a' has the same"),
                problemsOf("""
                        a { interface = ppp0
                            mark = 0x1000000
                            table = 201 }
                        b { interface = ppp0
                            mark = 0x01000000
                            table = 0xc9 }
                        """));
    }

    @Test
    void shouldRefuseValuesThatAreNone() {
        assertEquals(
                List.of(
                        "test.conf:3: mark: 0x1 has bits outside uplinks.mask, which is 0xff000000: write e.g. 0x1000000",
                        "test.conf:4: table: 254 is the system's default, main or local table: write another number",
                        "test.conf:5: gateway: 224.0.0.1 is not the IPv4 address of a host",
                        "test.conf:6: masquerade: 'perhaps' is not yes or no",
                        "test.conf:7: unknown key 'metric'",
                        "test.conf:8: uplink 'b' has no interface: write its name",
                        "test.conf:9: table: '0' is no routing table (1 to 4294967295)",
                        "test.conf:10: mark: '0' is no mark (1 to 4294967295)"),
                problemsOf("""
                        a { interface = ppp0
                            mark = 1
                            table = 254
                            gateway = 224.0.0.1
                            masquerade = perhaps
                            metric = 1 }
                        b { gateway = 192.0.2.1
                            table = 0
                            mark = 0 }
                        """));
    }

    @Test
    void shouldRefuseASectionThatCannotWork() {
        assertEquals(
                List.of(
                        "test.conf:1: uplinks: marks are set by rules, write rules = yes",
                        "test.conf:1: uplinks: write lan = with the interfaces of the LAN"),
                files.problemsOf("markcast { uplinks { a { interface = ppp0 } }\n rules = no }"));
        assertEquals(
                List.of("test.conf:2: interface: 'ppp*' has a character that no rule can name"),
                problemsOf("a { interface = ppp* }"));
        assertEquals(
                List.of("test.conf:2: interface: eth1 is an interface of the LAN, it cannot be an uplink too"),
                problemsOf("a { interface = eth1 }"));
        assertEquals(
                List.of("test.conf:2: mask: 0x80000000 has room for 1 uplinks, there are 2"),
                problemsOf("mask = 0x80000000\n a { interface = ppp0 }\n b { interface = ppp1 }"));
        assertEquals(
                List.of(
                        "test.conf:2: mask: '0' is no mask (1 to 4294967295)",
                        "test.conf:3: networks: fe80::/10 is not an IPv4 network"),
                problemsOf("mask = 0\n networks = fe80::/10\n a { interface = ppp0 }"));
    }

    @Test
    void shouldRefuseMarksOfSasThatOverlap() throws ConfigException {
        final String uplinks = "uplinks { a { interface = ppp0 } }\n";
        final String selectors = " local_ts = ::/0\n remote_ts = ::/0 }\n";
        assertEquals(
                List.of(
                        "test.conf:2: mark: 1 has bits in common with uplinks.mask 0xff000000: write 0x1/0xffffff",
                        "test.conf:5: mark_in: 0x2000001/0xf0000ff has bits in common with uplinks.mask 0xff000000:"
                                + " write 0x1/0xff",
                        "test.conf:6: mark_out: 0x3000000/0xff00ff00 has bits in common with uplinks.mask 0xff000000:"
                                + " write NUMBER/0xff00"),
                files.problemsOf("markcast { interface = eth1\n static { one { mark = 1\n" + selectors
                        + " two { mark_in = 0x2000001/0xf0000ff\n mark_out = 0x3000000/0xff00ff00\n" + selectors + "}\n"
                        + uplinks + "}"));
        final String masked = "static { a { mark = 1/0x00ffffff\n local_ts = ::/0\n remote_ts = ::/0 } }\n";
        assertEquals(
                0xff_ffff,
                files.read("markcast { interface = eth1\n" + masked + uplinks + "}")
                        .staticSas()
                        .get(0)
                        .markOut()
                        .mask());
    }

    /** The connections of clients that are gone are not to be forgotten with those of an uplink: they would begin anew in clear. */
    @Test
    void shouldLeaveTheMarkOfConnectionsWhoseSaIsGoneToThem() throws ConfigException {
        final String reserved = "connmark { enabled = yes }\n uplinks { lan = eth1\n mask = 0xf0\n"
                + " a { interface = ppp0\n mark = 0xf0 } } }";
        assertEquals(
                List.of(
                        "test.conf:5: mark: connmark gives 0xf0/0xf0 to connections whose SA is gone: give it another one"),
                files.problemsOf("markcast { " + reserved));
        final String crowded = "uplinks { lan = eth1\n mask = 0xc0\n"
                + " a { interface = ppp0 }\n b { interface = ppp1 }\n c { interface = ppp2 } } }";
        assertEquals(3, files.read("markcast { " + crowded).uplinks().all().size());
        assertEquals(
                List.of("test.conf:2: mask: 0xc0 has room for 2 uplinks beside connmark, there are 3"),
                files.problemsOf("markcast { connmark { enabled = yes } " + crowded));
    }

    private List<String> problemsOf(String uplinks) {
        return files.problemsOf("markcast { uplinks { lan = eth1\n" + uplinks + "} }");
    }
}
