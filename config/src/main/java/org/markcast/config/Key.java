// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Every key there is, by the path of sections that leads to it, with its default in the configuration's own syntax. A
 * {@code *} stands for a name that the operator chooses. Reading, checking, printing and the test of
 * {@code reference.conf} share this list.
 */
enum Key {
    /** The plugin's: whether charon loads it, or with which priority. Nothing to us. */
    LOAD("load", "yes"),
    INTERFACE("interface", ""),
    GROUPS("groups", "224.0.0.1, 224.0.0.22, 224.0.0.251, 224.0.0.252, 239.255.255.250"),
    REINJECT("reinject", ""),
    FORWARD("forward", "yes"),
    STRICT_GROUPS("strict_groups", "no"),
    FORWARDERS("forwarders", "1"),
    RULES("rules", "yes"),
    LEAK_GUARD("leak_guard", "yes"),
    SOURCES("sources", "vici"),

    VICI_SOCKET("vici.socket", "unix:///var/run/charon.vici"),
    VICI_LINGER("vici.linger", "30s"),

    CONNMARK_ENABLED("connmark.enabled", "no"),
    CONNMARK_TCP_MSS("connmark.tcp_mss", "1360"),
    CONNMARK_L2TP("connmark.l2tp", "no"),
    CONNMARK_L2TP_PORTS("connmark.l2tp_ports", "20000-60000"),
    CONNMARK_L2TP_ZONES("connmark.l2tp_zones", "1-65535"),

    FIREWALL_INTERFACE("firewall.interface", ""),
    FIREWALL_MODE("firewall.mode", "monitor"),
    FIREWALL_DECRYPTED("firewall.decrypted", "any"),
    FIREWALL_ALLOW("firewall.allow", ""),
    FIREWALL_ALLOW_FORWARD("firewall.allow_forward", ""),
    FIREWALL_MANAGEMENT("firewall.management", ""),
    FIREWALL_LOG("firewall.log", "10/minute"),
    MASQUERADE_INTERFACE("masquerade.interface", ""),
    MASQUERADE_CLIENTS("masquerade.clients", "10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16"),
    MASQUERADE_POOL("masquerade.pool", ""),
    MASQUERADE_IDLE("masquerade.idle", "1h"),
    PAIR_CLIENT("masquerade.pairs.*.client", null),
    PAIR_SERVER("masquerade.pairs.*.server", null),
    PAIR_ADDRESS("masquerade.pairs.*.address", null),

    SA_CHILD("static.*.child", null),
    SA_MODE("static.*.mode", "tunnel"),
    SA_MARK("static.*.mark", null),
    SA_MARK_IN("static.*.mark_in", null),
    SA_MARK_OUT("static.*.mark_out", null),
    SA_LOCAL_TS("static.*.local_ts", null),
    SA_REMOTE_TS("static.*.remote_ts", null),
    SA_LOCAL_HOST("static.*.local_host", null),
    SA_REMOTE_HOST("static.*.remote_host", null),
    SA_SPI_IN("static.*.spi_in", null),
    SA_ENCAP("static.*.encap", "no"),
    SA_REMOTE_PORT("static.*.remote_port", "4500"),

    UPLINKS_MASK("uplinks.mask", "0xff000000"),
    UPLINKS_LAN("uplinks.lan", ""),
    UPLINKS_NETWORKS("uplinks.networks", ""),
    UPLINKS_LINGER("uplinks.linger", "60s"),
    UPLINK_INTERFACE("uplinks.*.interface", null),
    UPLINK_MARK("uplinks.*.mark", null),
    UPLINK_TABLE("uplinks.*.table", null),
    UPLINK_GATEWAY("uplinks.*.gateway", null),
    UPLINK_MASQUERADE("uplinks.*.masquerade", "no");

    static final String TOP = "";
    static final String VICI = "vici";
    static final String CONNMARK = "connmark";
    static final String UPLINKS = "uplinks";
    static final String UPLINK = "uplinks.*";
    static final String FIREWALL = "firewall";
    static final String MASQUERADE = "masquerade";
    static final String PAIRS = "pairs";
    static final String MASQUERADE_PAIRS = "masquerade.pairs";
    static final String MASQUERADE_PAIR = "masquerade.pairs.*";
    static final String STATIC = "static";
    static final String STATIC_SA = "static.*";

    private static final Map<String, List<String>> KEYS_BY_SECTION = new HashMap<>();
    private static final Map<String, List<String>> SECTIONS_BY_SECTION = new HashMap<>();

    static {
        for (final String path : List.of(
                TOP,
                VICI,
                CONNMARK,
                UPLINKS,
                UPLINK,
                FIREWALL,
                MASQUERADE,
                MASQUERADE_PAIRS,
                MASQUERADE_PAIR,
                STATIC,
                STATIC_SA)) {
            KEYS_BY_SECTION.put(path, findKeysIn(path));
            SECTIONS_BY_SECTION.put(path, findSectionsIn(path));
        }
    }

    private final String section;
    private final String keyName;
    private final String defaultText;

    Key(String path, String defaultText) {
        final int dot = path.lastIndexOf('.');
        this.section = dot < 0 ? "" : path.substring(0, dot);
        this.keyName = path.substring(dot + 1);
        this.defaultText = defaultText;
    }

    /** The key as it is written. */
    String keyName() {
        return keyName;
    }

    /** Path of the section that the key stands in. */
    String section() {
        return section;
    }

    /** Null if the key has no default. */
    String defaultText() {
        return defaultText;
    }

    /** Names of the keys that may stand directly in a section. */
    static List<String> keysIn(String section) {
        return KEYS_BY_SECTION.get(section);
    }

    private static List<String> findKeysIn(String section) {
        return Arrays.stream(values())
                .filter(key -> key.section.equals(section))
                .map(Key::keyName)
                .toList();
    }

    /** The section below the top that a key of this name stands in, as it is written. */
    static Optional<String> sectionOf(String keyName) {
        return Arrays.stream(values())
                .filter(key -> key.keyName.equals(keyName) && !key.section.isEmpty())
                .map(key -> key.section.replace("*", "NAME"))
                .map(path -> path.replace(".", " { ") + " { " + (path.contains(".") ? "} }" : "}"))
                .findFirst();
    }

    /** Names of the sections that may stand directly in a section; {@code *} for any. */
    static List<String> sectionsIn(String section) {
        return SECTIONS_BY_SECTION.get(section);
    }

    private static List<String> findSectionsIn(String section) {
        final String prefix = section.isEmpty() ? "" : section + ".";
        return Arrays.stream(values())
                .map(Key::section)
                .filter(path -> path.startsWith(prefix) && path.length() > prefix.length())
                .map(path -> path.substring(prefix.length()).split("\\.")[0])
                .distinct()
                .toList();
    }
}
