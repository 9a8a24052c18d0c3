// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.agrona.concurrent.NanoClock;
import org.markcast.config.Mark;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.sa.Sa;
import org.markcast.linux.LinuxException;
import org.markcast.linux.NetfilterFamily;
import org.markcast.linux.NetfilterNews.News;
import org.markcast.linux.NftablesException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the kernel's rules equal to the SAs. What changes is applied as one transaction: elements where the rules stay, the whole
 * tables where they do not, or where the kernel holds something else than was thought. Tables are replaced within one
 * transaction, so that no packet meets a moment without rules; that is also how what an earlier run left is taken over.
 *
 * <p>Nothing here fails for the caller: if the rules cannot be had, one log line and {@link #problem()} say why, and it is tried
 * again. Belongs to the control thread.
 */
public final class KernelRules implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(KernelRules.class);

    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(10);

    /** For as long the guard watches the mark of an SA that is gone: copies with it may still be on their way. */
    private static final long GUARD_LINGER_NS = TimeUnit.SECONDS.toNanos(60);

    private final NanoClock clock;
    private final Supplier<Kernel> opener;
    private final Map<Mark, Long> goneNs = new HashMap<>();

    private boolean hasGuard;
    private Set<Mark> marks = Set.of();
    private Map<String, SaElements> sas = Map.of();
    private Collection<Integer> broadcasts = List.of();
    private Kernel kernel;
    private MarkTables installed;
    private boolean isIp6Installed;
    private String problem;
    private long retryNs;
    private long leaksBefore;
    private long leaksSeen;

    KernelRules(boolean hasGuard, NanoClock clock, Supplier<Kernel> opener) {
        this.hasGuard = hasGuard;
        this.clock = clock;
        this.opener = opener;
    }

    /**
     * For the network namespace of the calling thread. Nothing is installed before the first {@link #apply}.
     *
     * @param hasGuard whether the leak guard is wanted
     */
    public static KernelRules open(boolean hasGuard, NanoClock clock) {
        final KernelRules rules = new KernelRules(hasGuard, clock, LinuxKernel::open);
        rules.attempt(rules::connect);
        return rules;
    }

    /** Whether the leak guard is wanted from the next {@link #apply} on. */
    public void guard(boolean isWanted) {
        hasGuard = isWanted;
    }

    /**
     * Has the kernel follow.
     *
     * @param latest all SAs; where two claim the same packets, the later one in the list gets them
     * @param latestBroadcasts broadcast addresses of the LANs, in host order
     */
    public void apply(List<Sa> latest, Collection<Integer> latestBroadcasts) {
        follow(latest);
        broadcasts = List.copyOf(latestBroadcasts);
        final Set<Mark> present = new HashSet<>();
        sas.values().forEach(sa -> present.add(sa.sa().markOut()));
        final long nowNs = clock.nanoTime();
        marks.stream().filter(mark -> !present.contains(mark)).forEach(mark -> goneNs.put(mark, nowNs));
        goneNs.keySet().removeAll(present);
        marks = present;
        attempt(this::follow);
    }

    /** One turn: restores what others changed, forgets old marks, tries again what failed. Cheap when there is nothing to do. */
    public void work() {
        if (kernel != null) {
            attempt(this::followNews);
        }
        if (problem != null) {
            if (clock.nanoTime() - retryNs >= 0) {
                attempt(this::install);
            }
        } else if (installed != null) {
            final long oldestNs = clock.nanoTime() - GUARD_LINGER_NS;
            if (goneNs.values().removeIf(sinceNs -> sinceNs - oldestNs <= 0)) {
                attempt(this::follow);
            }
        }
    }

    /** Readable when {@link #work()} has something to do; -1 while the kernel cannot be spoken to. */
    public int fd() {
        return kernel == null ? -1 : kernel.fd();
    }

    /** Why the rules are not in place; empty if they are. */
    public Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    /**
     * How many packets the guard has dropped since the service started. A broadcast packet counts twice: the kernel sends one to
     * the machine itself first (ip_mc_output() in its net/ipv4/ip_output.c).
     */
    public long leaks() {
        if (problem == null && installed != null && hasGuard) {
            attempt(this::readLeaks);
        }
        return leaksBefore + leaksSeen;
    }

    private void follow(List<Sa> latest) {
        final Map<String, SaElements> following = new LinkedHashMap<>();
        for (final Sa sa : latest) {
            final SaElements known = sas.get(sa.name());
            following.put(sa.name(), known != null && known.sa().equals(sa) ? known : elementsOf(sa));
        }
        sas = following;
    }

    private static SaElements elementsOf(Sa sa) {
        final SaElements elements = SaElements.of(sa);
        for (final TrafficSelector selector : elements.unmarked()) {
            LOG.warn(
                    "SA {}: unicast to {} gets no mark, only to whole prefixes and to single ports of single addresses",
                    sa.name(),
                    selector);
        }
        return elements;
    }

    private void attempt(Runnable task) {
        try {
            task.run();
        } catch (LinuxException | NftablesException e) {
            if (!e.getMessage().equals(problem)) {
                LOG.error("the nftables rules are not in place: {}", e.getMessage());
            }
            problem = e.getMessage();
            retryNs = clock.nanoTime() + RETRY_NS;
        }
    }

    private void connect() {
        if (kernel == null) {
            kernel = opener.get();
        }
    }

    private MarkTables wanted() {
        final MarkTablesBuilder builder = new MarkTablesBuilder(sas.values());
        goneNs.keySet().forEach(builder::guard);
        return builder.build(hasGuard, broadcasts);
    }

    private void follow() {
        if (problem != null || installed == null) {
            install();
            return;
        }
        followNews();
        final MarkTables wanted = wanted();
        if (!wanted.shape().equals(installed.shape())) {
            install(wanted);
        } else {
            change(wanted, ElementChanges.between(installed.elements(), wanted.elements()));
        }
    }

    /** A change that the kernel refuses means that it does not hold what we thought. */
    private void change(MarkTables wanted, ElementChanges changes) {
        try {
            if (wanted.shape().isMasked() || !kernel.takes(changes)) {
                runUnlessEmpty(MarkRules.change(installed, wanted));
            } else if (changes.size() > 0) {
                kernel.apply(changes);
            }
            installed = wanted;
        } catch (LinuxException | NftablesException e) {
            LOG.warn("the nftables rules were not as expected ({}): installing them anew", e.getMessage());
            install(wanted);
        }
    }

    private void runUnlessEmpty(String script) {
        if (!script.isEmpty()) {
            kernel.run(script);
        }
    }

    private void install() {
        connect();
        install(wanted());
        if (problem != null) {
            LOG.info("the nftables rules are in place");
        }
        problem = null;
    }

    private void install(MarkTables wanted) {
        if (installed != null && hasGuard) {
            readLeaks();
        }
        kernel.run(MarkRules.installation(wanted, kernel.hasTable(NetfilterFamily.IP6)));
        leaksBefore += leaksSeen; // a new table counts from 0
        leaksSeen = 0;
        installed = wanted;
        if (!isThere()) {
            throw new NftablesException("the table " + MarkTables.TABLE + " vanished while it was installed");
        }
    }

    private boolean isThere() {
        return kernel.hasTable(NetfilterFamily.IP)
                && (!installed.shape().hasIp6() || kernel.hasTable(NetfilterFamily.IP6));
    }

    private void followNews() {
        final News news = kernel.news(); // taken in any case, or the descriptor stays readable
        if (news == News.NONE || installed == null || problem != null) {
            return;
        }
        if (news == News.CHANGED || !isThere()) {
            LOG.warn("somebody else changed the nftables table {}: restoring it", MarkTables.TABLE);
        } else {
            LOG.warn("the nftables ruleset changes faster than can be followed: installing ours anew");
        }
        install(wanted());
    }

    private void readLeaks() {
        leaksSeen = kernel.leaks().orElse(leaksSeen);
    }

    /** Removes the rules. Idempotent. */
    @Override
    public void close() {
        if (kernel == null) {
            return;
        }
        if (installed != null) {
            attempt(() -> kernel.run(MarkRules.removal(kernel.hasTable(NetfilterFamily.IP6))));
        }
        kernel.close();
        kernel = null;
        installed = null;
    }
}
