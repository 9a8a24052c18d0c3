// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.net.Inet4Address;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads the section {@code uplinks { }} with the uplinks below it. For one reading only. */
final class UplinksReader {

    private static final int DEFAULT_MASK = 0xff00_0000;

    private final SectionView section;
    private final SectionReader reader;
    private final Problems problems;
    private final Map<Object, String> taken = new HashMap<>();

    private int mask;

    UplinksReader(SectionView section, Problems problems) {
        this.section = section;
        this.problems = problems;
        reader = new SectionReader(Key.UPLINKS, section, problems);
    }

    /**
     * What the section says; what is wrong with it is among the problems then.
     *
     * @param interfaces the LAN interfaces, unless the section names others
     * @param rules whether rules are wanted at all
     */
    Uplinks read(List<String> interfaces, boolean rules) {
        reader.checkNames(Set.of());
        mask = reader.value(Key.UPLINKS_MASK, Values::mask).orElse(DEFAULT_MASK);
        final Duration linger =
                reader.value(Key.UPLINKS_LINGER, Values::duration).orElse(Duration.ZERO);
        final List<Prefix> networks = reader.list(Key.UPLINKS_NETWORKS, Values::network);
        final List<String> named = reader.list(Key.UPLINKS_LAN, Values::interfaceInRules);
        final List<Uplink> all = new ArrayList<>();
        final Map<String, SectionReader> sections = new LinkedHashMap<>();
        for (final String name : section.sections().keySet()) {
            sections.put(name, new SectionReader(Key.UPLINK, section.section(name), problems));
        }
        final List<String> lan = named.isEmpty() && !sections.isEmpty() ? interfaces : named;
        sections.forEach((name, uplink) -> uplink(name, uplink, lan).ifPresent(all::add));
        if (!sections.isEmpty()) {
            checkSection(sections.keySet(), lan, rules);
        }
        return new Uplinks(mask, lan, networks, linger, all);
    }

    private void checkSection(Set<String> names, List<String> lan, boolean rules) {
        if (!rules) {
            problems.add(section.position(), "uplinks: marks are set by rules, write rules = yes");
        }
        if (lan.isEmpty()) {
            problems.add(section.position(), "uplinks: write lan = with the interfaces of the LAN");
        }
        if (names.size() > room()) {
            problems.add(
                    reader.position(Key.UPLINKS_MASK),
                    "mask: " + hex(mask) + " has room for " + room() + " uplinks, there are " + names.size());
        }
    }

    /** How many marks there are below the mask, 0 left out. */
    private int room() {
        return Integer.bitCount(mask) >= Integer.SIZE - 1 ? Integer.MAX_VALUE : (1 << Integer.bitCount(mask)) - 1;
    }

    private Optional<Uplink> uplink(String name, SectionReader uplink, List<String> lan) {
        uplink.checkNames(Set.of());
        final Optional<String> interfaceName = uplink.value(Key.UPLINK_INTERFACE, Values::interfaceInRules);
        final Optional<Integer> mark = uplink.value(Key.UPLINK_MARK, this::mark);
        final Optional<Integer> table = uplink.value(Key.UPLINK_TABLE, Values::routingTable);
        final Optional<Inet4Address> gateway = uplink.value(Key.UPLINK_GATEWAY, Values::host);
        final Optional<Boolean> masquerade = uplink.value(Key.UPLINK_MASQUERADE, Values::flag);
        if (!uplink.isSet(Key.UPLINK_INTERFACE)) {
            problems.add(
                    uplink.position(Key.UPLINK_INTERFACE), "uplink '" + name + "' has no interface: write its name");
        }
        interfaceName.ifPresent(device -> take(uplink, Key.UPLINK_INTERFACE, device, name));
        mark.ifPresent(value -> take(uplink, Key.UPLINK_MARK, List.of(value), name));
        table.ifPresent(number -> take(uplink, Key.UPLINK_TABLE, number, name));
        if (interfaceName.filter(lan::contains).isPresent()) {
            problems.add(
                    uplink.position(Key.UPLINK_INTERFACE),
                    "interface: " + interfaceName.get() + " is an interface of the LAN, it cannot be an uplink too");
        }
        return interfaceName.map(device -> new Uplink(name, device, mark, table, gateway, masquerade.orElse(false)));
    }

    /** @param what different for different kinds of things, as a key's type is */
    private void take(SectionReader uplink, Key key, Object what, String name) {
        final String other = taken.putIfAbsent(what, name);
        if (other != null) {
            problems.add(uplink.position(key), key.keyName() + ": uplink '" + other + "' has the same");
        }
    }

    private int mark(String text) {
        final int mark = (int) Numbers.parse(text, "mark", 1, 0xffff_ffffL);
        if ((mark & ~mask) != 0) {
            throw new IllegalArgumentException(
                    hex(mark) + " has bits outside uplinks.mask, which is " + hex(mask) + ": " + example());
        }
        return mark;
    }

    private String example() {
        return "write e.g. " + hex(Integer.lowestOneBit(mask));
    }

    private static String hex(int bits) {
        return "0x" + Integer.toHexString(bits);
    }
}
