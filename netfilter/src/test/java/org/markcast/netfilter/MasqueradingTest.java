// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.netfilter.TestMasquerade.pair;
import static org.markcast.netfilter.TestMasquerade.peers;
import static org.markcast.netfilter.TestMasquerade.pool;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.CachedEpochClock;
import org.agrona.concurrent.CachedNanoClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Config;
import org.markcast.config.Masquerade;
import org.markcast.linux.LinuxException;
import org.markcast.linux.NetworkNamespace;

class MasqueradingTest {

    private static final String SERVER = "198.51.100.1";
    private static final Peers CAROL = peers("10.0.0.5", SERVER);
    private static final Peers DAVE = peers("10.0.0.6", SERVER);
    private static final long START_MS = 1_700_000_000_000L;

    @TempDir
    Path directory;

    private final FakeKernel rulesKernel = new FakeKernel();
    private final CachedNanoClock clock = new CachedNanoClock();
    private final CachedEpochClock wallClock = new CachedEpochClock();
    private final KernelRules rules = new KernelRules(true, Config.defaults().connmark(), clock, () -> rulesKernel);

    private FakeClientKernel kernel = new FakeClientKernel();

    @BeforeEach
    void setUp() {
        wallClock.update(START_MS);
    }

    private Masquerading start(Masquerade config) {
        final Masquerading masquerading =
                new Masquerading(config, directory.resolve("leases"), clock, wallClock, () -> kernel);
        install(masquerading);
        return masquerading;
    }

    private void install(Masquerading masquerading) {
        rules.setTables(List.of(masquerading.table()));
        rules.apply(List.of(), List.of());
    }

    private void pass(long seconds) {
        clock.advance(TimeUnit.SECONDS.toNanos(seconds));
        wallClock.advance(TimeUnit.SECONDS.toMillis(seconds));
    }

    private static String addressOf(Masquerading masquerading, String client) {
        return masquerading.clients().stream()
                .filter(one -> one.client().equals(client))
                .findFirst()
                .flatMap(MasqueradedClient::address)
                .orElse("none");
    }

    private String lastScript() {
        return rulesKernel.scripts.get(rulesKernel.scripts.size() - 1);
    }

    @Test
    void shouldAddElementsForWhoAsksAndForgetItsConnections() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        kernel.asking.add(DAVE);

        masquerading.work(rules);
        masquerading.work(rules);

