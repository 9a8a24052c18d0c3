// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.markcast.config.Config.Source;
import org.markcast.config.StaticSa.Mode;

/**
 * Finds what is valid and does nothing in a configuration, so that hardly anybody can have meant it. What has its default value
 * says nothing.
 */
final class IdleSettings {

    private static final int UDP = 17;
    private static final int L2TP_PORT = 1701;

    private final SectionView section;
    private final Config config;
    private final Problems warnings;

    private IdleSettings(SectionView section, Config config, Problems warnings) {
        this.section = section;
        this.config = config;
        this.warnings = warnings;
    }

    /**
     * Looks for them.
     *
     * @param section the one that the configuration was read from
     * @param warnings where they are noted
     */
    static void find(SectionView section, Config config, Problems warnings) {
        new IdleSettings(section, config, warnings).find();
    }

    /**
     * Looks at the plugin's section, which stands beside ours. The one in charon's configuration is charon's.
     *
     * @param plugin null if there is none
     */
    static void findOther(Section plugin, Problems warnings) {
        if (plugin != null) {
            warnings.add(plugin.position(), "warning: forecast: is not read, since there is a section markcast");
        }
    }

    private void find() {
        forwarding();
        sources();
        connmark();
        uplinks();
        firewall();
        masquerade();
        config.staticSas().forEach(this::staticSa);
    }

    private void forwarding() {
        final SectionReader top = reader(Key.TOP, section);
        if (!config.forward()) {
            idle(top, "with forward = no", Key.GROUPS, Key.REINJECT, Key.STRICT_GROUPS, Key.FORWARDERS);
            if (!config.rules()) {
                warn(top.position(Key.FORWARD), "forward: with rules = no beside it nothing at all is done");
            }
            return;
        }
        if (!config.rules() && config.leakGuard()) {
            warn(
                    top.position(Key.RULES),
                    "rules: with no, leak_guard has no effect, and copies may leave without IPsec: write leak_guard = no"
                            + " too if they may");
        }
        if (config.strictGroups() && config.groups().isEmpty()) {
            warn(top.position(Key.STRICT_GROUPS), "strict_groups: no multicast is forwarded, groups names none");
        }
        if (!isFrom(Source.VICI)) {
            final Set<String> children =
                    config.staticSas().stream().map(StaticSa::child).collect(Collectors.toSet());
            config.reinject().stream()
                    .filter(child -> !children.contains(child))
                    .forEach(child -> warn(
                            top.position(Key.REINJECT),
                            "reinject: no SA below static { } has the child '" + child + "'"));
        }
    }

    private void sources() {
        if (!isFrom(Source.VICI)) {
            idle(
                    reader(Key.VICI, section.section(Key.VICI)),
                    "without vici in sources",
                    Key.VICI_SOCKET,
                    Key.VICI_LINGER);
        } else if (!isFrom(Source.STATIC) && !config.staticSas().isEmpty()) {
            warn(section.section(Key.STATIC).position(), "static: has no effect without static in sources");
        }
    }

    private boolean isFrom(Source source) {
        return config.sources().contains(source);
    }

    private void connmark() {
        final SectionReader connmark = reader(Key.CONNMARK, section.section(Key.CONNMARK));
        final Key[] ofL2tp = {Key.CONNMARK_L2TP_PORTS, Key.CONNMARK_L2TP_ZONES};
        if (!config.connmark().enabled()) {
            idle(connmark, "without enabled = yes", Key.CONNMARK_TCP_MSS);
            idle(connmark, "without enabled = yes and l2tp = yes", ofL2tp);
            return;
        }
        if (!isFrom(Source.VICI) && transport().findAny().isEmpty()) {
            warn(
                    connmark.position(Key.CONNMARK_ENABLED),
                    "enabled: no SA below static { } has mode = transport, others need no connmark");
        }
        if (!config.connmark().l2tp()) {
            idle(connmark, "without l2tp = yes", ofL2tp);
            return;
        }
        final long clients = isFrom(Source.STATIC)
                ? transport()
                        .filter(sa -> sa.localTs().stream().anyMatch(selector -> selector.holds(UDP, L2TP_PORT)))
                        .map(StaticSa::markIn)
                        .distinct()
                        .count()
                : 0;
        final NumberRange zones = config.connmark().l2tpZones();
        if (clients > zones.size()) {
            warn(
                    connmark.position(Key.CONNMARK_L2TP_ZONES),
                    "l2tp_zones: " + zones + " is too few for the " + clients
                            + " L2TP clients below static { }: the others get no answers");
        }
    }

