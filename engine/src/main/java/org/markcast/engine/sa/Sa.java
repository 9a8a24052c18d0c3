// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import java.net.InetAddress;
import java.util.List;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;

/**
 * One CHILD_SA as the engine knows it. Immutable.
 *
 * @param name unique among the SAs that exist at one time
 * @param child name of its CHILD_SA configuration
 * @param markIn the mark that its decapsulated packets carry
 * @param markOut the mark that selects it for outbound packets
 * @param localTs traffic selectors of this side
 * @param remoteTs traffic selectors of the peer's side
 * @param outers the ESP packets around it, where known: several while an old SA lingers after a rekey; only the Netfilter
 *     rules need them
 */
public record Sa(
        String name,
        String child,
        Mode mode,
        Mark markIn,
        Mark markOut,
        List<TrafficSelector> localTs,
        List<TrafficSelector> remoteTs,
        List<Outer> outers) {

    /**
     * Endpoints and SPI of an SA; IPv4 or IPv6.
     *
     * @param encap whether ESP travels in UDP (RFC 3948)
     */
    public record Outer(
            InetAddress local, InetAddress remote, int localPort, int remotePort, int spiIn, boolean encap) {}
}
