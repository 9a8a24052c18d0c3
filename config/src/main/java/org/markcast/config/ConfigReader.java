// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.net.Inet4Address;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.markcast.config.Config.Source;

/**
 * Reads a configuration file: {@code markcast { }}, else {@code forecast { }}, else {@code charon.plugins.forecast}, so
 * that the section of strongSwan's plugin works as it stands. All other sections belong to somebody else.
 */
public final class ConfigReader {

    private static final String OWN_SECTION = "markcast";
    private static final String PLUGIN_SECTION = "forecast";
    private static final List<List<String>> SECTIONS =
            List.of(List.of(OWN_SECTION), List.of(PLUGIN_SECTION), List.of("charon", "plugins", PLUGIN_SECTION));

    private final Problems problems;
    private final SectionView section;
    private final boolean isOwnSection;

    private ConfigReader(SectionView section, boolean isOwnSection, Problems problems) {
        this.section = section;
        this.isOwnSection = isOwnSection;
        this.problems = problems;
    }

    /**
     * Reads and checks a file with all that it includes.
     *
     * @throws ConfigException with every problem there is, if there is one
     */
    public static Config read(Path file) throws ConfigException {
        return read(file, warning -> {});
    }

    /**
     * The same, and says what does nothing in this configuration.
     *
     * @param warnings takes lines {@code FILE:LINE: warning: message}
     * @throws ConfigException with every problem there is, if there is one
     */
    public static Config read(Path file, Consumer<String> warnings) throws ConfigException {
        final Problems problems = new Problems();
        final Section root = SettingsParser.parse(file, problems);
        if (root == null) {
            throw problems.exception();
        }
        final Problems idle = new Problems();
        final Config config = read(root, problems, idle);
        idle.lines().forEach(warnings);
        return config;
    }

    /** What the schema's default texts mean. */
    static Config defaults() {
        final Section root = new Section(new Position(Path.of("defaults"), 1));
        root.open(OWN_SECTION, root.position());
        try {
            return read(root, new Problems(), new Problems());
        } catch (ConfigException e) {
            throw new IllegalStateException("a default is no valid value", e);
        }
    }

    private static Config read(Section root, Problems problems, Problems idle) throws ConfigException {
        for (final List<String> path : SECTIONS) {
            SectionView section = SectionView.of(root, problems);
            for (final String name : path) {
                section = section.section(name);
            }
            if (section.exists()) {
                final Config config = new ConfigReader(section, path.contains(OWN_SECTION), problems).config();
                IdleSettings.find(section, config, idle);
                if (path.contains(OWN_SECTION)) {
                    IdleSettings.findOther(root.find(PLUGIN_SECTION), idle);
                }
                return config;
            }
        }
        problems.add(
                root.position(),
                "no section markcast { }, forecast { } or charon { plugins { forecast { } } }: write markcast { }, with"
                        + " the settings between the braces");
        throw problems.exception();
    }

    private Config config() throws ConfigException {
        final SectionReader top = new SectionReader(Key.TOP, section, problems);
        final SectionReader vici = new SectionReader(Key.VICI, section.section(Key.VICI), problems);
        top.checkNames(isOwnSection ? Set.of(Key.LOAD) : Set.of());
        vici.checkNames(Set.of());
        top.value(Key.LOAD, Values::load);

        final List<String> interfaces = top.list(Key.INTERFACE, Values::interfaceName);
        final List<Inet4Address> groups = top.list(Key.GROUPS, Values::group);
        final Set<String> reinject = new LinkedHashSet<>(top.list(Key.REINJECT, Values::childName));
        final boolean forward = flag(top, Key.FORWARD);
        final boolean strictGroups = flag(top, Key.STRICT_GROUPS);
        final Optional<Integer> forwarders = top.value(Key.FORWARDERS, Values::forwarders);
        final boolean rules = flag(top, Key.RULES);
        final boolean leakGuard = flag(top, Key.LEAK_GUARD);
        final Set<Source> sources = sources(top);
        final Optional<Path> viciSocket = vici.value(Key.VICI_SOCKET, Values::socket);
        final Optional<Duration> viciLinger = vici.value(Key.VICI_LINGER, Values::duration);
        final Optional<Connmark> connmark = connmark(rules);
        final Uplinks uplinks = new UplinksReader(section.section(Key.UPLINKS), problems).read(interfaces, rules);
        final Optional<Firewall> firewall =
                FirewallReader.read(section.section(Key.FIREWALL), interfaces, rules, problems);
        final List<StaticSa> staticSas = staticSas(uplinks);
        final Optional<Masquerade> masquerade = MasqueradeReader.read(section.section(Key.MASQUERADE), rules, problems);
        if (connmark.isPresent() && connmark.get().enabled()) {
            staticSas.forEach(this::refuseReserved);
            refuseReserved(uplinks);
        }
        problems.throwIfAny();
        return new Config(
                interfaces,
                groups,
                reinject,
                forward,
                strictGroups,
                forwarders.orElseThrow(),
                rules,
                leakGuard,
                sources,
                viciSocket.orElseThrow(),
                viciLinger.orElseThrow(),
                connmark.orElseThrow(),
                uplinks,
                firewall.orElseThrow(),
                masquerade.orElseThrow(),
                staticSas);
    }

