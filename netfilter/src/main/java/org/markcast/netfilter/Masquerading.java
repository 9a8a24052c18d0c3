// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.markcast.config.Masquerade;
import org.markcast.linux.LinuxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives inside hosts that run IPsec clients of their own an external address each, as long as they use it. Belongs to the control
 * thread. A lease in order:
 *
 * <ol>
 *   <li>A rule tells that a client without an address has sent IKE, ESP or AH.
 *   <li>It gets an address that no other client of its server has: an element in the rules' maps.
 *   <li>The kernel forgets the connections that it tracked before, since they would keep the address that they had.
 *   <li>Every now and then the kernel tells what it has counted; without packets for long enough the lease ends.
 * </ol>
 *
 * <p>Nothing here fails for the caller: while the kernel does not tell who has no address, nobody is asked for, and packets without
 * a lease pass as they would without us.
 */
public final class Masquerading implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Masquerading.class);

    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long MAX_LOOK_NS = TimeUnit.SECONDS.toNanos(10);
    private static final int LOOKS_PER_IDLE = 4;
    private static final long SAVE_MS = TimeUnit.MINUTES.toMillis(1);

    private final LeaseFile file;
    private final NanoClock clock;
    private final EpochClock wallClock;
    private final Supplier<ClientKernel> opener;
    private final Set<Lease> fresh = new LinkedHashSet<>(); // whose connections are to be forgotten, cheaply
    private final Set<Lease> moved = new LinkedHashSet<>(); // thoroughly

    private ClientKernel kernel; // null: not to be had now
    private Leases leases;
    private TableText table;
    private boolean asks;
    private String problem;
    private long retryNs;
    private long lookNs;
    private long savedMs;

    Masquerading(Masquerade config, Path file, NanoClock clock, EpochClock wallClock, Supplier<ClientKernel> opener) {
        this.file = new LeaseFile(file);
        this.clock = clock;
        this.wallClock = wallClock;
        this.opener = opener;
        leases = new Leases(config, clock.nanoTime(), wallClock.time());
        restore();
        connect();
        render();
        lookNs = clock.nanoTime();
    }

    /**
     * For the network namespace of the calling thread.
     *
     * @param file that remembers leases from one run to the next
     */
    public static Masquerading open(Masquerade config, Path file) {
        return new Masquerading(
                config, file, SystemNanoClock.INSTANCE, SystemEpochClock.INSTANCE, LinuxClientKernel::open);
    }

    /** What was in use until shortly before now; we may have been killed long after we wrote. */
    private void restore() {
        final long nowMs = wallClock.time();
        final long oldestMs = nowMs - leases.config().idle().toMillis() - SAVE_MS;
        file.read((peers, address, sinceMs, lastPacketMs) -> {
            if (Math.max(sinceMs, lastPacketMs) >= oldestMs) {
                leases.restore(peers, address, sinceMs, lastPacketMs, clock.nanoTime());
            }
        });
        moved.addAll(leases.all());
        leases.takeChange();
    }

    private void connect() {
        try {
            kernel = opener.get();
            problem = null;
        } catch (LinuxException e) {
            fail(e);
        }
    }

    private void fail(LinuxException e) {
        if (!e.getMessage().equals(problem)) {
            LOG.error("no addresses can be leased: {}", e.getMessage());
        }
        problem = e.getMessage();
        retryNs = clock.nanoTime() + RETRY_NS;
        closeKernel();
    }

    private void closeKernel() {
        if (kernel != null) {
            kernel.close();
            kernel = null;
        }
    }

    private void render() {
        asks = mayAsk();
        table = MasqueradeRules.table(leases, asks);
    }

    private boolean mayAsk() {
        return kernel != null && !leases.isFull();
    }

    /** The table that is wanted now, for {@link KernelRules#setTables}; changes of leases then go by {@link #work}. */
    public TableText table() {
        return table;
    }

    /** Changes to another configuration; leases that fit it stay. Its {@link #table()} is wanted then. */
    public void configure(Masquerade latest) {
        if (latest.equals(leases.config())) {
            return;
        }
        leases = leases.successor(latest, clock.nanoTime(), wallClock.time());
        noteMoved(leases.takeChange());
        render();
        save();
    }

    /**
     * One turn: serves who asks, ends what is not used any more. Cheap when there is nothing to do.
     *
     * @param rules that hold the table
     */
    public void work(KernelRules rules) {
        if (kernel == null && clock.nanoTime() - retryNs >= 0) {
            connect();
        }
        if (kernel != null) {
            try {
                kernel.takeAsking(peers -> leases.ask(peers, clock.nanoTime(), wallClock.time()));
                if (clock.nanoTime() - lookNs >= 0) {
                    look();
                }
            } catch (LinuxException e) {
                fail(e);
            }
        }
        follow(rules);
        if (kernel != null
                && !(fresh.isEmpty() && moved.isEmpty())
                && rules.problem().isEmpty()) {
            forget();
        }
    }

    private void look() {
        count();
        leases.expire(clock.nanoTime(), wallClock.time());
        final long idleNs = leases.config().idle().toNanos();
        lookNs = clock.nanoTime() + Math.min(idleNs / LOOKS_PER_IDLE, MAX_LOOK_NS);
        if (wallClock.time() - savedMs >= SAVE_MS) {
            save();
        }
    }

    private void count() {
        kernel.visitTraffic((source, destination, packets, bytes) ->
                leases.count(source, destination, packets, bytes, clock.nanoTime(), wallClock.time()));
    }

    private void follow(KernelRules rules) {
        final Leases.Change change = leases.takeChange();
        if (change.isEmpty() && asks == mayAsk()) {
            return;
        }
        final TableText before = table;
        final boolean isSameChains = asks == mayAsk();
        render();
        rules.change(
                table,
                isSameChains
                        ? MasqueradeRules.change(change)
                        : TableText.replacement(List.of(before), List.of(table), Set.of()));
        if (change.gone().isEmpty()) {
            fresh.addAll(change.come());
        } else {
            noteMoved(change);
        }
        save();
    }

    /** Connections of these have been translated, so that a look at all is worth it. */
    private void noteMoved(Leases.Change change) {
        moved.addAll(change.gone());
        moved.addAll(change.come());
    }

    /** Only now that the rules are there: a connection that begins anew before would have the old address again. */
    private void forget() {
        if (!moved.isEmpty()) {
            forget("clients", () -> kernel.forgetAll(moved));
        }
        fresh.forEach(lease -> forget(lease.peers(), () -> kernel.forget(lease)));
        moved.clear();
        fresh.clear();
    }

    private static void forget(Object whose, Runnable action) {
        try {
            action.run();
        } catch (LinuxException e) {
            LOG.warn("connections of {} may keep their address for a while: {}", whose, e.getMessage());
        }
    }

    private void save() {
        savedMs = wallClock.time();
        file.write(leases.all());
    }

    /** Why no addresses can be leased; empty if they can. */
    public Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    /** Who has an address or waits for one, in the order in which they came, with the latest counts. */
    public List<MasqueradedClient> clients() {
        if (kernel != null) {
            try {
                count();
            } catch (LinuxException e) {
                fail(e);
            }
        }
        return leases.all().stream().map(MasqueradedClient::of).toList();
    }

    /** How many addresses the pool has. */
    public int poolSize() {
        return leases.config().poolSize();
    }

    /** Remembers the leases. The rules stay as they are. Idempotent. */
    @Override
    public void close() {
        if (kernel != null) {
            try {
                count();
            } catch (LinuxException e) {
                LOG.debug("the last packets are not counted", e);
            }
        }
        save();
        closeKernel();
    }
}
