// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.markcast.config.Firewall.Decrypted;
import org.markcast.config.Firewall.Rate;

/** Reads the section {@code firewall { }}. */
final class FirewallReader {

    private final SectionReader section;
    private final Problems problems;

    private FirewallReader(SectionReader section, Problems problems) {
        this.section = section;
        this.problems = problems;
    }

    /**
     * Reads it; empty if something is wrong with it, which is then among the problems.
     *
     * @param lans LAN interfaces
     * @param hasRules whether there are rules at all
     */
    static Optional<Firewall> read(SectionView view, List<String> lans, boolean hasRules, Problems problems) {
        final SectionReader section = new SectionReader(Key.FIREWALL, view, problems);
        section.checkNames(Set.of());
        final FirewallReader reader = new FirewallReader(section, problems);
        final Optional<Firewall> firewall = reader.firewall();
        firewall.ifPresent(read -> reader.check(read, lans, hasRules));
        return firewall;
    }

    private Optional<Firewall> firewall() {
        final List<String> interfaces = section.list(Key.FIREWALL_INTERFACE, FirewallReader::interfaceName);
        final Optional<Firewall.Mode> mode =
                section.value(Key.FIREWALL_MODE, text -> Values.oneOf(Firewall.Mode.values(), text));
        final Optional<Decrypted> decrypted = decrypted();
        final List<Service> allow = section.list(Key.FIREWALL_ALLOW, Service::parse);
        final List<TrafficSelector> allowForward = section.flatList(Key.FIREWALL_ALLOW_FORWARD, TrafficSelector::parse);
        final List<Prefix> management = section.list(Key.FIREWALL_MANAGEMENT, Prefix::parse);
        final Optional<Optional<Rate>> log = section.value(Key.FIREWALL_LOG, FirewallReader::rate);
        return mode.isEmpty() || decrypted.isEmpty() || log.isEmpty()
                ? Optional.empty()
                : Optional.of(new Firewall(
                        interfaces, mode.get(), decrypted.get(), allow, allowForward, management, log.get()));
    }

    /** Letters that mean nothing to nft, and an asterisk at the end, which does. */
    private static String interfaceName(String text) {
        final String name = text.endsWith("*") ? text.substring(0, text.length() - 1) : text;
        if (!name.matches("[A-Za-z0-9_.@+-]+")) {
            throw new IllegalArgumentException("'" + text + "' is not the name of an interface such as eth0 or ppp*");
        }
        Values.interfaceName(name);
        return text;
    }

    private Optional<Decrypted> decrypted() {
        final List<String> words = section.list(Key.FIREWALL_DECRYPTED, text -> text);
        if (words.equals(List.of(Decrypted.ANY)) || words.equals(List.of(Decrypted.MARKED))) {
            return Optional.of(new Decrypted(words.contains(Decrypted.ANY), List.of()));
        }
        final List<Mark> marks = section.list(Key.FIREWALL_DECRYPTED, FirewallReader::mark);
        if (words.isEmpty()) {
            problems.add(section.position(Key.FIREWALL_DECRYPTED), "decrypted: write any, marked, or marks VALUE/MASK");
        }
        return marks.size() == words.size() && !words.isEmpty()
                ? Optional.of(new Decrypted(false, marks))
                : Optional.empty();
    }

    private static Mark mark(String text) {
        if (text.equals(Decrypted.ANY) || text.equals(Decrypted.MARKED)) {
            throw new IllegalArgumentException(text + " stands alone");
        }
        return Values.mark(text);
    }

    private static Optional<Rate> rate(String text) {
        return text.equals("no") ? Optional.empty() : Optional.of(Rate.parse(text));
    }

    private void check(Firewall firewall, List<String> lans, boolean hasRules) {
        if (!firewall.isEnabled()) {
            if (firewall.mode() == Firewall.Mode.ENFORCE) {
                problems.add(
                        section.position(Key.FIREWALL_MODE), "mode: enforce where? Write interface = WAN beside it");
            }
            return;
        }
        if (!hasRules) {
            problems.add(
                    section.position(Key.FIREWALL_INTERFACE),
                    "interface: a firewall is made of rules, write rules = yes");
        }
        for (final String lan : lans) {
            if (firewall.hasInterface(lan)) {
                problems.add(
                        section.position(Key.FIREWALL_INTERFACE),
                        "interface: " + lan + " is a LAN interface too: its hosts would be locked out");
            } else if (!lan.matches("[^\"\\\\*]+")) {
                problems.add(
                        section.position(Key.FIREWALL_INTERFACE),
                        "interface: rules cannot name the LAN interface '" + lan + "'");
            }
        }
    }
}
