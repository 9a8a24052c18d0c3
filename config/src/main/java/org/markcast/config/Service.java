// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a machine offers: a protocol, with its ports if it has some.
 *
 * @param protocol IP protocol number, not 0; ICMP means ICMPv6 too, unless there is a type
 * @param firstPort lowest port, 0 to 65535; for ICMP the type
 * @param lastPort highest port; 0 to 65535 together mean any
 */
public record Service(int protocol, int firstPort, int lastPort) {

    private static final Pattern SYNTAX = Pattern.compile("[^\\[\\]/]+(/[^\\[\\]/]+)?");

    /** DCCP, ICMP, ICMPv6, SCTP, TCP, UDP, UDP-Lite. */
    private static final Set<Integer> WITH_PORTS = Set.of(33, Protocol.ICMP, Protocol.ICMPV6, 132, 6, 17, 136);

    public Service {
        if (protocol < 1 || protocol > 255 || firstPort < 0 || firstPort > lastPort || lastPort > Connmark.MAX_PORT) {
            throw new IllegalArgumentException("no service: " + protocol + "/" + firstPort + "-" + lastPort);
        }
    }

    /**
     * Reads {@code PROTOCOL}, {@code PROTOCOL/PORT} or {@code PROTOCOL/FIRST-LAST}: what stands in the brackets of a traffic
     * selector.
     *
     * @throws IllegalArgumentException if it is none
     */
    static Service parse(String text) {
        if (!SYNTAX.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a service such as tcp/22, udp/5000-5010 or icmp");
        }
        final TrafficSelector selector =
                TrafficSelector.parse("0.0.0.0/0[" + text + "]").get(0);
        if (selector.protocol() == Protocol.ANY) {
            throw new IllegalArgumentException("'" + text + "' would be everything: name a protocol");
        }
        if (!selector.isAnyPort() && !WITH_PORTS.contains(selector.protocol())) {
            throw new IllegalArgumentException("'" + text + "': this protocol has no ports");
        }
        final boolean hasTypes = selector.protocol() == Protocol.ICMP || selector.protocol() == Protocol.ICMPV6;
        if (!selector.isAnyPort() && !hasTypes && selector.firstPort() == 0) {
            throw new IllegalArgumentException("'" + text + "': no service has port 0");
        }
        return new Service(selector.protocol(), selector.firstPort(), selector.lastPort());
    }

    public boolean isAnyPort() {
        return firstPort == 0 && lastPort == Connmark.MAX_PORT;
    }

    public boolean contains(int otherProtocol, int port) {
        return protocol == otherProtocol && firstPort <= port && port <= lastPort;
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        final String ports = firstPort == lastPort ? "/" + firstPort : "/" + firstPort + "-" + lastPort;
        return Protocol.format(protocol) + (isAnyPort() ? "" : ports);
    }
}
