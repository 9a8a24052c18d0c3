// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.markcast.lab.uml.Station;

/** A site's router, which masquerades its clients and can be told which ports their tunnels get outside. */
final class Router {

    private static final int FIRST_PORT = 31_000;

    private final Station station;
    private final Map<String, Integer> ports = new TreeMap<>();
    private int nextPort = FIRST_PORT;

    Router(Station station) {
        this.station = station;
    }

    void start() {
        station.write("/run/nat.nft", rules());
        station.run("nft", "-f", "/run/nat.nft");
    }

    /** Gives its clients this address on the way out of another interface than eth0, also when it is not in use there. */
    void translate(String interfaceName, String address) {
        station.run("ip", "address", "replace", address + "/32", "dev", "lo");
        station.write("/run/translate.nft", """
                table ip translate
                delete table ip translate
                table ip translate {
                    chain post {
                        type nat hook postrouting priority srcnat; policy accept;
                        oifname "%s" snat to %s
                    }
                }
                """.formatted(interfaceName, address));
        station.run("nft", "-f", "/run/translate.nft");
    }

    private String rules() {
        final List<String> rules = new ArrayList<>();
        ports.forEach((client, port) ->
                rules.add("oifname \"eth0\" ip saddr " + client + " udp dport 4500 masquerade to :" + port));
        rules.add("oifname \"eth0\" masquerade");
        return """
                table ip nat
                delete table ip nat
                table ip nat {
                    chain unasked {
                        type filter hook prerouting priority filter; policy accept;
                        iifname "eth0" ct state new ct status & dnat == 0 drop
                    }
                    chain post {
                        type nat hook postrouting priority srcnat; policy accept;
                        %s
                    }
                }
                """.formatted(String.join("\n        ", rules));
    }

    /** Forgets all mappings, as after a restart; a client's tunnel gets a port that it never had. The port. */
    int rebind(Station client) {
        nextPort++;
        ports.put(client.address(), nextPort);
        forget();
        return nextPort;
    }

    /** Forgets all mappings; two clients get each other's ports. */
    void swap(Station one, int portOfOne, Station other, int portOfOther) {
        ports.put(one.address(), portOfOther);
        ports.put(other.address(), portOfOne);
        forget();
    }

    private void forget() {
        start();
        station.attempt(
                Map.of(),
                "conntrack",
                "-D",
                "-p",
                "udp",
                "--dport",
                "4500"); // it is no error of ours if there are none
    }
}
