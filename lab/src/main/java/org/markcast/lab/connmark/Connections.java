// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

/** What stands in each host's swanctl.conf (swanctl.conf(5)): transport mode, from host to host, if nothing else is said. */
final class Connections {

    /** The name of the client's connection and of its child. */
    static final String TO_SUN = "sun";

    /** A mark of its own for each SA. */
    static final String UNIQUE = "%unique";

    private static final String TRANSPORT = "transport";
    private static final String TUNNEL = "tunnel";
    private static final String ANYTHING = "dynamic";

    private static final String SECRETS = """
            secrets {
                ike {
                    secret = only-for-the-lab
                }
            }
            """;

    private Connections() {}

    /** The gateway's: whatever comes from a client, IKEv2. */
    static String sun() {
        return sun(UNIQUE);
    }

    /** The gateway's, with these marks. */
    static String sun(String mark) {
        return sun(TRANSPORT, ANYTHING, ANYTHING, mark);
    }

    /** The gateway's in tunnel mode: each client is known by its own address. */
    static String sunForTunnels() {
        return sun(TUNNEL, ANYTHING, "10.1.0.0/16", UNIQUE);
    }

    /** The gateway's for Windows clients: L2TP from any port of theirs. */
    static String sunForWindows() {
        return sun(TRANSPORT, "dynamic[udp/1701]", "dynamic[udp]", UNIQUE);
    }

    private static String sun(String mode, String local, String remote, String mark) {
        return """
                connections {
                    clients {
                        local_addrs = 192.168.0.2, 192.168.1.2
                        local {
                            auth = psk
                            id = sun
                        }
                        remote {
                            auth = psk
                        }
                        children {
                            clients {
                                mode = %1$s
                                local_ts = %2$s
                                remote_ts = %3$s
                                mark_in = %4$s
                                mark_out = %4$s
                                esp_proposals = aes128gcm128
                            }
                        }
                    }
                }
                """.formatted(mode, local, remote, mark) + SECRETS;
    }

    /** A client's, IKEv2: it finds out by itself that its NAT gives it another port. */
    static String client(String name) {
        return client(name, Network.GATEWAY);
    }

    /** The same, to one of the gateway's addresses. */
    static String client(String name, String gateway) {
        return client(name, gateway, 2, "dpd_delay = 2s", TRANSPORT, ANYTHING);
    }

    /** A client's in tunnel mode. */
    static String tunnelClient(String name) {
        return client(name, Network.GATEWAY, 2, "", TUNNEL, ANYTHING);
    }

    /** A client's as Windows does it: IKEv1, L2TP only, no MOBIKE, no dead peer detection. */
    static String windowsClient(String name) {
        return client(name, Network.GATEWAY, 1, "", TRANSPORT, "dynamic[udp/1701]");
    }

    private static String client(
            String name, String gateway, int version, String detection, String mode, String selector) {
        return """
                connections {
                    sun {
                        version = %3$d
                        remote_addrs = %2$s
                        %4$s
                        local {
                            auth = psk
                            id = %1$s
                        }
                        remote {
                            auth = psk
                            id = sun
                        }
                        children {
                            sun {
                                mode = %5$s
                                local_ts = %6$s
                                remote_ts = %6$s
                                esp_proposals = aes128gcm128
                            }
                        }
                    }
                }
                """.formatted(name, gateway, version, detection, mode, selector) + SECRETS;
    }
}
