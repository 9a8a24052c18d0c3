// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Writes a configuration in its own syntax, keys of a section aligned. For one print only. */
final class ConfigPrinter {

    private static final String INDENT = "    ";

    /** Printable ASCII without what has a meaning to the parser, blanks only inside. */
    private static final Pattern PLAIN = Pattern.compile("[!-~&&[^\"#{}]]+( +[!-~&&[^\"#{}]]+)*");

    private final StringBuilder out = new StringBuilder();
    private int depth;

    String print(Config config) {
        open("markcast");
        settings(topOf(config));
        open(Key.VICI);
        settings(viciOf(config));
        close();
        open(Key.CONNMARK);
        settings(connmarkOf(config.connmark()));
        close();
        open(Key.UPLINKS);
        settings(uplinksOf(config.uplinks()));
        for (final Uplink uplink : config.uplinks().all()) {
            open(uplink.name().replace(":", "::"));
            settings(settingsOf(uplink));
            close();
        }
        close();
        open(Key.FIREWALL);
        settings(firewallOf(config.firewall()));
        close();
        masquerade(config.masquerade());
        if (!config.staticSas().isEmpty()) {
            open(Key.STATIC);
            for (final StaticSa sa : config.staticSas()) {
                open(sa.name().replace(":", "::"));
                settings(settingsOf(sa));
                close();
            }
            close();
        }
        close();
        return out.toString();
    }

    private void masquerade(Masquerade masquerade) {
        open(Key.MASQUERADE);
        settings(settingsOf(masquerade));
        if (!masquerade.pairs().isEmpty()) {
            open(Key.PAIRS);
            for (final Masquerade.Pair pair : masquerade.pairs()) {
                open(pair.name().replace(":", "::"));
                settings(settingsOf(pair));
                close();
            }
            close();
        }
        close();
    }

    private static Map<Key, String> topOf(Config config) {
        final Map<Key, String> settings = new EnumMap<>(Key.class);
        settings.put(Key.INTERFACE, list(config.interfaces()));
        settings.put(
                Key.GROUPS,
                list(config.groups().stream().map(AddressLiteral::format).toList()));
        settings.put(Key.REINJECT, list(config.reinject()));
        settings.put(Key.FORWARD, flag(config.forward()));
        settings.put(Key.STRICT_GROUPS, flag(config.strictGroups()));
        settings.put(Key.FORWARDERS, Integer.toString(config.forwarders()));
        settings.put(Key.RULES, flag(config.rules()));
        settings.put(Key.LEAK_GUARD, flag(config.leakGuard()));
        settings.put(
                Key.SOURCES, list(config.sources().stream().map(Values::nameOf).toList()));
        return settings;
    }

    private static Map<Key, String> viciOf(Config config) {
        final Map<Key, String> settings = new EnumMap<>(Key.class);
        settings.put(Key.VICI_SOCKET, "unix://" + config.viciSocket());
        settings.put(Key.VICI_LINGER, duration(config.viciLinger()));
        return settings;
    }

    private static Map<Key, String> connmarkOf(Connmark connmark) {
        final Map<Key, String> settings = new EnumMap<>(Key.class);
        settings.put(Key.CONNMARK_ENABLED, flag(connmark.enabled()));
        settings.put(Key.CONNMARK_TCP_MSS, connmark.tcpMss() == 0 ? "no" : Integer.toString(connmark.tcpMss()));
        settings.put(Key.CONNMARK_L2TP, flag(connmark.l2tp()));
        settings.put(Key.CONNMARK_L2TP_PORTS, connmark.l2tpPorts().toString());
        settings.put(Key.CONNMARK_L2TP_ZONES, connmark.l2tpZones().toString());
        return settings;
    }

    private static Map<Key, String> uplinksOf(Uplinks uplinks) {
        final Map<Key, String> settings = new EnumMap<>(Key.class);
        settings.put(Key.UPLINKS_MASK, hex(uplinks.mask()));
        settings.put(Key.UPLINKS_LAN, list(uplinks.lan()));
        settings.put(Key.UPLINKS_NETWORKS, list(uplinks.networks()));
        settings.put(Key.UPLINKS_LINGER, duration(uplinks.linger()));
        return settings;
    }

    private static Map<Key, String> settingsOf(Uplink uplink) {
        final Map<Key, String> settings = new EnumMap<>(Key.class);
        settings.put(Key.UPLINK_INTERFACE, uplink.interfaceName());
        uplink.mark().ifPresent(mark -> settings.put(Key.UPLINK_MARK, hex(mark)));
        uplink.table().ifPresent(table -> settings.put(Key.UPLINK_TABLE, Integer.toUnsignedString(table)));
        uplink.gateway().ifPresent(gateway -> settings.put(Key.UPLINK_GATEWAY, AddressLiteral.format(gateway)));
        settings.put(Key.UPLINK_MASQUERADE, flag(uplink.masquerade()));
        return settings;
    }

