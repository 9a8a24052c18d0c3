// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

/** What stands in markcast.conf at the gateway. */
final class Services {

    private Services() {}

    static String markcast(boolean hasLeakGuard) {
        return markcast(hasLeakGuard, "");
    }

    /** @param firewall settings of the firewall on the WAN; empty for none */
    static String markcast(boolean hasLeakGuard, String firewall) {
        return """
                markcast {
                    interface = eth1
                    reinject = rw
                    sources = vici
                    rules = yes
                    leak_guard = %s
                    vici {
                        socket = unix:///run/charon.vici
                    }
                    firewall {
                        %s
                    }
                }
                """.formatted(hasLeakGuard ? "yes" : "no", firewall);
    }
}
