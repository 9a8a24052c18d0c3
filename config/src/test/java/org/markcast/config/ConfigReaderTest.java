// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Config.Source;
import org.markcast.config.StaticSa.Mode;

class ConfigReaderTest {

    @TempDir
    Path directory;

    private ConfigFiles files;

    @BeforeEach
    void setUp() {
        files = new ConfigFiles(directory);
    }

    @Test
    void shouldHaveTheDocumentedDefaults() {
        assertEquals(
                new Config(
                        List.of(),
                        groups("224.0.0.1", "224.0.0.22", "224.0.0.251", "224.0.0.252", "239.255.255.250"),
                        Set.of(),
                        true,
                        false,
                        1,
                        true,
                        true,
                        Set.of(Source.VICI),
                        Path.of("/var/run/charon.vici"),
                        Duration.ofSeconds(30),
                        new Connmark(false, 1360, false, new NumberRange(20_000, 60_000), new NumberRange(1, 65_535)),
                        new Uplinks(0xff00_0000, List.of(), List.of(), Duration.ofSeconds(60), List.of()),
                        new Firewall(
                                List.of(),
                                Firewall.Mode.MONITOR,
                                new Firewall.Decrypted(true, List.of()),
                                List.of(),
                                List.of(),
                                List.of(),
                                Optional.of(new Firewall.Rate(10, "minute"))),
                        new Masquerade(
                                List.of(),
                                Stream.of("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
                                        .map(Prefix::parse)
                                        .toList(),
                                List.of(),
                                Duration.ofHours(1),
                                List.of()),
                        List.of()),
                Config.defaults());
    }

    @Test
    void shouldReadEveryKey() throws ConfigException {
        final Config config = files.read("""
                markcast {
                    interface = eth1,  br-lan ,eth1
                    groups = 239.1.2.3, 224.0.0.251, 239.1.2.3
                    reinject = rw, "road
                warrior"
                    forward = no
                    strict_groups = enabled
                    forwarders = 4
                    rules = 1
                    leak_guard = FALSE
                    sources = static, vici
                    vici {
                        socket = unix:///run/other.vici
                        linger = 2m
                    }
                    connmark {
                        enabled = yes
                        l2tp = yes
                        l2tp_ports = 3000 - 4000
                        l2tp_zones = 7
                    }
                    firewall {
                        interface = eth0, ppp*, eth0
                        mode = enforce
                        decrypted = 7, 0x100/0xff00
                        allow = tcp/22, udp/5000-5010, icmp, 47, ipv6-icmp/128
                        allow_forward = 2001:db8:1::80[tcp/443], 198.51.100.0/28
                        management = 192.0.2.0/24, 2001:db8::1
                        log = no
                    }
                    masquerade {
                        interface = wan0, ppp0
                        clients = 10.0.0.7/24
                        pool = 203.0.113.10-203.0.113.14, 203.0.113.20/30
                        idle = 5m
                        pairs {
                            a {
                                client = 10.0.0.5
                                server = 198.51.100.1
                                address = 203.0.113.9
                            }
                            b {
                                client = 10.0.0.6
                                address = 203.0.113.8
                            }
                        }
                    }
                    static {
                        carol {
                            child = rw
                            mode = transport
                            mark_in = 0x100/0xff00
                            mark_out = 7
                            local_ts = 10.1.0.9/16, 10.0.0.1-10.0.0.2[udp/5353]
                            remote_ts = 2001:db8::/32[/53], 10.1.0.129[17/1000-2000]
                            local_host = 192.168.0.1
                            remote_host = 2001:db8::1
                            spi_in = 0xc15e5a4d
                            encap = yes
                            remote_port = 1025
                        }
                        dave {
                            mark = 1
                            local_ts = 0.0.0.0/0
                            remote_ts = 224.0.0.0/4
                        }
                    }
                }
                """);
        final StaticSa carol = new StaticSa(
                "carol",
                "rw",
                Mode.TRANSPORT,
                new Mark(0x100, 0xff00),
                new Mark(7, Mark.FULL_MASK),
                List.of(
                        TrafficSelector.of(Prefix.parse("10.1.0.0/16")),
                        new TrafficSelector(Prefix.parse("10.0.0.1"), 17, 5353, 5353),
                        new TrafficSelector(Prefix.parse("10.0.0.2"), 17, 5353, 5353)),
                List.of(
                        new TrafficSelector(Prefix.parse("2001:db8::/32"), 0, 53, 53),
                        new TrafficSelector(Prefix.parse("10.1.0.129"), 17, 1000, 2000)),
                Optional.of(AddressLiteral.parse("192.168.0.1")),
                Optional.of(AddressLiteral.parse("2001:db8::1")),
                OptionalInt.of(0xc15e5a4d),
                true,
                1025);
        final StaticSa dave = new StaticSa(
                "dave",
                "dave",
                Mode.TUNNEL,
                new Mark(1, Mark.FULL_MASK),
                new Mark(1, Mark.FULL_MASK),
                TrafficSelector.parse("0.0.0.0/0"),
                TrafficSelector.parse("224.0.0.0/4"),
                Optional.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                false,
                4500);
        assertEquals(
                new Config(
                        List.of("eth1", "br-lan"),
                        groups("239.1.2.3", "224.0.0.251"),
                        Set.of("rw", "road\nwarrior"),
                        false,
                        true,
                        4,
                        true,
                        false,
                        Set.of(Source.STATIC, Source.VICI),
                        Path.of("/run/other.vici"),
                        Duration.ofMinutes(2),
                        new Connmark(true, 1360, true, new NumberRange(3_000, 4_000), new NumberRange(7, 7)),
                        Config.defaults().uplinks(),
                        new Firewall(
                                List.of("eth0", "ppp*"),
                                Firewall.Mode.ENFORCE,
                                new Firewall.Decrypted(false, List.of(Mark.parse("7"), Mark.parse("0x100/0xff00"))),
                                List.of(
                                        new Service(6, 22, 22),
                                        new Service(17, 5_000, 5_010),
                                        new Service(1, 0, 65_535),
                                        new Service(47, 0, 65_535),
                                        new Service(58, 128, 128)),
                                List.of(
                                        new TrafficSelector(Prefix.parse("2001:db8:1::80"), 6, 443, 443),
                                        TrafficSelector.of(Prefix.parse("198.51.100.0/28"))),
                                List.of(Prefix.parse("192.0.2.0/24"), Prefix.parse("2001:db8::1")),
                                Optional.empty()),
                        new Masquerade(
                                List.of("wan0", "ppp0"),
                                List.of(Prefix.parse("10.0.0.0/24")),
                                List.of(
                                        Ipv4Range.parse("203.0.113.10-203.0.113.14"),
                                        Ipv4Range.parse("203.0.113.20/30")),
                                Duration.ofMinutes(5),
                                List.of(
                                        new Masquerade.Pair("a", 0x0a00_0005, OptionalInt.of(0xc633_6401), 0xcb00_7109),
                                        new Masquerade.Pair("b", 0x0a00_0006, OptionalInt.empty(), 0xcb00_7108))),
                        List.of(carol, dave)),
                config);
    }

    @Test
    void shouldKnowTheInterfacesOfTheFirewall() throws ConfigException {
        final Firewall firewall =
                files.read("markcast { firewall { interface = eth0, ppp* } }").firewall();
        assertTrue(firewall.isEnabled());
        assertTrue(firewall.hasInterface("eth0"));
        assertTrue(firewall.hasInterface("ppp17"));
        assertFalse(firewall.hasInterface("eth01"));
        assertFalse(firewall.hasInterface("pp"));
        assertFalse(Config.defaults().firewall().isEnabled());
    }

    @Test
    void shouldTakeTheFirstOfTheThreeSections() throws ConfigException {
        final String plugin = "charon { plugins { forecast { interface = eth3 } } }\n";
        final String forecast = "forecast { interface = eth2 }\n";
        final String markcast = "markcast { interface = eth1 }\n";
        assertEquals(List.of("eth3"), files.read(plugin).interfaces());
        assertEquals(List.of("eth2"), files.read(plugin + forecast).interfaces());
        assertEquals(List.of("eth1"), files.read(plugin + forecast + markcast).interfaces());
        assertEquals(List.of(), files.read(plugin + forecast + "markcast { }").interfaces());
    }

    @Test
    void shouldAcceptThePluginsSectionInItsSurroundings() throws ConfigException {
        files.write("strongswan.d/charon-logging.conf", """
                charon {
                    filelog {
                        /var/log/charon.log {
                            time_format = %b %e %T
                            default = 1
                        }
                    }
                    syslog { daemon { ike = 2 } }
                }
                """);
        files.write("strongswan.d/charon/forecast.conf", """
                forecast {

                    # Groups, separated by commas.
                    groups = 224.0.0.1,224.0.0.22, 224.0.0.251 ,239.255.255.250

                    interface =   eth1
                    load = yes
                    # reinject =
                }
                """);
        files.write("strongswan.d/charon/zz-site.conf", """
                # later files override earlier ones
                forecast { reinject = rw, rw-eap
                    load = no
                }
                """);
        files.write("strongswan.d/charon/attr.conf", "attr { load = yes\n dns = 10.1.0.1 }\n");
        final Config config = files.read("""
                # strongswan.conf - strongSwan configuration file

                charon {
                    load_modular = yes
                    install_routes = no
                    multiple_authentication = no
                    plugins {
                        include strongswan.d/charon/*.conf
                        vici { socket = tcp://127.0.0.1:4502 }
                    }
                    user = "strong \\"swan\\""
                    port_nat_t = 4500 # fixed
                }
                charon-systemd { journal { default = 1 } }
                swanctl { load = pem pkcs1 x509 revocation curve25519 openssl random }
                include strongswan.d/*.conf
                include /nonexistent/*.conf
                """);
        assertEquals(List.of("eth1"), config.interfaces());
        assertEquals(groups("224.0.0.1", "224.0.0.22", "224.0.0.251", "239.255.255.250"), config.groups());
        assertEquals(List.of("rw", "rw-eap"), List.copyOf(config.reinject()));
        assertEquals(Config.defaults().viciSocket(), config.viciSocket());
    }

    @Test
    void shouldAcceptThePluginsKeysWhateverTheySay() throws ConfigException {
        assertEquals(Config.defaults(), files.read("forecast {\n load = 7\n groups =\n interface =\n reinject =\n}"));
        assertEquals(
                List.of(),
                files.read("forecast {\n load = no\n groups = \"\"\n interface = \"\" }")
                        .groups());
        assertEquals(
                Set.of("any name"),
                files.read("forecast { reinject = , any name,}").reinject());
        assertEquals(4, files.read("forecast { forwarders = 4 }").forwarders());
        assertEquals(
                List.of("test.conf:1: load: 'maybe' is not yes or no"), files.problemsOf("forecast { load = maybe }"));
    }

    @Test
    void shouldTakeOneForwarderPerCore() throws ConfigException {
        assertEquals(
                Math.min(64, Runtime.getRuntime().availableProcessors()),
                files.read("markcast { forwarders = auto }").forwarders());
    }

    @Test
    void shouldReadTimesWithUnits() throws ConfigException {
        assertEquals(Duration.ZERO, linger("0"));
        assertEquals(Duration.ofSeconds(90), linger("90"));
        assertEquals(Duration.ofSeconds(5), linger("5s"));
        assertEquals(Duration.ofHours(1), linger("1h"));
        assertEquals(Duration.ofDays(365), linger("365d"));
    }

    @Test
    void shouldLetSasInheritTheirSelectors() throws ConfigException {
        final Config config = files.read("""
                defaults { local_ts = 10.1.0.0/16
                    remote_ts = 224.0.0.0/4
                    mark = 9
                }
                markcast {
                    sources = static
                    static {
                        a : defaults { mark = 1 }
                        b : defaults {
                            mark =
                            mark_in = 2
                            mark_out = 3
                        }
                    }
                }
                """);
        assertEquals(
                List.of(1, 2),
                config.staticSas().stream().map(sa -> sa.markIn().value()).toList());
        assertEquals(
                config.staticSas().get(0).localTs(), config.staticSas().get(1).localTs());
    }

    @Test
    void shouldAcceptStaticSourceWithoutSas() throws ConfigException {
        assertEquals(
                Set.of(Source.STATIC),
                files.read("markcast { sources = static\n static { } }").sources());
    }

    @Test
    void shouldTellWhatIsWrongWithTheFileItself() {
        final ConfigException e =
                assertThrows(ConfigException.class, () -> ConfigReader.read(directory.resolve("none.conf")));
        assertEquals(List.of(directory + "/none.conf: cannot read: no such file"), e.problems());
        assertEquals(e.problems().get(0), e.getMessage());
    }

    @Test
    void shouldReadManyStaticSasQuickly() throws ConfigException {
        final StringBuilder text = new StringBuilder("markcast { static {\n");
        for (int i = 1; i <= 20_000; i++) {
            text.append("sa" + i + " { mark = " + i + "\n local_ts = ::/0\n remote_ts = ::/0 }\n");
        }
        assertEquals(20_000, files.read(text + "} }").staticSas().size());
    }

    @Test
    void shouldShareWhatManyStaticSasHaveInCommon() throws ConfigException {
        final StringBuilder text = new StringBuilder("markcast { static {\n");
        for (int i = 1; i <= 100; i++) {
            text.append("sa" + i + " { mark = " + i + "\n local_ts = 224.0.0.0/4\n remote_ts = 10.1.0." + i + " }\n");
        }
        final List<StaticSa> sas = files.read(text + "} }").staticSas();
        for (int i = 0; i < sas.size(); i++) {
            assertSame(sas.get(0).localTs().get(0), sas.get(i).localTs().get(0));
            assertEquals(TrafficSelector.parse("10.1.0." + (i + 1)), sas.get(i).remoteTs());
        }
    }

    @Test
    void shouldForgetOnlyTheStaticSas() throws ConfigException {
        final String settings = "interface = eth7\n sources = static\n forwarders = 3\n";
        final Config config = files.read(
                "markcast {\n" + settings + " static { a { mark = 1\n local_ts = ::/0\n remote_ts = ::/0 } } }");
        assertEquals(1, config.staticSas().size());
        assertEquals(files.read("markcast {\n" + settings + "}"), config.withoutStaticSas());
    }

    private Duration linger(String text) throws ConfigException {
        return files.read("markcast { vici { linger = " + text + " } }").viciLinger();
    }

    private static List<Inet4Address> groups(String... addresses) {
        return List.of(addresses).stream()
                .map(address -> (Inet4Address) AddressLiteral.parse(address))
                .toList();
    }
}
