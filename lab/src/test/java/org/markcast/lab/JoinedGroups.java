// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.util.List;
import org.markcast.daemon.emulation.Gateway;

/** Group memberships as the kernel tells them. */
final class JoinedGroups {

    private JoinedGroups() {}

    /** The IPv4 groups that somebody has joined on an interface of the gateway. */
    static List<String> on(Gateway gateway, String interfaceName) {
        return gateway.run("ip", "maddress", "show", "dev", interfaceName)
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("inet "))
                .map(line -> line.split("\\s+")[1])
                .toList();
    }
}
