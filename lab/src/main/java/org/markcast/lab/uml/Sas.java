// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code swanctl --list-sas --raw} said: one line for each IKE_SA, its CHILD_SAs in it. */
public record Sas(List<Ike> ikes) {

    private static final Pattern IKE = Pattern.compile("list-sa event \\{\\S+ \\{uniqueid=(\\d+) .*");
    private static final Pattern CHILD = Pattern.compile("child-sas \\{(.*)");
    private static final Pattern ONE_CHILD = Pattern.compile("\\{(name=[^{}]*)");

    /**
     * An IKE_SA.
     *
     * @param peer whom the peer says it is
     */
    public record Ike(String id, String peer, String remoteHost, int remotePort, List<Child> children) {}

    /**
     * A CHILD_SA.
     *
     * @param mark inbound, eight hexadecimal digits
     */
    public record Child(String state, String mark, String spi, boolean isEncapsulated) {

        public boolean isInstalled() {
            return state.equals("INSTALLED");
        }
    }

    public static Sas parse(String raw) {
        final List<Ike> ikes = new ArrayList<>();
        for (final String line : raw.lines().toList()) {
            final Matcher ike = IKE.matcher(line);
            if (ike.matches()) {
                ikes.add(new Ike(
                        ike.group(1),
                        value(line, "remote-id").orElse(""),
                        value(line, "remote-host").orElse(""),
                        Integer.parseInt(value(line, "remote-port").orElse("0")),
                        children(line)));
            }
        }
        return new Sas(ikes);
    }

    private static List<Child> children(String line) {
        final List<Child> children = new ArrayList<>();
        final Matcher all = CHILD.matcher(line);
        if (all.find()) {
            final Matcher one = ONE_CHILD.matcher(all.group(1));
            while (one.find()) {
                final String child = one.group(1);
                children.add(new Child(
                        value(child, "state").orElse(""),
                        value(child, "mark-in").orElse(""),
                        value(child, "spi-in").orElse(""),
                        value(child, "encap").isPresent()));
            }
        }
        return children;
    }

    private static Optional<String> value(String text, String key) {
        final Matcher matcher =
                Pattern.compile("(?<= |\\{|^)" + key + "=(\\S+?)(?=[ }]|$)").matcher(text);
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    public List<Child> children() {
        return ikes.stream().flatMap(ike -> ike.children().stream()).toList();
    }

    /** Those of one peer, known by its address outside. */
    public List<Child> childrenOf(String remoteHost) {
        return ikes.stream()
                .filter(ike -> ike.remoteHost().equals(remoteHost))
                .flatMap(ike -> ike.children().stream())
                .toList();
    }

    public Set<String> spis() {
        final Set<String> spis = new TreeSet<>();
        children().forEach(child -> spis.add(child.spi()));
        return spis;
    }

    public Set<String> ikeIds() {
        final Set<String> ids = new TreeSet<>();
        ikes.forEach(ike -> ids.add(ike.id()));
        return ids;
    }
}
