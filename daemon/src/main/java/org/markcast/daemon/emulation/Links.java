// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.markcast.linux.NetworkNamespace;

/** Interfaces of a namespace. */
final class Links {

    private static final long TIMEOUT_NS = 10_000_000_000L;

    private Links() {}

    /**
     * Waits until veth interfaces are up and running. The kernel learns of a carrier in a work queue; until then it drops what
     * is sent without a word.
     */
    static void awaitCarrier(NetworkNamespace namespace, Collection<String> names) {
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        while (!running(namespace).containsAll(names)) {
            if (System.nanoTime() > deadlineNs) {
                throw new IllegalStateException("of " + names + " only " + running(namespace) + " came up");
            }
        }
    }

    private static Set<String> running(NetworkNamespace namespace) {
        final Set<String> running = new HashSet<>();
        final String links = Command.run(namespace, "", "ip", "-j", "link", "show", "type", "veth");
        for (final JsonElement element : JsonParser.parseString(links).getAsJsonArray()) {
            final JsonObject link = element.getAsJsonObject();
            // Some versions of iproute2 print {} for what the type excludes.
            if (link.has("ifname") && link.get("operstate").getAsString().equals("UP")) {
                running.add(link.get("ifname").getAsString());
            }
        }
        return running;
    }
}
