// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Pattern;
import org.markcast.engine.sa.Sa.Outer;

/** Where an IKE SA's packets go between. */
record Endpoints(InetAddress local, InetAddress remote, int localPort, int remotePort) {

    private static final Pattern PORT = Pattern.compile("\\d{1,5}");

    /**
     * Reads the keys of an IKE section, or those at the top of an ike-update event.
     *
     * @throws IllegalArgumentException if they are missing or no addresses and ports
     */
    static Endpoints of(ViciMessage section, Memo<InetAddress> addresses) {
        return new Endpoints(
                addresses.get(required(section, "local-host")),
                addresses.get(required(section, "remote-host")),
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
        if (!PORT.matcher(text).matches() || Integer.parseInt(text) > 0xffff) {
            throw new IllegalArgumentException("'" + text + "' is no port");
        }
        return Integer.parseInt(text);
    }
}