    private Stream<StaticSa> transport() {
        return config.staticSas().stream().filter(sa -> sa.mode() == Mode.TRANSPORT);
    }

    private void uplinks() {
        final SectionView uplinks = section.section(Key.UPLINKS);
        if (!config.uplinks().isEnabled()) {
            idle(
                    reader(Key.UPLINKS, uplinks),
                    "without the section of an uplink",
                    Key.UPLINKS_MASK,
                    Key.UPLINKS_LAN,
                    Key.UPLINKS_NETWORKS,
                    Key.UPLINKS_LINGER);
        } else if (config.uplinks().all().size() == 1) {
            warn(uplinks.position(), "uplinks: there is only one, and no other that a connection could stay off");
        }
    }

    private void firewall() {
        if (!config.firewall().isEnabled()) {
            idle(
                    reader(Key.FIREWALL, section.section(Key.FIREWALL)),
                    "without interface = WAN",
                    Key.FIREWALL_DECRYPTED,
                    Key.FIREWALL_ALLOW,
                    Key.FIREWALL_ALLOW_FORWARD,
                    Key.FIREWALL_MANAGEMENT,
                    Key.FIREWALL_LOG);
        }
    }

    private void masquerade() {
        final SectionReader masquerade = reader(Key.MASQUERADE, section.section(Key.MASQUERADE));
        if (!config.masquerade().isEnabled()) {
            idle(masquerade, "without a pool or a pair", Key.MASQUERADE_INTERFACE, Key.MASQUERADE_CLIENTS);
        }
        final Duration usualIdle = Values.duration(Key.MASQUERADE_IDLE.defaultText());
        if (config.masquerade().pool().isEmpty()
                && !config.masquerade().idle().equals(usualIdle)) { // which is printed in seconds
            idle(masquerade, "without a pool", Key.MASQUERADE_IDLE);
        }
    }

    private void staticSa(StaticSa sa) {
        final Map<Key, Boolean> ends = Map.of(
                Key.SA_LOCAL_HOST, sa.localHost().isPresent(),
                Key.SA_REMOTE_HOST, sa.remoteHost().isPresent(),
                Key.SA_SPI_IN, sa.spiIn().isPresent());
        if (ends.containsValue(true) && ends.containsValue(false)) {
            final Key[] given = keys(ends, true);
            idle(staticSection(sa), "without " + names(keys(ends, false)), given);
        }
        if (!sa.encap() && sa.remotePort() != Integer.parseInt(Key.SA_REMOTE_PORT.defaultText())) {
            idle(staticSection(sa), "without encap = yes", Key.SA_REMOTE_PORT);
        }
        if (sa.encap() && !ends.containsValue(true)) {
            idle(staticSection(sa), "without local_host, remote_host and spi_in", Key.SA_ENCAP, Key.SA_REMOTE_PORT);
        }
    }

    private static Key[] keys(Map<Key, Boolean> ends, boolean areGiven) {
        return ends.keySet().stream()
                .filter(key -> ends.get(key) == areGiven)
                .sorted()
                .toArray(Key[]::new);
    }

    private static String names(Key... keys) {
        return Stream.of(keys).map(Key::keyName).collect(Collectors.joining(" and "));
    }

    private SectionReader staticSection(StaticSa sa) {
        return reader(Key.STATIC_SA, section.section(Key.STATIC).section(sa.name()));
    }

    private SectionReader reader(String path, SectionView view) {
        return new SectionReader(path, view, warnings);
    }

    /** Those of the keys that somebody has given another value than the default. */
    private void idle(SectionReader reader, String why, Key... keys) {
        for (final Key key : keys) {
            if (reader.isOther(key)) {
                warn(reader.position(key), key.keyName() + ": has no effect " + why);
            }
        }
    }

    private void warn(Position position, String warning) {
        warnings.add(position, "warning: " + warning);
    }
}
