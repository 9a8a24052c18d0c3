// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

/** What stands in markcast.conf at the gateway. */
final class Services {

    private Services() {}

    static String markcast() {
        return markcast("eth0", "");
    }

    /** With two lines to the internet. */
    static String markcastWithUplinks() {
        return markcast("eth0, eth1", """
                uplinks {
                    lan = lo
                    dsl {
                        interface = eth0
                        gateway = 192.168.0.1
                    }
                    cable {
                        interface = eth1
                        gateway = 192.168.1.1
                    }
                }
                """);
    }

    /** For a site's router whose hosts have IPsec clients of their own. */
    static String masquerade() {
        return """
                markcast {
                    forward = no
                    sources = static
                    masquerade {
                        interface = eth0
                        clients = 10.1.0.0/16
                        pool = 192.168.0.101-192.168.0.104
                    }
                }
                """;
    }

    private static String markcast(String wan, String uplinks) {
        return """
                markcast {
                    sources = vici
                    forward = no
                    vici {
                        socket = unix:///run/charon.vici
                    }
                    connmark {
                        enabled = yes
                        l2tp = yes
                        l2tp_ports = 20000-60000
                    }
                    firewall {
                        interface = %s
                        mode = enforce
                    }
                    %s
                }
                """.formatted(wan, uplinks);
    }
}
