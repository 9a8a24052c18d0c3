// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.List;
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

    private final Path path;
    private boolean hasFailed;

    /** Takes what was remembered. */
    @FunctionalInterface
    interface Visitor {
        void onLease(Peers peers, int address, long sinceMs, long activeMs);
    }

    LeaseFile(Path path) {
        this.path = path;
    }

    void read(Visitor visitor) {
        final List<String> lines;
        try {
            lines = Files.readAllLines(path);
        } catch (NoSuchFileException e) {
            return;
        } catch (IOException e) {
            LOG.warn("the leases of the last run cannot be read: {}", e.toString());
            return;
        }
        for (final String line : lines) {
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
                LOG.warn("{} holds a line that is no lease: {}", path, e.getMessage());
            }
        }
    }

    private static int address(String text) {
        return Ipv4Address.of(AddressLiteral.parse(text));
    }

    /** Replaces what was remembered; a file that cannot be written is reported once. */
    void write(Collection<Lease> leases) {
        attempt(() -> {
            final Path next = path.resolveSibling(path.getFileName() + ".new");
            Files.writeString(next, text(leases));
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
        });
    }

    /** Remembers more, at a cost that does not depend on how many there are. */
    void add(Collection<Lease> leases) {
        attempt(() -> Files.writeString(path, text(leases), StandardOpenOption.CREATE, StandardOpenOption.APPEND));
    }

    private static String text(Collection<Lease> leases) {
        return leases.stream()
                .filter(lease -> lease.isGranted() && !lease.isFixed())
                .map(LeaseFile::line)
                .collect(Collectors.joining());
    }

    private interface Writing {
        void run() throws IOException;
    }

    private void attempt(Writing writing) {
        try {
            writing.run();
            hasFailed = false;
        } catch (IOException e) {
            if (!hasFailed) {
                LOG.warn("leases would not survive a restart: {}", e.toString());
            }
            hasFailed = true;
        }
    }

    private static String line(Lease lease) {
        return Ipv4Address.text(lease.peers().client()) + " "
                + Ipv4Address.text(lease.peers().server()) + " "
                + Ipv4Address.text(lease.address()) + " "
                + lease.sinceMs() + " "
                + lease.activeMs() + "\n";
    }
}
