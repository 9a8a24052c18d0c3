// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.nio.file.Path;
import java.util.Collection;
import java.util.stream.Collectors;
import org.markcast.config.AddressLiteral;
import org.markcast.engine.packet.Ipv4Address;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers leases from one run of the service to the next, whichever way it ends. A line for each:
 *
 * <pre>
 *   CLIENT SERVER ADDRESS SINCE IDLE-SINCE      times in milliseconds since 1970
 * </pre>
 */
final class LeaseFile {

    private static final Logger LOG = LoggerFactory.getLogger(LeaseFile.class);

    private static final int COLUMNS = 5;

    private final LineFile file;

    /** Takes what was remembered. */
    @FunctionalInterface
    interface Visitor {
        void onLease(Peers peers, int address, long sinceMs, long activeMs);
    }

    LeaseFile(Path path) {
        file = new LineFile(path, "leases");
    }

    void read(Visitor visitor) {
        for (final String line : file.read()) {
            try {
                final String[] columns = line.split(" ");
                if (columns.length != COLUMNS) {
                    throw new IllegalArgumentException(columns.length + " columns");
                }
                visitor.onLease(
                        new Peers(address(columns[0]), address(columns[1])),
                        address(columns[2]),
                        Long.parseLong(columns[3]),
                        Long.parseLong(columns[4]));
            } catch (IllegalArgumentException e) {
                LOG.warn("{} holds a line that is no lease: {}", file, e.getMessage());
            }
        }
    }

    private static int address(String text) {
        return Ipv4Address.of(AddressLiteral.parse(text));
    }

    /** Replaces what was remembered. */
    void write(Collection<Lease> leases) {
        file.write(text(leases));
    }

    /** Remembers more, at a cost that does not depend on how many there are. */
    void add(Collection<Lease> leases) {
        file.add(text(leases));
    }

    private static String text(Collection<Lease> leases) {
        return leases.stream()
                .filter(lease -> lease.isGranted() && !lease.isFixed())
                .map(LeaseFile::line)
                .collect(Collectors.joining());
    }

    private static String line(Lease lease) {
        return Ipv4Address.text(lease.peers().client()) + " "
                + Ipv4Address.text(lease.peers().server()) + " "
                + Ipv4Address.text(lease.address()) + " "
                + lease.sinceMs() + " "
                + lease.activeMs() + "\n";
    }
}
