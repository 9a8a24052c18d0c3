// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.agrona.concurrent.EpochClock;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemEpochClock;
import org.agrona.concurrent.SystemNanoClock;
import org.markcast.config.Masquerade;
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
 * <p>Nothing here fails for the caller, and none of what the kernel does for us needs the others: while it does not tell who has no
 * address, nobody is asked for, and packets without a lease pass as they would without us; while it does not tell what it has counted,
 * no lease ends; what it does not forget now it is to forget later.
 */
public final class Masquerading implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Masquerading.class);

    private static final String FULL = "new clients get no address until fewer than " + Leases.ROOMY
            + " have one or wait for one: " + Leases.MAX + " is the most; they stay behind the general masquerade";

    private static final long MAX_LOOK_NS = TimeUnit.SECONDS.toNanos(10);
    private static final int LOOKS_PER_IDLE = 4;
    private static final long SAVE_MS = TimeUnit.MINUTES.toMillis(1);

    private final LeaseFile file;
    private final KernelRules rules;
    private final NanoClock clock;
    private final EpochClock wallClock;
    private final Facility<ClientKernel.Askers> askers;
    private final Facility<ClientKernel.Traffic> traffic;
    private final Facility<ClientKernel.Tracking> tracking;
    private final Set<Lease> fresh = new LinkedHashSet<>(); // whose connections are to be forgotten, cheaply
    private final Set<Lease> moved = new LinkedHashSet<>(); // thoroughly

    private Leases leases;
    private TableText table;
    private boolean tells; // as in the table
    private boolean isFull; // likewise
    private boolean hasStrays; // connections may have begun without the rules
    private long seenNs; // until when it is known which leases were used
    private long lookNs;
    private long savedMs;

    /** Follows what the rules tell of their table. */
    private final class Listener implements TableListener {
        private long countedNs;

        @Override
        public void beforeInstallation() {
            countedNs = seenNs;
            count();
        }

        /** What the table had counted may have gone with it. Connections that began meanwhile have the general address. */
        @Override
        public void onInstalled(boolean hadGap) {
            leases.restartCounts();
            if (hadGap) {
                excuse(countedNs);
                hasStrays |= leases.all().stream().anyMatch(Lease::isGranted);
            }
        }
    }

    Masquerading(
            Masquerade config,
            Path file,
            KernelRules rules,
            NanoClock clock,
            EpochClock wallClock,
            ClientKernel kernel) {
        this.file = new LeaseFile(file);
        this.rules = rules;
        this.clock = clock;
        this.wallClock = wallClock;
        askers = new Facility<>("new clients get no address", kernel::askers, clock);
        traffic = new Facility<>("packets are not counted and leases do not end", kernel::traffic, clock);
        tracking = new Facility<>("connections may keep a former address", kernel::tracking, clock);
        leases = new Leases(config, clock.nanoTime(), wallClock.time());
        seenNs = clock.nanoTime();
        lookNs = clock.nanoTime();
        restore();
        askers.attempt(opened -> {});
        render();
        rules.listen(Table.MASQUERADE, new Listener());
    }

    /**
     * For the network namespace of the calling thread.
     *
     * @param file that remembers leases from one run to the next
     * @param rules that are to hold the table
     */
    public static Masquerading open(Masquerade config, Path file, KernelRules rules) {
        return new Masquerading(
                config, file, rules, SystemNanoClock.INSTANCE, SystemEpochClock.INSTANCE, new LinuxClientKernel());
    }

    /** What was in use until shortly before now; we may have been killed long after we wrote. */
    private void restore() {
        final long nowMs = wallClock.time();
        final long oldestMs = nowMs - leases.config().idle().toMillis() - SAVE_MS;
        file.read((peers, address, sinceMs, activeMs) -> {
            if (Math.max(sinceMs, activeMs) >= oldestMs) {
                leases.restore(peers, address, sinceMs, activeMs, clock.nanoTime());
            }
        });
        leases.takeChange();
    }

    private void render() {
        tells = askers.problem().isEmpty();
        isFull = leases.isFull();
        table = MasqueradeRules.table(leases, tells);
    }

    /** The table that is wanted now, for {@link KernelRules#setTables}; changes of leases then go by {@link #work}. */
    public TableText table() {
        return table;
    }

    /**
     * Changes to another configuration; leases that fit it stay. Its {@link #table()} is wanted then, or none if there is nothing to
     * do any more; {@link #isDone} tells when connections do not have the addresses any more.
     */
    public void configure(Masquerade latest) {
        if (latest.equals(leases.config())) {
            return;
        }
        count();
        leases = leases.successor(latest, clock.nanoTime(), wallClock.time());
        noteMoved(leases.takeChange());
        render();
        save();
    }

    /** Whether there is nothing left to do for a configuration that wants nothing. */
    public boolean isDone() {
        return !leases.config().isEnabled() && moved.isEmpty() && fresh.isEmpty();
    }

    /** One turn: serves who asks, ends what is not used any more. Cheap when there is nothing to do. */
    public void work() {
        askers.attempt(kernel -> kernel.take(this::serve));
        if (clock.nanoTime() - lookNs >= 0) {
            look();
        }
        follow();
        if ((hasStrays || !(fresh.isEmpty() && moved.isEmpty()))
                && rules.problem().isEmpty()) {
            forget();
        }
        if (wallClock.time() - savedMs >= SAVE_MS) {
            save();
        }
    }

    /** Whoever is told of and has an address has connections by another one, or by an interface to which it does not belong. */
    private void serve(Peers peers) {
        final Optional<Lease> lease = leases.granted(peers);
        if (lease.isPresent()) {
            moved.add(lease.get());
        } else {
            leases.ask(peers, clock.nanoTime(), wallClock.time());
        }
    }

    private void look() {
        if (count()) {
            leases.expire(clock.nanoTime(), wallClock.time());
        } else {
            excuse(seenNs);
        }
        final long idleNs = leases.config().idle().toNanos();
        lookNs = clock.nanoTime() + Math.min(idleNs / LOOKS_PER_IDLE, MAX_LOOK_NS);
    }

    /** Whether it is known now how much each lease was used: nothing is counted while there are no rules. */
    private boolean count() {
        final boolean isRead = traffic.attempt(kernel -> kernel.visit((source, destination, packets, bytes) ->
                leases.count(source, destination, packets, bytes, clock.nanoTime(), wallClock.time())));
        final boolean isKnown = isRead && rules.problem().isEmpty();
        if (isKnown) {
            seenNs = clock.nanoTime();
        }
        return isKnown;
    }

    /** Since then nobody can tell which leases were used. */
    private void excuse(long sinceNs) {
        leases.excuse(sinceNs, clock.nanoTime());
        seenNs = clock.nanoTime();
    }

    private void follow() {
        final Leases.Change change = leases.takeChange();
        final boolean isSameChains = tells == askers.problem().isEmpty() && isFull == leases.isFull();
        if (change.isEmpty() && isSameChains) {
            return;
        }
        if (leases.isFull() && !isFull) {
            LOG.error(FULL);
        }
        render();
        if (isSameChains) {
            rules.change(table, MasqueradeRules.change(change, tells));
        } else {
            rules.replace(table);
        }
        if (change.gone().isEmpty()) {
            fresh.addAll(granted(change.come()));
            file.add(change.come());
        } else {
            noteMoved(change);
            save();
        }
    }

    /**
     * Connections of these have been translated, so that a look at all is worth it. Who only waits keeps its connections: they have the
     * general address, as they would without us.
     */
    private void noteMoved(Leases.Change change) {
        moved.addAll(granted(change.gone()));
        moved.addAll(granted(change.come()));
    }

    private static List<Lease> granted(Collection<Lease> some) {
        return some.stream().filter(Lease::isGranted).toList();
    }

    /**
     * Only now that the rules are there: a connection that begins anew before would have the old address again. One that is as it
     * should be stays: what its server sent before the client does again would otherwise take its port at the gateway itself.
     */
    private void forget() {
        final boolean isForgotten = tracking.attempt(kernel -> {
            if (!moved.isEmpty()) {
                kernel.forgetAll(moved);
            }
            if (hasStrays) {
                kernel.forgetMistranslated(granted(leases.all()));
            }
            fresh.forEach(kernel::forget);
        });
        if (isForgotten) {
            hasStrays = false;
            moved.clear();
            fresh.clear();
        } else if (moved.size() + fresh.size() > 2 * Leases.MAX) {
            moved.retainAll(Set.copyOf(leases.all())); // an address that has another client now is among these
            fresh.retainAll(Set.copyOf(leases.all()));
        }
    }

    private void save() {
        savedMs = wallClock.time();
        file.write(leases.all());
    }

    /** What does not work now, and why; empty if all is well. */
    public List<String> problems() {
        return Stream.concat(
                        Stream.of(askers, traffic, tracking).flatMap(facility -> facility.problem().stream()),
                        isFull ? Stream.of(FULL) : Stream.of())
                .toList();
    }

    /** Who has an address or waits for one, in the order in which they came, with the latest counts. */
    public List<MasqueradedClient> clients() {
        count();
        return leases.all().stream().map(MasqueradedClient::of).toList();
    }

    /** How many addresses the pool has. */
    public int poolSize() {
        return leases.config().poolSize();
    }

    /** Remembers the leases. The rules stay as they are, and so do connections: those of a tunnel go on until we are back. Idempotent. */
    @Override
    public void close() {
        rules.listen(Table.MASQUERADE, null);
        count();
        save();
        askers.close();
        traffic.close();
        tracking.close();
    }
}
