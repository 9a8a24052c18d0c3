// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The text of a configuration for the service in an emulated network: static SAs, and neither rules nor leak guard, because
 * there is no IPsec behind them.
 */
public final class ServiceConfig {

    private final Map<String, String> settings = new LinkedHashMap<>();
    private final Map<String, StaticTunnel> tunnels = new LinkedHashMap<>();
    private final Map<String, String> sections = new LinkedHashMap<>();
    private String vici = "";
    private String connmark = "";
    private String firewall = "";

    /** @param interfaces names of the LAN interfaces */
    public ServiceConfig(String... interfaces) {
        settings.put("interface", String.join(", ", interfaces));
        settings.put("rules", "no");
        settings.put("leak_guard", "no");
        settings.put("sources", "static");
    }

    /** Sets a key at the top of {@code markcast { }}. */
    public ServiceConfig set(String key, String value) {
        settings.put(key, value);
        return this;
    }

    /** Takes the SAs from a charon alone, and has rules. */
    public ServiceConfig vici(Path socket, Duration linger) {
        vici = "    vici {\n        socket = unix://" + socket + "\n        linger = " + linger.toSeconds()
                + "s\n    }\n";
        return set("sources", "vici").set("rules", "yes");
    }

    /** Has connections remember their SAs, which takes rules; with further settings of that section. */
    public ServiceConfig connmark(String... settings) {
        connmark = "    connmark {\n        enabled = yes\n"
                + Stream.of(settings)
                        .map(setting -> "        " + setting + "\n")
                        .collect(Collectors.joining()) + "    }\n";
        return set("rules", "yes");
    }

    /** Adds a section with these lines, which takes rules, or replaces the one of that name; without lines there is none. */
    public ServiceConfig section(String name, String... lines) {
        sections.remove(name);
        if (lines.length > 0) {
            sections.put(name, name + " {\n" + String.join("\n", lines) + "\n}\n");
            set("rules", "yes");
        }
        return this;
    }

    /** Has a firewall, which takes rules; without settings there is none. */
    public ServiceConfig firewall(String... settings) {
        firewall = "    firewall {\n"
                + Stream.of(settings)
                        .map(setting -> "        " + setting + "\n")
                        .collect(Collectors.joining()) + "    }\n";
        return set("rules", "yes");
    }

    public ServiceConfig reinject(String... children) {
        return set("reinject", String.join(", ", children));
    }

    /** Adds an SA, or replaces the one of that name. */
    public ServiceConfig with(StaticTunnel tunnel) {
        tunnels.put(tunnel.name(), tunnel);
        return this;
    }

    public ServiceConfig without(String name) {
        tunnel(name);
        tunnels.remove(name);
        return this;
    }

    public ServiceConfig change(String name, UnaryOperator<StaticTunnel> change) {
        return with(change.apply(tunnel(name)));
    }

    private StaticTunnel tunnel(String name) {
        final StaticTunnel tunnel = tunnels.get(name);
        if (tunnel == null) {
            throw new IllegalArgumentException("no SA " + name + " in " + tunnels.keySet());
        }
        return tunnel;
    }

    /** The configuration as it stands in a file. */
    public String text() {
        final StringBuilder text = new StringBuilder("markcast {\n");
        settings.forEach((key, value) ->
                text.append("    ").append(key).append(" = ").append(value).append('\n'));
        sections.values().forEach(text::append);
        text.append(vici).append(connmark).append(firewall);
        if (settings.get("sources").contains("static")) {
            text.append("    static {\n");
            tunnels.values().forEach(tunnel -> tunnel.appendTo(text));
            text.append("    }\n");
        }
        return text.append("}\n").toString();
    }

    @Override
    public String toString() {
        return text();
    }
}
