// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.markcast.config.TrafficSelector;

/**
 * Traffic selectors as charon prints them:
 *
 * <pre>
 *  10.1.0.0/16   10.1.0.1/32   fec1::/16   10.1.0.3..10.1.0.77      addresses
 *  10.1.0.0/16[udp]   10.1.0.0/16[143]                              and a protocol
 *  10.1.0.0/16[udp/5353]   [udp/mdns]   [tcp/8000-8080]             and ports, by name where services(5) has one
 *  10.1.0.0/16[0/domain]   10.1.0.0/16[0/1-1024]                    ports of any protocol
 *  10.1.0.0/16[icmp/8]   10.1.0.0/16[icmp/8(1)]                     ICMP type, and code if not 0
 * </pre>
 */
final class SelectorText {

    private static final Pattern SYNTAX = Pattern.compile("([^\\[\\]]+)(?:\\[([^\\[\\]/]+)(?:/([^\\[\\]/]+))?])?");
    private static final Pattern PORTS = Pattern.compile("\\d+(-\\d+)?");
    private static final Pattern NUMBER = Pattern.compile("\\d+");
    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;

    private final NetworkNames names;
    private final Memo<List<TrafficSelector>> selectors = new Memo<>(this::parse);

    SelectorText(NetworkNames names) {
        this.names = names;
    }

    /**
     * Reads all selectors of one side.
     *
     * @throws IllegalArgumentException if one is none, or is one that cannot be handled; the message says why
     */
    List<TrafficSelector> parse(List<String> texts) {
        final List<TrafficSelector> result = new ArrayList<>(texts.size());
        for (final String text : texts) {
            result.addAll(selectors.get(text));
        }
        return List.copyOf(result);
    }

    private List<TrafficSelector> parse(String text) {
        final Matcher syntax = SYNTAX.matcher(text);
        if (!syntax.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a traffic selector");
        }
        final String addresses = syntax.group(1).replace("..", "-");
        if (addresses.equals("dynamic")) {
            throw new IllegalArgumentException("selector '" + text + "' has no addresses yet");
        }
        if (syntax.group(2) == null) {
            return TrafficSelector.parse(addresses);
        }
        final int protocol = protocol(syntax.group(2), text);
        final String ports = syntax.group(3) == null ? "" : "/" + ports(syntax.group(3), protocol, syntax, text);
        return TrafficSelector.parse(addresses + "[" + protocol + ports + "]");
    }

    private int protocol(String name, String text) {
        if (NUMBER.matcher(name).matches()) {
            return Integer.parseInt(name);
        }
        return names.protocol(name)
                .orElseThrow(() -> new IllegalArgumentException(
                        "selector '" + text + "' has a protocol unknown to /etc/protocols"));
    }

    private String ports(String ports, int protocol, Matcher syntax, String text) {
        if (protocol == ICMP || protocol == ICMPV6) {
            // The kernel compares the type as source port, the code as destination port, whichever side it stands on.
            throw new IllegalArgumentException("selector '" + text + "' has an ICMP type");
        }
        if (ports.equals("OPAQUE")) {
            throw new IllegalArgumentException("selector '" + text + "' has opaque ports");
        }
        if (PORTS.matcher(ports).matches()) {
            return ports;
        }
        return Integer.toString(names.port(ports, protocol == 0 ? "" : syntax.group(2))
                .orElseThrow(() ->
                        new IllegalArgumentException("selector '" + text + "' has a port unknown to /etc/services")));
    }
}
