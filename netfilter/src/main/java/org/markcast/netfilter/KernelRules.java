// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.agrona.concurrent.NanoClock;
import org.markcast.config.Connmark;
import org.markcast.config.Mark;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.sa.Sa;
import org.markcast.linux.LinuxException;
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
    private final Tally leaks = new Tally(Table.MARKS, List.of(MarkRules.LEAKS));
    private final Tally connections = new Tally(Table.CONNMARK, List.of(MarkRules.LEAKS, ConnmarkRules.ORPHANS));
    private final Tally l2tp = new Tally(Table.L2TP, List.of(ConnmarkRules.ORPHANS, ConnmarkRules.FLOODS));
    private final Tally verdicts = new Tally(
            Table.FIREWALL,
            Stream.of(FirewallVerdict.values()).map(FirewallVerdict::counter).toList());

    private final Map<Table, TableListener> listeners = new EnumMap<>(Table.class);

    private boolean hasGuard;
    private Connmark connmark;
    private MarkTables tables;
    private List<TableText> texts = List.of();
    private Kernel kernel;

    /** The shape of what was installed last; null if nothing was. */
    private MarkTables.Shape installed;

    private List<TableText> installedTexts = List.of();
    private String problem;
    private long retryNs;
    private MarkFile marks; // null: nothing is remembered
    private boolean isComplete = true;
    private String recallProblem;
    private long recallNs;

    KernelRules(boolean hasGuard, Connmark connmark, NanoClock clock, Supplier<Kernel> opener) {
        this.hasGuard = hasGuard;
        this.connmark = connmark;
        this.clock = clock;
        this.opener = opener;
        tables = new MarkTables(hasGuard, connmark);
        recallNs = clock.nanoTime();
        if (connmark.l2tp()) {
            tables.connections().withholdZones();
        }
    }

    /**
     * For the network namespace of the calling thread. Nothing is installed before the first {@link #apply}.
     *
     * @param hasGuard whether the leak guard is wanted
     * @param connmark whether and how connections find back to their SAs
     */
    public static KernelRules open(boolean hasGuard, Connmark connmark, NanoClock clock) {
        final KernelRules rules = new KernelRules(hasGuard, connmark, clock, LinuxKernel::open);
        rules.attempt(rules::connect);
        return rules;
    }

    /** What is wanted from the next {@link #apply} on; the parameters are those of {@link #open}. */
    public void configure(boolean wantsGuard, Connmark latest) {
        hasGuard = wantsGuard;
        connmark = latest;
    }

    /**
     * Remembers in a file who has which mark, from run to run: a mark may have another owner when the service starts again, who must
     * not get what belongs to connections of the one before. Before the first {@link #apply}.
     */
    public void remember(Path file) {
        marks = new MarkFile(file);
        marks.read().forEach(owner -> tables.connections().remember(owner, clock.nanoTime()));
    }

    /**
     * Whether the list of the next {@link #apply} names all SAs that there are, as is assumed until this is called. While it does not,
     * what belongs to a mark of an earlier run reaches nobody.
     */
    public void setComplete(boolean latest) {
        isComplete = latest;
    }

    /** The tables that are wanted beside those of the SAs from the next {@link #apply} on, at most one text for each. */
    public void setTables(List<TableText> latest) {
        texts = List.copyOf(latest);
    }

    /** Who is told when one of the tables of {@link #setTables} is put in place anew; {@code null} for nobody. */
    void listen(Table table, TableListener listener) {
        if (listener == null) {
            listeners.remove(table);
        } else {
            listeners.put(table, listener);
        }
    }

    /** Has one of the tables of {@link #setTables} follow at once. */
    public void replace(TableText latest) {
        want(latest);
        if (problem == null && installed != null) {
            attempt(() -> {
                followNews();
                replaceTexts();
            });
        }
    }

    private void want(TableText latest) {
        texts = texts.stream()
                .map(text -> text.table() == latest.table() ? latest : text)
                .toList();
    }

    /**
     * Has one of the tables of {@link #setTables} follow at once, at less cost than replacing it.
     *
     * @param latest what it is from now on
     * @param difference the commands that lead there from what it was
     */
    public void change(TableText latest, String difference) {
        if (problem == null && installed != null) {
            attempt(this::followNews);
        }
        final boolean isInstalled = problem == null && installed != null && installedTexts.equals(texts);
        want(latest);
        if (isInstalled) {
            attempt(() -> runOrReplace(difference));
        }
    }

    private void runOrReplace(String difference) {
        try {
            runUnlessEmpty(difference);
            installedTexts = texts;
        } catch (LinuxException | NftablesException e) {
            LOG.warn("the nftables rules were not as expected ({}): installing them anew", e.getMessage());
            replaceAllTables();
        }
    }

    /**
     * Has the kernel follow.
     *
     * @param latest all SAs; where two claim the same packets, the later one in the list gets them
     * @param latestBroadcasts broadcast addresses of the LANs, in host order
     */
    public void apply(List<Sa> latest, Collection<Integer> latestBroadcasts) {
        if (kernel == null) {
            attempt(this::connect);
        }
        recallZones();
        final MarkTables following =
                tables.follows(hasGuard, connmark) ? tables : tables.successor(hasGuard, connmark, clock.nanoTime());
        following.follow(latest, latestBroadcasts, clock.nanoTime()).forEach(come -> warn(come, following));
        following.connections().takeCrowded().forEach(this::warnOfCrowd);
        if (isComplete) {
            following.connections().endAbsence();
        }
        tables = following;
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
        } else if (installed != null && (tables.forget(clock.nanoTime() - GUARD_LINGER_NS) || isRecallDue())) {
            attempt(this::follow);
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
        if (problem == null && installed != null && installed.hasGuard()) {
            attempt(this::readCounters);
        }
        return leaks.of(MarkRules.LEAKS) + connections.of(MarkRules.LEAKS);
    }

    /** How many packets for or from clients that have no SA were dropped since the service started. */
    public long orphans() {
        readConnectionCounters();
        return connections.of(ConnmarkRules.ORPHANS) + l2tp.of(ConnmarkRules.ORPHANS);
    }

    /** How many packets of L2TP clients with too many connections were dropped since the service started. */
    public long floods() {
        readConnectionCounters();
        return l2tp.of(ConnmarkRules.FLOODS);
    }

    private void readConnectionCounters() {
        if (problem == null
                && installed != null
                && installed.connections().config().enabled()) {
            attempt(this::readCounters);
        }
    }

    /** How many packets the firewall has met since the service started, by what it said of them. */
    public Map<FirewallVerdict, Long> verdicts() {
        if (problem == null && has(Table.FIREWALL, installedTexts)) {
            attempt(() -> verdicts.read(kernel));
        }
        final Map<FirewallVerdict, Long> packets = new EnumMap<>(FirewallVerdict.class);
        for (final FirewallVerdict verdict : FirewallVerdict.values()) {
            packets.put(verdict, verdicts.of(verdict.counter()));
        }
        return packets;
    }

    private static boolean has(Table table, List<TableText> texts) {
        return texts.stream().anyMatch(text -> text.table() == table);
    }

    /** The conntrack zone that tells an L2TP client from others; empty if it has none. */
    public OptionalInt zone(Sa sa) {
        return tables.connections().zone(sa);
    }

    private static void warn(SaElements elements, MarkTables tables) {
        if (tables.connections().lackMark(elements.sa())) {
            LOG.warn(
                    "SA {}: connections whose SA is gone get the mark {}: its own do not find back to it",
                    elements.sa().name(),
                    elements.sa().markIn());
        }
        warnOfZone(elements.sa(), tables);
        for (final TrafficSelector selector : elements.unmarked()) {
            LOG.warn(
                    "SA {}: unicast to {} gets no mark, only to whole prefixes and to single ports of single addresses",
                    elements.sa().name(),
                    selector);
        }
    }

    private void warnOfCrowd(InetAddress address, int clients) {
        LOG.error(
                "{} L2TP clients have the address {}, and there are {} ports for them: who comes last is not answered until"
                        + " another one has gone; widen connmark.l2tp_ports, now {}",
                clients,
                address.getHostAddress(),
                connmark.l2tpPorts().size(),
                connmark.l2tpPorts());
    }

    private static void warnOfZone(Sa sa, MarkTables tables) {
        if (tables.connections().lackZone(sa)) {
            LOG.error(
                    "no conntrack zone is left for SA {}: it waits until another L2TP client has gone; widen"
                            + " connmark.l2tp_zones, now {}",
                    sa.name(),
                    tables.connections().config().l2tpZones());
        }
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

    /**
     * Clients of an earlier run go on in their zones. As long as it is not known which these are, nobody gets one: two clients in one
     * would get each other's packets.
     */
    private void recallZones() {
        if (kernel == null || !isRecallDue()) {
            return;
        }
        try {
            kernel.recallZones(tables.connections()::recall);
            tables.connections().handOutZones();
            tables.sas().forEach(sa -> warnOfZone(sa, tables));
            if (recallProblem != null) {
                LOG.info("L2TP clients get their conntrack zones");
            }
            recallProblem = null;
        } catch (LinuxException | NftablesException e) {
            if (!e.getMessage().equals(recallProblem)) {
                LOG.error("L2TP clients get no answers until their conntrack zones are known: {}", e.getMessage());
            }
            recallProblem = e.getMessage();
            recallNs = clock.nanoTime() + RETRY_NS;
        }
    }

    private boolean isRecallDue() {
        return tables.connections().areZonesWithheld() && clock.nanoTime() - recallNs >= 0;
    }

    private void follow() {
        if (problem != null || installed == null) {
            install();
            return;
        }
        followNews();
        recallZones();
        disown(tables.connections().takeHandedOn());
        rememberMarks();
        if (tables.changes() == null || !tables.shape().equals(installed)) {
            replaceTables();
        } else {
            replaceTexts();
            change(tables.changes());
        }
        disown(tables.connections().takeOrphaned());
    }

    private void disown(List<Mark> marks) {
        if (marks.isEmpty()) {
            return;
        }
        try {
            kernel.disownConnections(marks, Connections.NOBODY);
        } catch (LinuxException | NftablesException e) {
            LOG.warn("connections of {} SAs that are gone may find others: {}", marks.size(), e.getMessage());
            tables.connections().leave(marks);
        }
    }

    /** Before the first packet of a new owner passes, and not before the former one's connections have lost the mark. */
    private void rememberMarks() {
        if (marks != null && tables.connections().takeOwnersChanged()) {
            marks.write(tables.connections().owners(tables.sas()));
        }
    }

    /** A change that the kernel refuses means that it does not hold what we thought. */
    private void change(ElementChanges changes) {
        try {
            if (installed.isMasked() || !kernel.takes(changes)) {
                runUnlessEmpty(MarkRules.change(changes, installed));
            } else if (changes.size() > 0) {
                kernel.apply(changes);
            }
            tables.settle();
        } catch (LinuxException | NftablesException e) {
            LOG.warn("the nftables rules were not as expected ({}): installing them anew", e.getMessage());
            replaceAllTables();
        }
    }

    private void replaceTexts() {
        final String replacement = TableText.replacement(installedTexts, texts, Set.of());
        if (replacement.isEmpty()) {
            return;
        }
        final List<TableText> before = installedTexts;
        verdicts.read(kernel);
        concerned(before).forEach(TableListener::beforeInstallation);
        try {
            kernel.run(replacement);
        } catch (LinuxException | NftablesException e) {
            LOG.warn("the nftables rules were not as expected ({}): installing them anew", e.getMessage());
            replaceAllTables();
            return;
        }
        verdicts.replaced(before, texts);
        installedTexts = texts;
        tellInstalled(before);
    }

    /** Those whose tables are about to be installed. */
    private List<TableListener> concerned(List<TableText> before) {
        return texts.stream()
                .filter(text -> listeners.containsKey(text.table()) && !before.contains(text))
                .map(text -> listeners.get(text.table()))
                .toList();
    }

    private void tellInstalled(List<TableText> before) {
        for (final TableText text : texts) {
            if (listeners.containsKey(text.table()) && !before.contains(text)) {
                listeners.get(text.table()).onInstalled(!has(text.table(), before));
            }
        }
    }

    private void runUnlessEmpty(String script) {
        if (!script.isEmpty()) {
            kernel.run(script);
        }
    }

    private void install() {
        connect();
        recallZones();
        disown(tables.connections().takeHandedOn());
        rememberMarks();
        replaceAllTables();
        disown(tables.connections().takeOrphaned());
        if (problem != null) {
            LOG.info("the nftables rules are in place");
        }
        problem = null;
    }

    private void replaceAllTables() {
        installedTexts = List.of();
        replaceTables();
    }

    private void replaceTables() {
        final List<TableText> before = installedTexts;
        if (installed != null) {
            readCounters();
            verdicts.read(kernel);
        }
        concerned(before).forEach(TableListener::beforeInstallation);
        final Set<Table> there = there();
        kernel.run(MarkRules.installation(tables, there) + TableText.replacement(before, texts, there));
        leaks.restart();
        connections.restart();
        l2tp.restart();
        verdicts.replaced(before, texts);
        installed = tables.shape();
        installedTexts = texts;
        tellInstalled(before);
        tables.settle();
        if (!isThere()) {
            throw new NftablesException("the tables " + installedTables() + " vanished while they were installed");
        }
    }

    private boolean isThere() {
        return there().containsAll(installedTables());
    }

    private Set<Table> installedTables() {
        final Set<Table> all = installed.tables();
        installedTexts.forEach(text -> all.add(text.table()));
        return all;
    }

    /** Our tables that the kernel has. */
    private Set<Table> there() {
        final Set<Table> there = EnumSet.allOf(Table.class);
        there.removeIf(table -> !kernel.hasTable(table));
        return there;
    }

    private void followNews() {
        final News news = kernel.news(); // taken in any case, or the descriptor stays readable
        if (news == News.NONE || installed == null || problem != null) {
            return;
        }
        if (news == News.CHANGED || !isThere()) {
            LOG.warn("somebody else changed the nftables tables {}: restoring them", installedTables());
        } else {
            LOG.warn("the nftables ruleset changes faster than can be followed: installing ours anew");
        }
        replaceAllTables();
    }

    private void readCounters() {
        leaks.read(kernel);
        connections.read(kernel);
        l2tp.read(kernel);
    }

    /** Removes the rules. Idempotent. */
    @Override
    public void close() {
        if (kernel == null) {
            return;
        }
        if (installed != null) {
            attempt(() -> kernel.run(MarkRules.removal(there())));
        }
        kernel.close();
        kernel = null;
        installed = null;
    }
}
