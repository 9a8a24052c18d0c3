// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

/** What stands in each host's swanctl.conf (swanctl.conf(5)): transport mode, from host to host. */
final class Connections {

    /** The name of the client's connection and of its child. */
    static final String TO_SUN = "sun";

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
        return sun("transport", "dynamic", "dynamic");
    }

    /** The gateway's in tunnel mode: each client is known by its own address. */
    static String sunForTunnels() {
        return sun("tunnel", "dynamic", "10.1.0.0/16");
    }

    /** The gateway's for Windows clients: L2TP from any port of theirs. */
    static String sunForWindows() {
        return sun("transport", "dynamic[udp/1701]", "dynamic[udp]");
    }

    private static String sun(String mode, String local, String remote) {
        return """
                connections {
                    clients {
                        local_addrs = 192.168.0.2
                        local {
                            auth = psk
                            id = sun
                        }
                        remote {
                            auth = psk
                        }
                        children {
                            clients {
                                mode = %s
                                local_ts = %s
                                remote_ts = %s
                                mark_in = %%unique
                                mark_out = %%unique
                                esp_proposals = aes128gcm128
                            }
                        }
                    }
                }
                """.formatted(mode, local, remote) + SECRETS;
    }

    /** A client's, IKEv2: it finds out by itself that its NAT gives it another port. */
    static String client(String name) {
        return client(name, 2, "dpd_delay = 2s", "transport", "dynamic");
    }

    /** A client's in tunnel mode. */
    static String tunnelClient(String name) {
        return client(name, 2, "", "tunnel", "dynamic");
    }

    /** A client's as Windows does it: IKEv1, L2TP only, no MOBIKE, no dead peer detection. */
    static String windowsClient(String name) {
        return client(name, 1, "", "transport", "dynamic[udp/1701]");
    }

    private static String client(String name, int version, String detection, String mode, String selector) {
        return """
                connections {
                    sun {
                        version = %2$d
                        remote_addrs = 192.168.0.2
                        %3$s
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
                                mode = %4$s
                                local_ts = %5$s
                                remote_ts = %5$s
                                esp_proposals = aes128gcm128
                            }
                        }
                    }
                }
                """.formatted(name, version, detection, mode, selector) + SECRETS;
    }
}
