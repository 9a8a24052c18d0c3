// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.markcast.config.AddressLiteral;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.ipsec.vici.ChildSa.Esp;
import org.markcast.ipsec.vici.ChildSa.Phase;
import org.markcast.ipsec.vici.ViciMessage.Section;

/**
 * Reads CHILD_SAs out of the sections of charon's events. Identifiers must be there, else the event is malformed; whatever
 * else is missing or unknown makes that one CHILD_SA one that cannot be handled.
 */
final class ChildSaReader {

    private static final String CHILDREN = "child-sas";

    private static final Pattern HEX = Pattern.compile("[0-9A-Fa-f]{1,8}");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,10}");

    private final SelectorText selectors;
    private final Memo<InetAddress> addresses = new Memo<>(AddressLiteral::parse);

    ChildSaReader(SelectorText selectors) {
        this.selectors = selectors;
    }

    /** The unique ID of an IKE_SA or CHILD_SA section. */
    static long id(ViciMessage section) throws ViciException {
        return number(section, "uniqueid");
    }

    /** The one section of an event's message: that of its IKE_SA. */
    static ViciMessage ike(ViciMessage message) throws ViciException {
        if (message.sections().isEmpty()) {
            throw new ViciException("an event without an IKE_SA");
        }
        return message.sections().get(0).content();
    }

    /** The sections of an IKE_SA's children, named as charon names them. */
    static List<Section> childSections(ViciMessage ike) {
        return ike.section(CHILDREN).map(ViciMessage::sections).orElse(List.of());
    }

    /**
     * Where an IKE_SA's packets go between, by its section or an ike-update event.
     *
     * @throws IllegalArgumentException if it does not tell
     */
    Endpoints endpoints(ViciMessage section) {
        return Endpoints.of(section, addresses);
    }

    /** All children in the section of their IKE_SA. */
    List<ChildSa> children(ViciMessage ike) throws ViciException {
        final List<ChildSa> children = new ArrayList<>();
        for (final Section section : childSections(ike)) {
            children.add(child(ike, section.content()));
        }
        return children;
    }

    /** One child, from its own section and that of its IKE_SA. */
    ChildSa child(ViciMessage ike, ViciMessage child) throws ViciException {
        final String name = child.value("name").orElseThrow(() -> new ViciException("a CHILD_SA without name"));
        final Phase phase = Phase.of(child.value("state").orElse(""));
        final long id = id(child);
        final long ikeId = id(ike);
        final long reqid = number(child, "reqid");
        if (!child.values().containsKey("spi-in")) {
            return new ChildSa(id, ikeId, name, reqid, phase, null, null, "");
        }
        try {
            return new ChildSa(id, ikeId, name, reqid, phase, endpoints(ike), esp(child), "");
        } catch (IllegalArgumentException e) {
            return new ChildSa(id, ikeId, name, reqid, phase, null, null, e.getMessage());
        }
    }

    private Esp esp(ViciMessage child) {
        if (child.values().containsKey("cpu")) {
            throw new IllegalArgumentException("per-CPU SAs (RFC 9611) are not supported");
        }
        final String protocol = child.value("protocol").orElse("none");
        if (!protocol.equals("ESP")) {
            throw new IllegalArgumentException("protocol " + protocol + " is not supported, only ESP");
        }
        return new Esp(
                mode(child),
                mark(child, "in"),
                mark(child, "out"),
                selectors.parse(child.list("local-ts")),
                selectors.parse(child.list("remote-ts")),
                hex(child, "spi-in"),
                child.value("encap").filter("yes"::equals).isPresent());
    }

    private static Mode mode(ViciMessage child) {
        final String mode = child.value("mode").orElse("none");
        return switch (mode) {
            case "TUNNEL" -> Mode.TUNNEL;
            case "TRANSPORT" -> Mode.TRANSPORT;
            default ->
                throw new IllegalArgumentException("mode " + mode + " is not supported, only TUNNEL and TRANSPORT");
        };
    }

    private static Mark mark(ViciMessage child, String direction) {
        final String key = "mark-" + direction;
        if (!child.values().containsKey(key)) {
            final boolean hasInterface = child.values().containsKey("if-id-" + direction);
            throw new IllegalArgumentException("it has no mark_" + direction
                    + (hasInterface ? ", only an interface ID" : "; set mark_in and mark_out in swanctl.conf"));
        }
        final String maskKey = "mark-mask-" + direction;
        final int mask = child.values().containsKey(maskKey) ? hex(child, maskKey) : Mark.FULL_MASK;
        final Mark mark = new Mark(hex(child, key), mask);
        if (mark.value() == 0) {
            throw new IllegalArgumentException("its mark_" + direction + " is 0, which every unmarked packet has");
        }
        return mark;
    }

    private static int hex(ViciMessage section, String key) {
        final String text = section.value(key).orElse("");
        if (!HEX.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is no " + key);
        }
        return Integer.parseUnsignedInt(text, 16);
    }

    private static long number(ViciMessage section, String key) throws ViciException {
        final Optional<String> text =
                section.value(key).filter(value -> NUMBER.matcher(value).matches());
        return Long.parseLong(text.orElseThrow(() -> new ViciException(
                "an SA whose " + key + " is '" + section.value(key).orElse("") + "'")));
    }
}
