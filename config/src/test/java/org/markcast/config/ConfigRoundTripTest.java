// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Config.Source;
import org.markcast.config.StaticSa.Mode;

/** What {@code check} prints is valid input and means the same. */
class ConfigRoundTripTest {

    private static final String ODD_CHARACTERS = "ab\"#{}=:\\ .\n\tö§/*%";

    @TempDir
    Path directory;

    private final Random random = new Random(20261120);
    private ConfigFiles files;

    @BeforeEach
    void setUp() {
        files = new ConfigFiles(directory);
    }

    @Test
    void shouldPrintTheDefaults() throws ConfigException {
        assertEquals("""
                markcast {
                    interface     = ""
                    groups        = 224.0.0.1, 224.0.0.22, 224.0.0.251, 224.0.0.252, 239.255.255.250
                    reinject      = ""
                    forward       = yes
                    strict_groups = no
                    forwarders    = 1
                    rules         = yes
                    leak_guard    = yes
                    sources       = vici
                    vici {
                        socket = unix:///var/run/charon.vici
                        linger = 30s
                    }
                    connmark {
                        enabled    = no
                        tcp_mss    = 1360
                        l2tp       = no
                        l2tp_ports = 20000-60000
                        l2tp_zones = 1-65535
                    }
                    uplinks {
                        mask     = 0xff000000
                        lan      = ""
                        networks = ""
                        linger   = 60s
                    }
                    firewall {
                        interface     = ""
                        mode          = monitor
                        decrypted     = any
                        allow         = ""
                        allow_forward = ""
                        management    = ""
                        log           = 10/minute
                    }
                    masquerade {
                        interface = ""
                        clients   = 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16
                        pool      = ""
                        idle      = 3600s
                    }
                }
                """, Config.defaults().render());
        assertEquals(Config.defaults(), files.read(Config.defaults().render()));
    }

    @Test
    void shouldPrintStaticSas() throws ConfigException {
        final String text = """
                    static {
                        carol {
                            child       = rw
                            mode        = tunnel
                            mark        = 1
                            local_ts    = 10.1.0.0/16, 224.0.0.0/4
                            remote_ts   = 10.1.0.129, 224.0.0.0/4[udp/5353]
                            local_host  = 192.168.0.1
                            remote_host = 2001:db8::1
                            spi_in      = 0x0000004d
                            encap       = no
                            remote_port = 4500
                        }
                        dave {
                            child       = dave
                            mode        = transport
                            mark_in     = 0x200/0xff00
                            mark_out    = 4294967295
                            local_ts    = ::/0[ipv6-icmp/135]
                            remote_ts   = ff00::/8
                            encap       = yes
                            remote_port = 1025
                        }
                    }
                """;
        final String printed = files.read("markcast {\n" + text + "}\n").render();
        assertEquals(text.indent(0), printed.substring(printed.indexOf("    static"), printed.length() - 2));
    }

    @Test
    void shouldReadBackRandomConfigurations() throws ConfigException {
        for (int i = 0; i < 500; i++) {
            final Config config = config();
            assertEquals(config, files.read(config.render()), config::render);
        }
    }

