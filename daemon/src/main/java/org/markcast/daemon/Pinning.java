// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.agrona.concurrent.SystemNanoClock;
import org.markcast.config.Config;
import org.markcast.config.Uplinks;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.sa.Sa;
import org.markcast.netfilter.TableText;
import org.markcast.netfilter.uplink.PinnedUplinks;
import org.markcast.netfilter.uplink.UplinkState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The uplinks, if the configuration has any. Belongs to the control thread. */
final class Pinning implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Pinning.class);

    private PinnedUplinks uplinks; // null: none are configured
    private boolean isOverlapped;

    /** @throws org.markcast.linux.LinuxException if a socket cannot be had */
    Pinning(Config config) {
        follow(config);
        if (uplinks == null && config.rules()) {
            PinnedUplinks.removeLeftovers();
        }
    }

    /** Changes to another configuration; the rules follow with {@link #tables()}. */
    void follow(Config config) {
        if (!config.uplinks().isEnabled()) {
            if (uplinks != null) {
                uplinks.abandon();
                uplinks = null;
            }
        } else if (uplinks == null) {
            uplinks = PinnedUplinks.open(config.uplinks(), SystemNanoClock.INSTANCE);
        } else {
            uplinks.configure(config.uplinks());
        }
    }

    /** Readable when {@link #refresh()} has something to do. */
    IntStream fds() {
        return uplinks == null ? IntStream.empty() : IntStream.of(uplinks.fd());
    }

    /** Follows the kernel's news; {@code true} if {@link #tables()} has changed. */
    boolean refresh() {
        return uplinks != null && uplinks.refresh();
    }

    /** The rules that are needed. */
    List<TableText> tables() {
        return uplinks == null ? List.of() : List.of(uplinks.table());
    }

    /** To be called when these rules are in place. */
    void release() {
        if (uplinks != null) {
            uplinks.release();
        }
    }

    /** Warns of SAs whose marks are mixed up with those of uplinks: once, until there are none. */
    void check(List<Sa> sas, Uplinks config) {
        final Optional<Sa> overlapping = config.isEnabled()
                ? sas.stream()
                        .filter(sa -> config.conflictWith(sa.markIn())
                                .or(() -> config.conflictWith(sa.markOut()))
                                .isPresent())
                        .findFirst()
                : Optional.empty();
        if (overlapping.isPresent() && !isOverlapped) {
            final Sa sa = overlapping.get();
            final String reason = config.conflictWith(sa.markIn())
                    .or(() -> config.conflictWith(sa.markOut()))
                    .orElseThrow();
            LOG.warn(
                    "SA {}, and maybe others: mark {} in swanctl.conf (mark_in, mark_out), or packets may miss their"
                            + " policy",
                    sa.name(),
                    reason);
        }
        isOverlapped = overlapping.isPresent();
    }

    /** As the status shows them. */
    List<Status.Uplink> status(Uplinks config) {
        if (uplinks == null) {
            return List.of();
        }
        final Optional<String> problem = uplinks.problem();
        return uplinks.states().stream()
                .map(state -> status(state, config.mask(), problem))
                .toList();
    }

    private static Status.Uplink status(UplinkState state, int mask, Optional<String> problem) {
        return new Status.Uplink(
                state.numbered().uplink().name(),
                state.numbered().uplink().interfaceName(),
                problem.orElse(state.condition()),
                text(state.address()),
                state.gateway().orElse(0) == 0 ? null : text(state.gateway()),
                String.format("0x%08x/0x%08x", state.numbered().mark(), mask),
                Integer.toUnsignedLong(state.numbered().table()),
                state.connections().isEmpty()
                        ? null
                        : Integer.valueOf(state.connections().getAsInt()));
    }

    private static String text(OptionalInt address) {
        return address.isEmpty() ? null : Ipv4Address.text(address.getAsInt());
    }

    @Override
    public void close() {
        if (uplinks != null) {
            uplinks.close();
            uplinks = null;
        }
    }
}
