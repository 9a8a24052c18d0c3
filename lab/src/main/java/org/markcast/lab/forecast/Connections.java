// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

/** What stands in each host's swanctl.conf (swanctl.conf(5)). */
final class Connections {

    /** A mark of its own for each SA, the same in both directions. */
    static final String UNIQUE = "%unique";

    /** A mark of its own for each SA and direction. */
    static final String UNIQUE_DIR = "%unique-dir";

    private static final String LAN = "10.1.0.0/16, 224.0.0.0/4";
    private static final String EVERYTHING = "0.0.0.0/0";

    private static final String SECRETS = """
            secrets {
                ike {
                    secret = only-for-the-lab
                }
            }
            """;

    private Connections() {}

    /** The gateway's: one connection for all roadwarriors, who reach the LAN. */
    static String moon(String mark) {
        return moon(mark, LAN);
    }

    /** The gateway's, which all that a roadwarrior sends goes through. */
    static String moonForAll() {
        return moon(UNIQUE, EVERYTHING);
    }

    private static String moon(String mark, String local) {
        return """
                connections {
                    rw {
                        version = 2
                        local_addrs = 192.168.0.1
                        pools = rw
                        local {
                            auth = psk
                            id = moon
                        }
                        remote {
                            auth = psk
                        }
                        children {
                            rw {
                                local_ts = %2$s
                                remote_ts = dynamic, 224.0.0.0/4, 10.1.255.255
                                mark_in = %1$s
                                mark_out = %1$s
                                esp_proposals = aes128gcm128
                            }
                        }
                    }
                }
                pools {
                    rw {
                        addrs = 10.1.0.129-10.1.0.130
                    }
                }
                """.formatted(mark, local) + SECRETS;
    }

    /** A roadwarrior's. */
    static String client(String name, boolean isEncapsulated) {
        return client(name, isEncapsulated, LAN);
    }

    /** A roadwarrior's who sends everything through the tunnel. */
    static String clientForAll(String name) {
        return client(name, false, EVERYTHING);
    }

    private static String client(String name, boolean isEncapsulated, String remote) {
        return """
                connections {
                    home {
                        version = 2
                        remote_addrs = 192.168.0.1
                        vips = 0.0.0.0
                        encap = %2$s
                        local {
                            auth = psk
                            id = %1$s
                        }
                        remote {
                            auth = psk
                            id = moon
                        }
                        children {
                            home {
                                local_ts = dynamic, 224.0.0.0/4, 10.1.255.255
                                remote_ts = %3$s
                                esp_proposals = aes128gcm128
                            }
                        }
                    }
                }
                """.formatted(name, isEncapsulated ? "yes" : "no", remote) + SECRETS;
    }
}
