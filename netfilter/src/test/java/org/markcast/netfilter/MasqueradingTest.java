// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.netfilter.TestMasquerade.pair;
import static org.markcast.netfilter.TestMasquerade.peers;
import static org.markcast.netfilter.TestMasquerade.pool;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
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
import org.markcast.linux.NetfilterNews.News;
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

    private KernelRules rules = rules();
    private FakeClientKernel kernel = new FakeClientKernel();

    @BeforeEach
    void setUp() {
        wallClock.update(START_MS);
    }

    private KernelRules rules() {
        return new KernelRules(true, Config.defaults().connmark(), clock, () -> rulesKernel);
    }

    private Masquerading start(Masquerade config) {
        final Masquerading masquerading =
                new Masquerading(config, directory.resolve("leases"), rules, clock, wallClock, kernel);
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

    private static MasqueradedClient client(Masquerading masquerading, String client) {
        return masquerading.clients().stream()
                .filter(one -> one.client().equals(client))
                .findFirst()
                .orElseThrow();
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

        masquerading.work();
        masquerading.work();

        assertEquals(2, rulesKernel.scripts.size());
        assertTrue(lastScript().startsWith("add element ip markcast_masquerade addresses {"), lastScript());
        assertEquals(List.of(CAROL, DAVE), kernel.forgotten);
        assertFalse(masquerading.table().isRendered(), "all leases were written down to change two");
    }

    @Test
    void shouldLeaveTheConnectionsOfWhoWaitsAlone() {
        final Masquerading masquerading = start(pool(1));
        kernel.asking.add(CAROL);
        masquerading.work();
        kernel.forgotten.clear();

        kernel.asking.add(DAVE);
        masquerading.work();
        assertEquals(List.of(), kernel.forgotten);

        kernel.count(new Peers(DAVE.server(), DAVE.client()), 1, 100);
        pass(60);
        masquerading.work();
        masquerading.work();
        assertEquals(List.of("10.0.0.5 at 203.0.113.10, 10.0.0.6 at 203.0.113.10"), kernel.thoroughly);
    }

    @Test
    void shouldReplaceTheTableWhenTheKernelRefusesTheElements() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        rulesKernel.refusesElements = true;

        masquerading.work();

        assertTrue(lastScript().contains("table ip markcast_masquerade {"), lastScript());
        assertTrue(lastScript().contains("10.0.0.5 . 198.51.100.1 : 203.0.113."), lastScript());
        assertEquals(Optional.empty(), rules.problem());
    }

    @Test
    void shouldNotForgetConnectionsBeforeTheRulesAreThere() {
        rulesKernel.refusal = "Operation not permitted";
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        masquerading.work();
        assertEquals(List.of(), kernel.forgotten);

        rulesKernel.refusal = null;
        pass(10);
        rules.work();
        masquerading.work();
        assertEquals(List.of(CAROL), kernel.forgotten);
        assertTrue(lastScript().contains("10.0.0.5 . 198.51.100.1 : 203.0.113."), lastScript());
    }

    @Test
    void shouldEndALeaseThatIsNotUsed() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        masquerading.work();
        kernel.count(new Peers(CAROL.server(), CAROL.client()), 1, 100);
        for (int i = 0; i <= 360; i++) {
            pass(10);
            masquerading.work();
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
        masquerading.work();
        final String before = addressOf(masquerading, "10.0.0.5");
        for (int i = 0; i < 720; i++) {
            pass(10);
            kernel.count(new Peers(CAROL.server(), CAROL.client()), 1 + i / 300, 100);
            masquerading.work();
        }
        assertEquals(before, addressOf(masquerading, "10.0.0.5"));
        assertEquals(2, rulesKernel.scripts.size());
    }

    @Test
    void shouldGoOnWithTheLeasesOfTheLastRun() {
        final Masquerading first = start(pool(2));
        kernel.asking.add(CAROL);
        kernel.asking.add(DAVE);
        first.work();
        final String carols = addressOf(first, "10.0.0.5");
        final String daves = addressOf(first, "10.0.0.6");

        kernel = new FakeClientKernel(); // killed: not closed
        rules = rules();
        pass(600);
        final Masquerading second = start(pool(2));

        assertEquals(carols, addressOf(second, "10.0.0.5"));
        assertEquals(daves, addressOf(second, "10.0.0.6"));
        assertTrue(second.table().text().contains("10.0.0.5 . 198.51.100.1 : " + carols));
        second.work();
        second.work();
        assertEquals(List.of("10.0.0.5 at " + carols + ", 10.0.0.6 at " + daves), kernel.mistranslated);
        assertEquals(List.of(), kernel.thoroughly);
        assertEquals(List.of(), kernel.forgotten);
    }

    /** However many there are already. */
    @Test
    void shouldAddLeasesToThoseThatItRemembers() throws IOException {
        final Masquerading first = start(pool(2));
        kernel.asking.add(CAROL);
        first.work();
        final Path file = directory.resolve("leases");
        final Object before =
                Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        kernel.asking.add(DAVE);
        first.work();
        assertEquals(
                before, Files.readAttributes(file, BasicFileAttributes.class).fileKey());
        assertEquals(2, Files.readAllLines(file).size());
    }

    @Test
    void shouldNotGoOnWithLeasesThatEndedMeanwhile() {
        final Masquerading first = start(pool(2));
        kernel.asking.add(CAROL);
        first.work();
        first.close();
        assertEquals(0, kernel.open);

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
                new Masquerading(pool(2), directory.resolve("absent/leases"), rules, clock, wallClock, kernel);
        install(masquerading);
        kernel.asking.add(CAROL);
        masquerading.work();
        assertTrue(lastScript().startsWith("add element "), lastScript());
    }

    @Test
    void shouldServePairsWhereTheKernelNeverTells() {
        kernel.askersFailure = linuxException();
        kernel.trafficFailure = linuxException();
        kernel.trackingFailure = linuxException();
        final Masquerading masquerading = start(pool(2, pair("10.0.0.5", SERVER, "203.0.113.9")));
        masquerading.work();
        assertEquals(3, masquerading.problems().size());
        assertTrue(lastScript().contains("10.0.0.5 . 198.51.100.1 : 203.0.113.9"), lastScript());
        assertFalse(masquerading.table().text().contains("drop"), lastScript());
        assertEquals(0, kernel.open);
    }

    @Test
    void shouldAskNobodyWhileTheKernelDoesNotTell() {
        final Masquerading masquerading = start(pool(2));
        kernel.askersFailure = linuxException();

        masquerading.work();
        assertEquals(1, masquerading.problems().size());
        assertTrue(masquerading.problems().get(0).startsWith("new clients get no address: "));
        assertFalse(lastScript().contains("drop"), lastScript());

        kernel.askersFailure = null;
        kernel.asking.add(CAROL);
        masquerading.work();
        assertEquals(1, kernel.asking.size()); // not tried again so soon
        pass(10);
        masquerading.work();
        assertEquals(List.of(), masquerading.problems());
        assertTrue(lastScript().contains("drop"), lastScript());
        assertTrue(lastScript().contains("10.0.0.5 . 198.51.100.1 : "), lastScript());
    }

    @Test
    void shouldCountForgetAndEndLeasesWhileTheKernelDoesNotTellOfNewClients() {
        final Masquerading masquerading = start(pool(2, pair("10.0.0.6", SERVER, "203.0.113.9")));
        kernel.asking.add(CAROL);
        kernel.trackingFailure = linuxException();
        masquerading.work();
        kernel.trackingFailure = null;
        kernel.askersFailure = linuxException();
        masquerading.work();

        kernel.count(new Peers(DAVE.server(), DAVE.client()), 7, 700);
        pass(10);
        masquerading.work();
        assertEquals(7, client(masquerading, "10.0.0.6").packetsIn());
        assertEquals(List.of(CAROL), kernel.forgotten);
        pass(60);
        masquerading.work();
        assertEquals("none", addressOf(masquerading, "10.0.0.5"));
        assertEquals(1, masquerading.problems().size());
    }

    @Test
    void shouldNotEndLeasesThatNobodyCanCount() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        masquerading.work();
        kernel.count(new Peers(CAROL.server(), CAROL.client()), 1, 100);
        pass(10);
        masquerading.work();
        final String before = addressOf(masquerading, "10.0.0.5");

        kernel.trafficFailure = linuxException();
        for (int i = 0; i < 720; i++) {
            pass(10);
            masquerading.work();
        }
        assertEquals(before, addressOf(masquerading, "10.0.0.5"));
        assertTrue(masquerading.problems().get(0).startsWith("packets are not counted and leases do not end: "));
        kernel.trafficFailure = null;
        pass(10);
        masquerading.work();
        assertEquals(before, addressOf(masquerading, "10.0.0.5"));
        assertEquals(List.of(), masquerading.problems());
        assertEquals(before, addressOf(start(pool(2)), "10.0.0.5")); // nor after a restart

        for (int i = 0; i < 360; i++) {
            pass(10);
            masquerading.work();
        }
        assertEquals("none", addressOf(masquerading, "10.0.0.5"));
    }

    @Test
    void shouldNotEndLeasesWhileThereAreNoRules() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        masquerading.work();
        rulesKernel.refusal = "Operation not permitted";
        rulesKernel.news = News.CHANGED;
        for (int i = 0; i < 720; i++) {
            pass(10);
            rules.work();
            masquerading.work();
        }
        assertNotEquals("none", addressOf(masquerading, "10.0.0.5"));

        rulesKernel.refusal = null;
        for (int i = 0; i < 7; i++) {
            pass(10);
            rules.work();
            masquerading.work();
        }
        assertEquals("none", addressOf(masquerading, "10.0.0.5")); // it was never answered
    }

    @Test
    void shouldForgetLaterWhatItCannotForgetNow() {
        final Masquerading masquerading = start(pool(2, pair("10.0.0.6", SERVER, "203.0.113.9")));
        kernel.asking.add(CAROL);
        kernel.trackingFailure = linuxException();
        masquerading.work();
        assertTrue(masquerading.problems().get(0).startsWith("connections may keep a former address: "));
        kernel.trackingFailure = null;
        masquerading.work();
        assertEquals(List.of(), kernel.forgotten);

        pass(10);
        masquerading.work();
        masquerading.work();
        assertEquals(List.of(CAROL), kernel.forgotten);
        assertEquals(
                List.of("10.0.0.6 at 203.0.113.9, 10.0.0.5 at " + addressOf(masquerading, "10.0.0.5")),
                kernel.mistranslated);
        assertEquals(List.of(), masquerading.problems());
    }

    @Test
    void shouldCountOnWhenTheTableIsReplaced() {
        final Masquerading masquerading = start(pool(2, pair("10.0.0.6", SERVER, "203.0.113.9")));
        kernel.count(DAVE, 5, 500);
        masquerading.work();
        masquerading.configure(TestMasquerade.masquerade(List.of("wan0"), 2, pair("10.0.0.6", SERVER, "203.0.113.9")));
        kernel.count(DAVE, 8, 800); // until the very last
        rulesKernel.effect = kernel.counts::clear;
        install(masquerading);

        kernel.count(DAVE, 8, 900); // as many as before
        assertEquals(16, client(masquerading, "10.0.0.6").packetsOut());
        assertEquals(1700, client(masquerading, "10.0.0.6").bytesOut());
    }

    /** What it was sent while it waited came by the general address. */
    @Test
    void shouldEndTheLeaseOfWhoWaitedAndWasNeverAnsweredAfterAMinute() {
        final Masquerading masquerading = start(pool(1));
        kernel.asking.add(CAROL);
        kernel.asking.add(DAVE);
        kernel.count(DAVE, 7, 700);
        kernel.count(new Peers(DAVE.server(), DAVE.client()), 7, 700);
        masquerading.work();
        assertEquals("none", addressOf(masquerading, "10.0.0.6"));

        masquerading.configure(pool(2));
        rulesKernel.effect = kernel.counts::clear;
        install(masquerading);
        assertEquals("203.0.113.11", addressOf(masquerading, "10.0.0.6"));
        assertEquals(0, client(masquerading, "10.0.0.6").packetsIn());

        pass(60);
        masquerading.work();
        assertEquals("none", addressOf(masquerading, "10.0.0.6"));
    }

    /** Others' changes are seen at once, but what was counted since the last look is gone with the table. */
    @Test
    void shouldNotTakeAClientForIdleWhoseTableWasReplaced() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        masquerading.work();
        kernel.count(new Peers(CAROL.server(), CAROL.client()), 3, 300);
        pass(10);
        masquerading.work();

        pass(9);
        kernel.counts.clear();
        rulesKernel.news = News.CHANGED;
        rules.work();
        pass(3591);
        masquerading.work();
        assertEquals(3, client(masquerading, "10.0.0.5").packetsIn());

        pass(10);
        kernel.count(new Peers(CAROL.server(), CAROL.client()), 3, 300);
        masquerading.work();
        pass(3599);
        masquerading.work();
        assertEquals(6, client(masquerading, "10.0.0.5").packetsIn());
        pass(10);
        masquerading.work();
        assertEquals("none", addressOf(masquerading, "10.0.0.5"));
    }

    @Test
    void shouldForgetWhatBeganWhileTheTableWasGone() {
        final Masquerading masquerading = start(pool(2));
        kernel.asking.add(CAROL);
        masquerading.work();
        masquerading.work();
        assertEquals(List.of(), kernel.mistranslated);

        rulesKernel.news = News.CHANGED;
        rules.work();
        masquerading.work();
        assertEquals(List.of("10.0.0.5 at " + addressOf(masquerading, "10.0.0.5")), kernel.mistranslated);
        assertEquals(List.of(), kernel.thoroughly);
    }

    @Test
    void shouldForgetTheConnectionsOfAllWhenNothingIsWantedAnyMore() {
        final Masquerading masquerading = start(pool(2, pair("10.0.0.6", SERVER, "203.0.113.9")));
        kernel.asking.add(CAROL);
        masquerading.work();
        masquerading.work();
        kernel.thoroughly.clear();
        final String carols = addressOf(masquerading, "10.0.0.5");

        masquerading.configure(pool(0));
        assertFalse(masquerading.isDone());
        rules.setTables(List.of());
        rules.apply(List.of(), List.of());
        kernel.asking.add(CAROL); // from before
        masquerading.work();
        assertEquals(List.of("10.0.0.6 at 203.0.113.9, 10.0.0.5 at " + carols), kernel.thoroughly);
        assertTrue(masquerading.isDone());
        assertEquals(List.of(), masquerading.clients());
    }

    @Test
    void shouldAskNobodyWhenThereAreTooMany() {
        final Masquerading masquerading = start(pool(2));
        for (int i = 0; i < Leases.MAX; i++) {
            kernel.asking.add(new Peers(CAROL.client(), CAROL.server() + i));
        }
        masquerading.work();
        assertFalse(lastScript().contains("drop"), "drops");
        assertTrue(masquerading.problems().get(0).startsWith("new clients get no address until fewer than 9500 "));
        final int before = rulesKernel.scripts.size();

        kernel.asking.add(DAVE); // still full
        masquerading.work();
        assertEquals(before, rulesKernel.scripts.size());

        pass(60);
        masquerading.work();
        assertTrue(lastScript().contains("drop"), "does not ask");
        assertEquals(List.of(), masquerading.problems());
    }

    private static LinuxException linuxException() {
        return assertThrows(LinuxException.class, () -> NetworkNamespace.open(Path.of("/nowhere")));
    }

    @Test
    void shouldFollowAnotherConfiguration() {
        final Masquerading masquerading = start(pool(0, pair("10.0.0.5", SERVER, "203.0.113.9")));
        masquerading.work();
        kernel.thoroughly.clear();
        final TableText before = masquerading.table();

        masquerading.configure(pool(0, pair("10.0.0.5", SERVER, "203.0.113.9")));
        assertEquals(before, masquerading.table());

        masquerading.configure(
                pool(2, pair("10.0.0.5", SERVER, "203.0.113.9"), pair("10.0.0.6", SERVER, "203.0.113.8")));
        install(masquerading);
        masquerading.work();
        assertEquals(List.of("10.0.0.6 at 203.0.113.8"), kernel.thoroughly);
        assertEquals("203.0.113.8", addressOf(masquerading, "10.0.0.6"));

        kernel.thoroughly.clear();
        masquerading.configure(
                pool(2, pair("10.0.0.5", SERVER, "203.0.113.9"), pair("10.0.0.6", SERVER, "203.0.113.7")));
        install(masquerading);
        masquerading.work();
        assertEquals(List.of("10.0.0.6 at 203.0.113.8, 10.0.0.6 at 203.0.113.7"), kernel.thoroughly);
        assertEquals(List.of(), kernel.forgotten);
    }
}
