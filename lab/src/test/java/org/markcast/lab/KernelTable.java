// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.markcast.daemon.emulation.Gateway;

/** The table {@code ip markcast} of a gateway, as nft lists it. */
final class KernelTable {

    private static final String NAME = "ip markcast";
    /** A set or map with elements: its name, and they. */
    private static final Pattern ELEMENTS = Pattern.compile("(?:set|map) (\\w+) \\{[^{}]*elements = \\{([^}]*)}");

    private static final long POLL_INTERVAL_NS = 10_000_000;

    private final Gateway gateway;

    KernelTable(Gateway gateway) {
        this.gateway = gateway;
    }

    boolean exists() {
        return tables().contains("table " + NAME);
    }

    /** All tables of all names. */
    List<String> tables() {
        return gateway.run("nft", "list", "tables").lines().toList();
    }

    /** The elements of a set or map, each in nft's notation; none if the table is not there. */
    Set<String> elements(String set) {
        final String text = exists() ? gateway.run("nft", "list", "table", "ip", "markcast") : "";
        return ELEMENTS.matcher(text)
                .results()
                .filter(found -> found.group(1).equals(set))
                .flatMap(found -> Arrays.stream(found.group(2).strip().split(",\\s*")))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Waits until a set or map has exactly these elements. */
    void await(String set, String... expected) {
        final Set<String> wanted = new TreeSet<>(Arrays.asList(expected));
        final long deadlineNs = System.nanoTime() + Watch.SOON.toNanos();
        while (!elements(set).equals(wanted)) {
            if (System.nanoTime() > deadlineNs) {
                assertEquals(wanted, elements(set), set);
            }
            LockSupport.parkNanos(POLL_INTERVAL_NS);
        }
    }
}
