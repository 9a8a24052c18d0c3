// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reverse path filtering (rp_filter in the kernel's Documentation/networking/ip-sysctl.rst). In strict mode it drops what comes in by an
 * uplink from somebody whom the main table reaches by another one.
 */
public final class StrictFilter {

    private static final Path SETTINGS = Path.of("/proc/sys/net/ipv4/conf");
    private static final String STRICT = "1";

    private StrictFilter() {}

    /** Whether it is strict on an interface of the calling thread's network namespace; {@code false} if that cannot be known. */
    public static boolean isOn(String interfaceName) {
        final String own = setting(interfaceName);
        final String forAll = setting("all");
        // The larger one counts, and 2 is loose mode.
        return !own.isEmpty() && (own.compareTo(forAll) > 0 ? own : forAll).equals(STRICT);
    }

    /** What the operator should know. */
    public static String warning(String interfaceName) {
        return "rp_filter is strict on " + interfaceName + ": connections that come in by it may be dropped; write"
                + " net.ipv4.conf." + interfaceName.replace('.', '/')
                + ".rp_filter = 2 in sysctl.conf, and 0 or 2 for all";
    }

    private static String setting(String interfaceName) {
        try {
            return Files.readString(SETTINGS.resolve(interfaceName).resolve("rp_filter"))
                    .strip();
        } catch (IOException e) {
            return ""; // there is no such interface now
        }
    }
}
