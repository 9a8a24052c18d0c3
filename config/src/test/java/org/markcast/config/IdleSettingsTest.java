// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdleSettingsTest {

    private static final String CAROL =
            "mark = 7\nlocal_ts = 10.1.0.1[udp/1701]\nremote_ts = 203.0.113.7[udp]\nmode = transport\n";

    @TempDir
    Path directory;

    /** The warnings, without what all begin with, the first line being the one behind the brace of markcast. */
    private List<String> warnings(String text) throws ConfigException {
        return new ConfigFiles(directory)
                .warningsOf("markcast {\n" + text + "\n}\n").stream()
                        .map(line -> line.replaceFirst("^test.conf:(\\d+): warning: ", "$1 "))
                        .toList();
    }

    private void assertWarnings(String text, String... lines) throws ConfigException {
        assertEquals(List.of(lines), warnings(text));
    }

    @Test
    void shouldSayWhereTheSettingStands() throws ConfigException {
        assertEquals(
                List.of("test.conf:3: warning: reinject: has no effect with forward = no"),
                new ConfigFiles(directory).warningsOf("markcast {\nforward = no\nreinject = rw\n}\n"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "forward = no",
                "sources = static\nstatic {\ncarol {\nmark = 7\nlocal_ts = 10.1.0.1\nremote_ts = 10.2.0.1\n}\n}",
                "connmark {\nenabled = yes\nl2tp = yes\nl2tp_ports = 1024-2047\nl2tp_zones = 1-9\n}",
                "rules = no\nleak_guard = no",
                "sources = static",
                "reinject = rw",
                "firewall {\ninterface = ppp0\nallow = tcp/22\n}",
                "masquerade {\ninterface = ppp0\npool = 203.0.113.0/28\nidle = 2h\n}",
            })
    void shouldSayNothingOfWhatHasAnEffectOrIsTheDefault(String text) throws ConfigException {
        assertWarnings(text);
        final ConfigFiles files = new ConfigFiles(directory);
        final String rendered = files.read("markcast {\n" + text + "\n}").render();
        assertEquals(List.of(), files.warningsOf(rendered));
    }

    @Test
    void shouldFindWhatIsForForwardingOnly() throws ConfigException {
        assertWarnings(
                "forward = no\ngroups = 224.0.0.9\nreinject = rw\nstrict_groups = yes\nforwarders = 4\ninterface = eth1",
                "3 groups: has no effect with forward = no",
                "4 reinject: has no effect with forward = no",
                "5 strict_groups: has no effect with forward = no",
                "6 forwarders: has no effect with forward = no");
        assertWarnings("forward = no\nrules = no", "2 forward: with rules = no beside it nothing at all is done");
        assertWarnings(
                "strict_groups = yes\ngroups = \"\"", "2 strict_groups: no multicast is forwarded, groups names none");
    }

    @Test
    void shouldFindASectionThatIsNotRead() throws ConfigException {
        final ConfigFiles files = new ConfigFiles(directory);
        assertEquals(
                List.of("test.conf:2: warning: forecast: is not read, since there is a section markcast"),
                files.warningsOf("charon { plugins { forecast { load = no } } }\nforecast { }\nmarkcast { }"));
        assertEquals(List.of(), files.warningsOf("forecast { }"));
    }

    @Test
    void shouldSayThatNothingGuardsWithoutRules() throws ConfigException {
        assertWarnings(
                "rules = no",
                "2 rules: with no, leak_guard has no effect, and copies may leave without IPsec: write leak_guard = no too"
                        + " if they may");
    }

    @Test
    void shouldFindSectionsOfSourcesThatAreNotUsed() throws ConfigException {
        assertWarnings("static {\ncarol {\n" + CAROL + "}\n}\n", "2 static: has no effect without static in sources");
        assertWarnings(
                "sources = static\nvici {\nlinger = 5s\nsocket = unix:///a\n}\n",
                "4 linger: has no effect without vici in sources",
                "5 socket: has no effect without vici in sources");
    }

    @Test
    void shouldFindChildrenThatNoSaHas() throws ConfigException {
        final String text = "reinject = rw, carol\nstatic {\ncarol {\n" + CAROL + "}\n}\nsources = static";
        assertWarnings(text, "2 reinject: no SA below static { } has the child 'rw'");
        assertWarnings(text + ", vici");
    }

    @Test
    void shouldFindWhatConnmarkDoesNotUse() throws ConfigException {
        assertWarnings(
                "connmark {\ntcp_mss = 1200\nl2tp_ports = 2000-3000\nl2tp_zones = 1-9\n}",
                "3 tcp_mss: has no effect without enabled = yes",
                "4 l2tp_ports: has no effect without enabled = yes and l2tp = yes",
                "5 l2tp_zones: has no effect without enabled = yes and l2tp = yes");
        assertWarnings(
                "connmark {\nenabled = yes\ntcp_mss = 1200\nl2tp_ports = 2000-3000\nl2tp_zones = 1-9\n}",
                "5 l2tp_ports: has no effect without l2tp = yes",
                "6 l2tp_zones: has no effect without l2tp = yes");
        assertWarnings(
                "connmark {\nenabled = yes\n}\nsources = static\nstatic {\ncarol {\n"
                        + CAROL.replace("transport", "tunnel") + "}\n}",
                "3 enabled: no SA below static { } has mode = transport, others need no connmark");
    }

    @Test
    void shouldFindThatZonesAreTooFew() throws ConfigException {
        final String sas = "static {\ncarol {\n" + CAROL + "}\ndave {\n" + CAROL.replace("7\n", "8\n") + "}\nerin {\n"
                + CAROL.replace("1701", "1702").replace("mark = 7", "mark = 9") + "}\n}\nsources = static, vici\n";
        assertWarnings(
                "connmark {\nenabled = yes\nl2tp = yes\nl2tp_zones = 5\n}\n" + sas,
                "5 l2tp_zones: 5-5 is too few for the 2 L2TP clients below static { }: the others get no answers");
        assertWarnings("connmark {\nenabled = yes\nl2tp = yes\nl2tp_zones = 5-6\n}\n" + sas);
    }

    @Test
    void shouldFindWhatUplinksDoNotUse() throws ConfigException {
        assertWarnings(
                "uplinks {\nmask = 0xf0000000\nlan = eth1\nnetworks = 10.0.0.0/8\nlinger = 1s\n}",
                Stream.of("3 mask", "4 lan", "5 networks", "6 linger")
                        .map(key -> key + ": has no effect without the section of an uplink")
                        .toArray(String[]::new));
        assertWarnings(
                "uplinks {\nlan = eth1\ndsl {\ninterface = ppp0\n}\n}",
                "2 uplinks: there is only one, and no other that a connection could stay off");
        assertWarnings("uplinks {\nlan = eth1\ndsl {\ninterface = ppp0\n}\ncable {\ninterface = eth2\n}\n}");
    }

    @Test
    void shouldFindWhatTheFirewallDoesNotUse() throws ConfigException {
        assertWarnings(
                "firewall {\ndecrypted = marked\nallow = tcp/22\nallow_forward = 10.0.0.1\nmanagement = 10.0.0.0/8\n"
                        + "log = no\n}",
                Stream.of("3 decrypted", "4 allow", "5 allow_forward", "6 management", "7 log")
                        .map(key -> key + ": has no effect without interface = WAN")
                        .toArray(String[]::new));
    }

    @Test
    void shouldFindWhatMasqueradeDoesNotUse() throws ConfigException {
        assertWarnings(
                "masquerade {\ninterface = ppp0\nclients = 10.0.0.0/8\nidle = 2h\n}",
                "3 interface: has no effect without a pool or a pair",
                "4 clients: has no effect without a pool or a pair",
                "5 idle: has no effect without a pool");
        assertWarnings(
                "masquerade {\nidle = 2h\nclients = 10.0.0.0/8\n"
                        + "pairs {\na {\nclient = 10.0.0.5\naddress = 203.0.113.9\n}\n}\n}",
                "3 idle: has no effect without a pool");
    }

    @Test
    void shouldFindWhatAnSaDoesNotUse() throws ConfigException {
        assertWarnings(
                "sources = static\nstatic {\ncarol {\n" + CAROL + "remote_host = 203.0.113.7\nremote_port = 5000\n}\n"
                        + "dave {\n" + CAROL.replace("7\n", "8\n") + "encap = yes\nremote_port = 5000\n}\n}",
                "9 remote_host: has no effect without local_host and spi_in",
                "10 remote_port: has no effect without encap = yes",
                "17 encap: has no effect without local_host, remote_host and spi_in",
                "18 remote_port: has no effect without local_host, remote_host and spi_in");
    }

    @Test
    void shouldSayNothingOfAConfigurationThatIsRefused() {
        assertEquals(
                List.of("test.conf:3: rules: 'maybe' is not yes or no"),
                new ConfigFiles(directory).problemsOf("markcast {\nforward = no\nrules = maybe\nreinject = rw\n}"));
    }
}