    private boolean flag(SectionReader reader, Key key) {
        return reader.value(key, Values::flag).orElse(false);
    }

    private Optional<Connmark> connmark(boolean rules) {
        final SectionReader reader = new SectionReader(Key.CONNMARK, section.section(Key.CONNMARK), problems);
        reader.checkNames(Set.of());
        final boolean isEnabled = flag(reader, Key.CONNMARK_ENABLED);
        final boolean hasL2tp = flag(reader, Key.CONNMARK_L2TP);
        if (isEnabled && !rules) {
            problems.add(
                    reader.position(Key.CONNMARK_ENABLED), "enabled: connmark is made of rules, write rules = yes");
        }
        if (hasL2tp && !isEnabled) {
            problems.add(reader.position(Key.CONNMARK_L2TP), "l2tp: needs enabled = yes beside it");
        }
        final Optional<Integer> tcpMss = reader.value(Key.CONNMARK_TCP_MSS, Values::tcpMss);
        final Optional<NumberRange> ports = reader.value(Key.CONNMARK_L2TP_PORTS, Values::ports);
        final Optional<NumberRange> zones = reader.value(Key.CONNMARK_L2TP_ZONES, Values::zones);
        return tcpMss.isEmpty() || ports.isEmpty() || zones.isEmpty()
                ? Optional.empty()
                : Optional.of(new Connmark(isEnabled, tcpMss.get(), hasL2tp, ports.get(), zones.get()));
    }

    private void refuseReserved(StaticSa sa) {
        if (sa.mode() == StaticSa.Mode.TRANSPORT
                && sa.markIn().value() == sa.markIn().mask()) {
            problems.add(
                    section.section(Key.STATIC).section(sa.name()).position(),
                    "SA '" + sa.name() + "' has the inbound mark " + sa.markIn()
                            + ", which connmark gives to connections whose SA is gone: give it another one");
        }
    }

    /** An uplink's connections may be forgotten; those whose SA is gone would begin anew in clear. */
    private void refuseReserved(Uplinks uplinks) {
        final SectionView view = section.section(Key.UPLINKS);
        for (final Uplink uplink : uplinks.all()) {
            if (uplink.mark().filter(mark -> mark == uplinks.mask()).isPresent()) {
                problems.add(
                        new SectionReader(Key.UPLINK, view.section(uplink.name()), problems).position(Key.UPLINK_MARK),
                        "mark: connmark gives " + new Mark(uplinks.mask(), uplinks.mask())
                                + " to connections whose SA is gone: give it another one");
                return;
            }
        }
        final long room = (1L << Integer.bitCount(uplinks.mask())) - 2;
        if (uplinks.all().size() > room) {
            problems.add(
                    new SectionReader(Key.UPLINKS, view, problems).position(Key.UPLINKS_MASK),
                    "mask: 0x" + Integer.toHexString(uplinks.mask()) + " has room for " + room
                            + " uplinks beside connmark, there are "
                            + uplinks.all().size());
        }
    }

    private Set<Source> sources(SectionReader top) {
        if (top.list(Key.SOURCES, text -> text).isEmpty()) {
            problems.add(top.position(Key.SOURCES), "sources: name vici, static, or both");
        }
        return new LinkedHashSet<>(top.list(Key.SOURCES, Values::source));
    }

    private List<StaticSa> staticSas(Uplinks uplinks) {
        final SectionView container = section.section(Key.STATIC);
        new SectionReader(Key.STATIC, container, problems).checkNames(Set.of());
        return StaticSaReader.readAll(container, uplinks, problems);
    }
}
