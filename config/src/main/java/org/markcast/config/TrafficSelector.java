// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One side of what an SA's policy lets through (RFC 7296, section 3.13.1): addresses, protocol and ports.
 *
 * @param prefix the addresses
 * @param protocol IP protocol number, 0 for any
 * @param firstPort lowest port, 0 to 65535; for ICMP the type (section 3.13.1 packs type and code, the kernel compares
 *     the type as source port and the code as destination port)
 * @param lastPort highest port; 0 to 65535 together mean any
 */
public record TrafficSelector(Prefix prefix, int protocol, int firstPort, int lastPort) {

    private static final int MAX_PORT = 0xffff;
    private static final int MAX_ICMP_TYPE = 0xff;

    private static final Pattern SYNTAX = Pattern.compile("([^\\[]+)(?:\\[([^\\[\\]/]*)(?:/([^\\[\\]/]+))?])?");

    public TrafficSelector {
        if (protocol < 0 || protocol > 255) {
            throw new IllegalArgumentException("protocol " + protocol + " is not a number from 0 to 255");
        }
        if (firstPort < 0 || firstPort > lastPort || lastPort > MAX_PORT) {
            throw new IllegalArgumentException("ports " + firstPort + "-" + lastPort + " are not a range");
        }
    }

    /** Every protocol and port of these addresses. */
    public static TrafficSelector of(Prefix prefix) {
        return new TrafficSelector(prefix, Protocol.ANY, 0, MAX_PORT);
    }

    /**
     * Reads a selector as in swanctl.conf(5), names of services excepted: {@code 10.1.0.0/16[udp/5353]}; an address, a
     * prefix, or a range, which becomes several selectors; protocol and port in brackets are optional.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static List<TrafficSelector> parse(String text) {
        final Matcher syntax = SYNTAX.matcher(text);
        if (!syntax.matches() || "".equals(syntax.group(2)) && syntax.group(3) == null) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a traffic selector such as 10.1.0.0/16 or 10.1.0.0/16[udp/5353]");
        }
        final String protocolText = syntax.group(2);
        final boolean isAnyProtocol = protocolText == null || protocolText.isBlank();
        final int protocol = isAnyProtocol ? Protocol.ANY : Protocol.parse(protocolText.strip());
        final int[] ports = syntax.group(3) == null ? new int[] {0, MAX_PORT} : ports(syntax.group(3), protocol);
        return prefixes(syntax.group(1).strip()).stream()
                .map(prefix -> new TrafficSelector(prefix, protocol, ports[0], ports[1]))
                .toList();
    }

    private static List<Prefix> prefixes(String text) {
        final String[] range = text.split("-", 2);
        return range.length == 1
                ? List.of(Prefix.parse(text))
                : Prefix.ofRange(AddressLiteral.parse(range[0].strip()), AddressLiteral.parse(range[1].strip()));
    }

    private static int[] ports(String text, int protocol) {
        final boolean isIcmp = protocol == Protocol.ICMP || protocol == Protocol.ICMPV6;
        final String what = isIcmp ? "ICMP type" : "port";
        final int max = isIcmp ? MAX_ICMP_TYPE : MAX_PORT;
        if (text.strip().equals("any") || text.strip().equals("%any")) {
            return new int[] {0, MAX_PORT};
        }
        final String[] range = text.split("-", 2);
        final int first = (int) Numbers.parse(range[0].strip(), what, 0, max);
        return new int[] {first, range.length == 1 ? first : (int) Numbers.parse(range[1].strip(), what, first, max)};
    }

    /** Whether packets of an IP protocol to or from a port of these addresses are meant. */
    public boolean holds(int otherProtocol, int port) {
        return (protocol == Protocol.ANY || protocol == otherProtocol) && firstPort <= port && port <= lastPort;
    }

    public boolean isAnyPort() {
        return firstPort == 0 && lastPort == MAX_PORT;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        if (protocol == Protocol.ANY && isAnyPort()) {
            return prefix.toString();
        }
        final String name = protocol == Protocol.ANY ? "" : Protocol.format(protocol);
        final String ports = firstPort == lastPort ? "/" + firstPort : "/" + firstPort + "-" + lastPort;
        return prefix + "[" + name + (isAnyPort() ? "" : ports) + "]";
    }
}
