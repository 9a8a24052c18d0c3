// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.util.List;
import org.markcast.linux.NetworkNamespace;

/** One Ethernet with the gateway and a host on it, 10.NUMBER.0.0/16. */
final class Lan {

    private static final String HOST_INTERFACE = "eth0";

    private final int number;
    private final int mtu;
    private final Host host;

    Lan(int number, int mtu, String hostName) {
        this.number = number;
        this.mtu = mtu;
        host = new Host(hostName, HOST_INTERFACE, address(10), mac(1));
    }

    Host host() {
        return host;
    }

    String gatewayInterface() {
        return "eth" + number;
    }

    String network() {
        return "10." + number + ".0.0/16";
    }

    String broadcast() {
        return "10." + number + ".255.255";
    }

    /** Connects the two, for the first time or again. */
    void create(NetworkNamespace gateway) {
        final String eth = gatewayInterface();
        host.forgetInterface();
        Command.ipBatch(
                gateway,
                List.of(
                        "link add " + eth + " address " + Mac.format(mac(1)) + " mtu " + mtu + " type veth peer name "
                                + HOST_INTERFACE + " address " + Mac.format(mac(10)) + " mtu " + mtu + " netns "
                                + host.namespace().path(),
                        "address add " + address(1) + "/16 broadcast + dev " + eth,
                        "link set " + eth + " up"));
        Command.ipBatch(
                host.namespace(),
                List.of(
                        "address add " + host.address() + "/16 broadcast + dev " + HOST_INTERFACE,
                        "link set " + HOST_INTERFACE + " up",
                        "route add default via " + address(1)));
        awaitCarrier(gateway);
    }

    /** Waits until packets can pass in both directions, which takes the kernel a moment after both ends are up. */
    void awaitCarrier(NetworkNamespace gateway) {
        Links.awaitCarrier(gateway, List.of(gatewayInterface()));
        Links.awaitCarrier(host.namespace(), List.of(HOST_INTERFACE));
    }

    private String address(int hostNumber) {
        return "10." + number + ".0." + hostNumber;
    }

    private long mac(int hostNumber) {
        return 0x0200_0000_0000L | (long) number << 16 | hostNumber;
    }
}