    private Config config() {
        final List<StaticSa> sas = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            sas.add(sa(i));
        }
        final boolean rules = random.nextBoolean();
        final boolean connmark = rules && random.nextBoolean();
        return new Config(
                listOf(3, () -> "eth" + random.nextInt(100)),
                listOf(8, () -> (Inet4Address) AddressLiteral.of(
                        new byte[] {(byte) (224 + random.nextInt(16)), 0, 1, (byte) random.nextInt()})),
                new LinkedHashSet<>(listOf(3, this::listItem)),
                random.nextBoolean(),
                random.nextBoolean(),
                1 + random.nextInt(64),
                rules,
                random.nextBoolean(),
                random.nextBoolean() ? Set.of(Source.STATIC) : Set.of(Source.VICI, Source.STATIC),
                Path.of("/" + text()),
                Duration.ofSeconds(random.nextInt(1_000_000)),
                new Connmark(
                        connmark,
                        random.nextBoolean() ? 0 : 536 + random.nextInt(1000),
                        connmark && random.nextBoolean(),
                        range(),
                        range()),
                rules && sas.isEmpty() ? uplinks() : new Uplinks(0xf, List.of(), List.of(), Duration.ZERO, List.of()),
                firewall(rules),
                rules ? masquerade() : Config.defaults().masquerade(),
                sas);
    }

    private Uplinks uplinks() {
        final List<Uplink> all = new ArrayList<>();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            all.add(new Uplink(
                    "up:." + i,
                    "ppp" + i,
                    maybe(i << 4),
                    maybe(random.nextInt(64) << 8 | i),
                    maybe((Inet4Address) AddressLiteral.of(new byte[] {10, 0, 0, (byte) i})),
                    random.nextBoolean()));
        }
        return new Uplinks(
                random.nextInt() | 0xf0,
                List.of("lan0"),
                listOf(2, () -> Prefix.parse("10." + random.nextInt(256) + ".0.0/16")),
                Duration.ofSeconds(random.nextInt(1000)),
                all);
    }

    private <T> Optional<T> maybe(T value) {
        return random.nextBoolean() ? Optional.of(value) : Optional.empty();
    }

    private Firewall firewall(boolean rules) {
        final List<String> interfaces =
                rules ? listOf(2, () -> "ppp" + (random.nextBoolean() ? "*" : random.nextInt(100))) : List.of();
        final List<Mark> marks = listOf(3, () -> new Mark(1 + random.nextInt(9), Mark.FULL_MASK));
        return new Firewall(
                interfaces,
                interfaces.isEmpty() || random.nextBoolean() ? Firewall.Mode.MONITOR : Firewall.Mode.ENFORCE,
                new Firewall.Decrypted(marks.isEmpty() && random.nextBoolean(), marks),
                listOf(3, this::service),
                selectors(),
                listOf(3, () -> Prefix.of(address(), 20 + random.nextInt(13))),
                Optional.of(new Firewall.Rate(1 + random.nextInt(100), random.nextBoolean() ? "hour" : "second"))
                        .filter(rate -> random.nextBoolean()));
    }

    private Service service() {
        final int port = random.nextInt(0x1_0000);
        return random.nextBoolean()
                ? new Service(random.nextBoolean() ? 6 : 17, port, port + random.nextInt(0x1_0000 - port))
                : new Service(1 + random.nextInt(255), 0, 0xffff);
    }

    private Masquerade masquerade() {
        final List<Ipv4Range> pool = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            final int first = i << 24 | random.nextInt(1 << 24) & ~0xfff;
            pool.add(new Ipv4Range(first, first + random.nextInt(1000)));
        }
        final List<Masquerade.Pair> pairs = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            final OptionalInt server = random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(0x0b00_0001);
            pairs.add(new Masquerade.Pair("pair:" + i, 0x0a00_0000 + i, server, 0x0c00_0000 + i));
        }
        return new Masquerade(
                listOf(3, () -> "wan" + random.nextInt(100)),
                List.of(Prefix.parse("10.0.0.0/8"), Prefix.parse("192.0.2.7")),
                pool,
                Duration.ofSeconds(1 + random.nextInt(1_000_000)),
                pairs);
    }

    private NumberRange range() {
        final int first = 1 + random.nextInt(0xffff);
        return new NumberRange(first, first + random.nextInt(0x1_0000 - first));
    }

    /** Number {@code i} of one configuration: the low byte of its marks is its own. */
    private StaticSa sa(int i) {
        final int mask = random.nextInt() | 0xff;
        return new StaticSa(
                "sa:." + i,
                text(),
                random.nextBoolean() ? Mode.TUNNEL : Mode.TRANSPORT,
                new Mark(random.nextInt() & mask & ~0xff | i, mask),
                new Mark(i, random.nextBoolean() ? mask : Mark.FULL_MASK),
                selectors(),
                selectors(),
                Optional.of(address()).filter(address -> random.nextBoolean()),
                Optional.of(address()).filter(address -> random.nextBoolean()),
                random.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(random.nextInt() | 1),
                random.nextBoolean(),
                1 + random.nextInt(0xffff));
    }

    private List<TrafficSelector> selectors() {
        final Set<TrafficSelector> selectors = new LinkedHashSet<>(listOf(3, this::selector));
        selectors.add(selector());
        return List.copyOf(selectors);
    }

    private TrafficSelector selector() {
        final InetAddress address = address();
        final Prefix prefix = Prefix.of(address, random.nextInt(address.getAddress().length * 8 + 1));
        final int protocol = random.nextInt(3) * random.nextInt(128);
        final int port = random.nextInt(256);
        return random.nextBoolean()
                ? new TrafficSelector(prefix, protocol, 0, 0xffff)
                : new TrafficSelector(prefix, protocol, port, port + random.nextInt(256 - port));
    }

    private InetAddress address() {
        final byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
        random.nextBytes(bytes);
        for (int i = 1; i < bytes.length; i++) {
            bytes[i] *= (byte) random.nextInt(2); // zeros, for the short notation
        }
        bytes[0] |= 1; // no IPv4-mapped ones
        return AddressLiteral.of(bytes);
    }

    private String listItem() {
        return text().replace(",", "");
    }

    private String text() {
        final StringBuilder text = new StringBuilder("x");
        for (int i = random.nextInt(12); i > 0; i--) {
            text.append(ODD_CHARACTERS.charAt(random.nextInt(ODD_CHARACTERS.length())));
        }
        return text.append('x').toString();
    }

    private <T> List<T> listOf(int max, Supplier<T> item) {
        return Stream.generate(item).limit(random.nextInt(max + 1)).distinct().toList();
    }
}