    private static String hex(int bits) {
        return String.format("0x%08x", bits);
    }

    private static Map<Key, String> firewallOf(Firewall firewall) {
        final Map<Key, String> settings = new EnumMap<>(Key.class);
        settings.put(Key.FIREWALL_INTERFACE, list(firewall.interfaces()));
        settings.put(Key.FIREWALL_MODE, Values.nameOf(firewall.mode()));
        settings.put(Key.FIREWALL_DECRYPTED, decrypted(firewall.decrypted()));
        settings.put(Key.FIREWALL_ALLOW, list(firewall.allow()));
        settings.put(Key.FIREWALL_ALLOW_FORWARD, list(firewall.allowForward()));
        settings.put(Key.FIREWALL_MANAGEMENT, list(firewall.management()));
        settings.put(
                Key.FIREWALL_LOG, firewall.log().map(Firewall.Rate::toString).orElse("no"));
        return settings;
    }

    private static String decrypted(Firewall.Decrypted decrypted) {
        if (decrypted.marks().isEmpty()) {
            return decrypted.any() ? Firewall.Decrypted.ANY : Firewall.Decrypted.MARKED;
        }
        return list(decrypted.marks());
    }

    private static Map<Key, String> settingsOf(Masquerade masquerade) {
        final Map<Key, String> settings = new EnumMap<>(Key.class);
        settings.put(Key.MASQUERADE_INTERFACE, list(masquerade.interfaces()));
        settings.put(Key.MASQUERADE_CLIENTS, list(masquerade.clients()));
        settings.put(Key.MASQUERADE_POOL, list(masquerade.pool()));
        settings.put(Key.MASQUERADE_IDLE, duration(masquerade.idle()));
        return settings;
    }

    private static Map<Key, String> settingsOf(Masquerade.Pair pair) {
        final Map<Key, String> settings = new EnumMap<>(Key.class);
        settings.put(Key.PAIR_CLIENT, Values.text(pair.client()));
        pair.server().ifPresent(server -> settings.put(Key.PAIR_SERVER, Values.text(server)));
        settings.put(Key.PAIR_ADDRESS, Values.text(pair.address()));
        return settings;
    }

    private static Map<Key, String> settingsOf(StaticSa sa) {
        final Map<Key, String> settings = new EnumMap<>(Key.class);
        settings.put(Key.SA_CHILD, sa.child());
        settings.put(Key.SA_MODE, Values.nameOf(sa.mode()));
        if (sa.markIn().equals(sa.markOut())) {
            settings.put(Key.SA_MARK, sa.markIn().toString());
        } else {
            settings.put(Key.SA_MARK_IN, sa.markIn().toString());
            settings.put(Key.SA_MARK_OUT, sa.markOut().toString());
        }
        settings.put(Key.SA_LOCAL_TS, list(sa.localTs()));
        settings.put(Key.SA_REMOTE_TS, list(sa.remoteTs()));
        sa.localHost().ifPresent(host -> settings.put(Key.SA_LOCAL_HOST, AddressLiteral.format(host)));
        sa.remoteHost().ifPresent(host -> settings.put(Key.SA_REMOTE_HOST, AddressLiteral.format(host)));
        sa.spiIn().ifPresent(spi -> settings.put(Key.SA_SPI_IN, hex(spi)));
        settings.put(Key.SA_ENCAP, flag(sa.encap()));
        settings.put(Key.SA_REMOTE_PORT, Integer.toString(sa.remotePort()));
        return settings;
    }

    private void open(String name) {
        line(name + " {");
        depth++;
    }

    private void close() {
        depth--;
        line("}");
    }

    private void settings(Map<Key, String> settings) {
        int width = 0;
        for (final Key key : settings.keySet()) {
            width = Math.max(width, key.keyName().length());
        }
        for (final Map.Entry<Key, String> setting : settings.entrySet()) {
            final String name = setting.getKey().keyName();
            line(name + " ".repeat(width - name.length()) + " = " + quotedIfNeeded(setting.getValue()));
        }
    }

    private void line(String text) {
        out.append(INDENT.repeat(depth)).append(text).append('\n');
    }

    private static String list(Collection<?> items) {
        return items.stream().map(Object::toString).collect(Collectors.joining(", "));
    }

    private static String flag(boolean isOn) {
        return isOn ? "yes" : "no";
    }

    private static String duration(Duration duration) {
        return duration.toSeconds() + "s";
    }

    private static String quotedIfNeeded(String value) {
        if (PLAIN.matcher(value).matches()) {
            return value;
        }
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
