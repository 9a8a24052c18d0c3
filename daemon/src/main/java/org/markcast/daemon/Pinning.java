// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.agrona.concurrent.SystemNanoClock;
import org.markcast.config.Config;
import org.markcast.config.Mark;
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

    /** Those that are configured no more, as long as their rules may be in place; null: none. */
    private PinnedUplinks former;

    private boolean isOverlapped;

    /** Masks of SAs' marks that have bits of uplinks. */
    private int overlap;

    /** @throws org.markcast.linux.LinuxException if a socket cannot be had */
    Pinning(Config config) {
        follow(config);
        if (uplinks == null && config.rules()) {
            PinnedUplinks.removeLeftovers();
        }
    }

    /** Changes to another configuration; the rules follow with {@link #tables()}. */
    void follow(Config config) {
        overlap = 0;
        final PinnedUplinks present = uplinks == null ? former : uplinks;
        if (!config.uplinks().isEnabled()) {
            former = present;
            uplinks = null;
        } else if (present == null) {
            uplinks = PinnedUplinks.open(config.uplinks(), SystemNanoClock.INSTANCE);
        } else {
            uplinks = present;
            former = null;
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

    /** Releases connections that cannot go on; to be called when these rules are in place. */
    void release() {
        abandonFormer();
        if (uplinks != null) {
            uplinks.release();
        }
    }

    private void abandonFormer() {
        if (former != null) {
            former.abandon();
            former = null;
        }
    }

    /**
     * Heeds SAs whose marks have bits of uplinks, and warns of them once, until there are none. What they need stays until the next
     * reload: connections may have their marks for longer than they live.
     */
    void check(List<Sa> sas, Uplinks config) {
        Sa overlapping = null;
        for (final Sa sa : sas) {
            for (final Mark mark : List.of(sa.markIn(), sa.markOut())) {
                if (config.overlaps(mark)) {
                    overlap |= mark.mask();
                    overlapping = overlapping == null ? sa : overlapping;
                }
            }
        }
        if (overlapping != null && !isOverlapped) {
            warn(overlapping, config);
        }
        isOverlapped = overlapping != null;
        if (uplinks != null) {
            uplinks.heed(overlap);
        }
    }

    private static void warn(Sa sa, Uplinks config) {
        LOG.warn(
                "SA {}, and maybe others: mark {} in swanctl.conf (mark_in, mark_out); until the next reload"
                        + " after that connections out of tunnels are not pinned to uplinks",
                sa.name(),
                config.conflictWith(sa.markIn())
                        .or(() -> config.conflictWith(sa.markOut()))
                        .orElseThrow());
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
        abandonFormer();
        if (uplinks != null) {
            uplinks.close();
            uplinks = null;
        }
    }
}
