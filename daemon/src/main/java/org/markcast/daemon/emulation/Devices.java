// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.util.List;

/** Base chains of an nftables netdev table; the kernel allows 256 devices a chain. */
final class Devices {

    private static final int MAX_PER_CHAIN = 200;

    private Devices() {}

    /** Appends chains with one rule for all the devices, each device in one of them. */
    static void appendChains(StringBuilder rules, List<String> devices, String hook, String rule) {
        for (int first = 0; first < devices.size(); first += MAX_PER_CHAIN) {
            final List<String> some = devices.subList(first, Math.min(devices.size(), first + MAX_PER_CHAIN));
            rules.append(" chain ").append(hook).append(first).append(" {\n");
            rules.append("  type filter hook ").append(hook);
            rules.append(" devices = { ").append(String.join(", ", some)).append(" } priority 0;\n");
            rules.append("  ").append(rule).append("\n }\n");
        }
    }
}
