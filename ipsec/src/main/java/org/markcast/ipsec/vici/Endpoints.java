// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.net.InetAddress;
import java.util.Optional;
import org.markcast.config.AddressLiteral;
import org.markcast.engine.sa.Sa.Outer;

/** Where an IKE SA's packets go between. */
record Endpoints(InetAddress local, InetAddress remote, int localPort, int remotePort) {

    /**
     * Reads the keys of an IKE section, or those at the top of an ike-update event.
     *
     * @throws IllegalArgumentException if they are missing or no addresses and ports
     */
    static Endpoints of(ViciMessage section) {
        return new Endpoints(
                AddressLiteral.parse(required(section, "local-host")),
                AddressLiteral.parse(required(section, "remote-host")),
                port(required(section, "local-port")),
                port(required(section, "remote-port")));
    }

    /** The ESP packets of a CHILD_SA between these endpoints; ports count only if they travel in UDP. */
    Outer outer(int spiIn, boolean encap) {
        return new Outer(local, remote, encap ? localPort : 0, encap ? remotePort : 0, spiIn, encap);
    }

    private static String required(ViciMessage section, String key) {
        final Optional<String> value = section.value(key);
        return value.orElseThrow(() -> new IllegalArgumentException("charon does not tell its " + key));
    }

    private static int port(String text) {
        if (!text.matches("\\d{1,5}") || Integer.parseInt(text) > 0xffff) {
            throw new IllegalArgumentException("'" + text + "' is no port");
        }
        return Integer.parseInt(text);
    }
}