        assertEquals(2, rulesKernel.scripts.size());
        assertTrue(lastScript().startsWith("add element ip markcast_masquerade addresses {"), lastScript());
        assertEquals(List.of(CAROL, DAVE), kernel.forgotten);
    }

    @Test
    void shouldReplaceTheTableWhenTheKernelRefusesTheElements() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        rulesKernel.refusesElements = true;

        masquerading.work(rules);

        assertTrue(lastScript().contains("table ip markcast_masquerade {"), lastScript());
        assertTrue(lastScript().contains("10.0.0.5 . 198.51.100.1 : 203.0.113."), lastScript());
        assertEquals(Optional.empty(), rules.problem());
    }

    @Test
    void shouldNotForgetConnectionsBeforeTheRulesAreThere() {
        rulesKernel.refusal = "Operation not permitted";
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        masquerading.work(rules);
        assertEquals(List.of(), kernel.forgotten);

        rulesKernel.refusal = null;
        pass(10);
        rules.work();
        masquerading.work(rules);
        assertEquals(List.of(CAROL), kernel.forgotten);
        assertTrue(lastScript().contains("10.0.0.5 . 198.51.100.1 : 203.0.113."), lastScript());
    }

    @Test
    void shouldEndALeaseThatIsNotUsed() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        masquerading.work(rules);
        kernel.count(new Peers(CAROL.server(), CAROL.client()), 1, 100);
        for (int i = 0; i <= 360; i++) {
            pass(10);
            masquerading.work(rules);
        }
        assertEquals(List.of(), masquerading.clients());
        assertTrue(
                rulesKernel.scripts.stream()
                        .anyMatch(script -> script.startsWith("delete element ip markcast_masquerade addresses {")),
                lastScript());
    }

    @Test
    void shouldKeepALeaseThatIsUsed() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        masquerading.work(rules);
        final String before = addressOf(masquerading, "10.0.0.5");
        for (int i = 0; i < 720; i++) {
            pass(10);
            kernel.count(new Peers(CAROL.server(), CAROL.client()), 1 + i / 300, 100);
            masquerading.work(rules);
        }
        assertEquals(before, addressOf(masquerading, "10.0.0.5"));
        assertEquals(2, rulesKernel.scripts.size());
    }

    @Test
    void shouldGoOnWithTheLeasesOfTheLastRun() {
        final Masquerading first = start(pool(2));
        kernel.asking.add(CAROL);
        kernel.asking.add(DAVE);
        first.work(rules);
        final String carols = addressOf(first, "10.0.0.5");
        final String daves = addressOf(first, "10.0.0.6");

        kernel = new FakeClientKernel(); // killed: not closed
        pass(600);
        final Masquerading second = start(pool(2));

        assertEquals(carols, addressOf(second, "10.0.0.5"));
        assertEquals(daves, addressOf(second, "10.0.0.6"));
        assertTrue(second.table().text().contains("10.0.0.5 . 198.51.100.1 : " + carols));
        second.work(rules);
        second.work(rules);
        assertEquals(List.of("10.0.0.5 at " + carols + ", 10.0.0.6 at " + daves), kernel.thoroughly);
        assertEquals(List.of(), kernel.forgotten);
    }

    @Test
    void shouldNotGoOnWithLeasesThatEndedMeanwhile() {
        final Masquerading first = start(pool(2));
        kernel.asking.add(CAROL);
        first.work(rules);
        first.close();
        assertTrue(kernel.isClosed);

        pass(3600 + 61);
        assertEquals(List.of(), start(pool(2)).clients());
    }

    @Test
    void shouldIgnoreLinesThatAreNoLeases() throws IOException {
        Files.writeString(
                directory.resolve("leases"),
                "\nx\n10.0.0.5 198.51.100.1 203.0.113.11 " + START_MS + " 0\n10.0.0.6 carol 203.0.113.10 1 2\n");
        assertEquals("203.0.113.11", addressOf(start(pool(2)), "10.0.0.5"));
    }

    @Test
    void shouldServeThoughLeasesCannotBeRemembered() {
        final Masquerading masquerading =
                new Masquerading(pool(2), directory.resolve("absent/leases"), clock, wallClock, () -> kernel);
        install(masquerading);
        kernel.asking.add(CAROL);
        masquerading.work(rules);
        assertTrue(lastScript().startsWith("add element "), lastScript());
    }

    @Test
    void shouldServePairsWhereTheKernelNeverTells() {
        final Masquerading masquerading = new Masquerading(
                pool(2, pair("10.0.0.5", SERVER, "203.0.113.9")), directory.resolve("leases"), clock, wallClock, () -> {
                    throw linuxException();
                });
        install(masquerading);
        masquerading.work(rules);
        assertTrue(masquerading.problem().isPresent());
        assertTrue(lastScript().contains("10.0.0.5 . 198.51.100.1 : 203.0.113.9"), lastScript());
        assertFalse(masquerading.table().text().contains("drop"), lastScript());
    }

    @Test
    void shouldAskNobodyWhileTheKernelDoesNotTell() {
        final Masquerading masquerading = start(pool(2));
        final FakeClientKernel broken = kernel;
        broken.failure = linuxException();
        kernel = new FakeClientKernel();

        masquerading.work(rules);
        assertTrue(masquerading.problem().isPresent());
        assertTrue(broken.isClosed);
        assertFalse(lastScript().contains("drop"), lastScript());

        pass(10);
        kernel.asking.add(CAROL);
        masquerading.work(rules);
        assertEquals(Optional.empty(), masquerading.problem());
        assertTrue(lastScript().contains("drop"), lastScript());
        assertTrue(lastScript().contains("10.0.0.5 . 198.51.100.1 : "), lastScript());
    }

    private static LinuxException linuxException() {
        return assertThrows(LinuxException.class, () -> NetworkNamespace.open(Path.of("/nowhere")));
    }

    @Test
    void shouldFollowAnotherConfiguration() {
        final Masquerading masquerading = start(pool(0, pair("10.0.0.5", SERVER, "203.0.113.9")));
        masquerading.work(rules);
        kernel.thoroughly.clear();
        final TableText before = masquerading.table();

        masquerading.configure(pool(0, pair("10.0.0.5", SERVER, "203.0.113.9")));
        assertEquals(before, masquerading.table());

        masquerading.configure(
                pool(2, pair("10.0.0.5", SERVER, "203.0.113.9"), pair("10.0.0.6", SERVER, "203.0.113.8")));
        install(masquerading);
        masquerading.work(rules);
        assertEquals(List.of("10.0.0.6 at 203.0.113.8"), kernel.thoroughly);
        assertEquals("203.0.113.8", addressOf(masquerading, "10.0.0.6"));

        kernel.thoroughly.clear();
        masquerading.configure(
                pool(2, pair("10.0.0.5", SERVER, "203.0.113.9"), pair("10.0.0.6", SERVER, "203.0.113.7")));
        install(masquerading);
        masquerading.work(rules);
        assertEquals(List.of("10.0.0.6 at 203.0.113.8, 10.0.0.6 at 203.0.113.7"), kernel.thoroughly);
        assertEquals(List.of(), kernel.forgotten);
    }
}
