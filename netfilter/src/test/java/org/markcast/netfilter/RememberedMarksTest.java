// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.CachedNanoClock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Config;
import org.markcast.config.Connmark;
import org.markcast.config.NumberRange;
import org.markcast.engine.sa.Sa;

/** What becomes of connections whose mark has another owner, or none, when the service starts again. */
class RememberedMarksTest {

    private static final Connmark L2TP =
            new Connmark(true, 1360, true, new NumberRange(20_000, 60_000), new NumberRange(1, 100));
    private static final Connmark OFF = Config.defaults().connmark();

    private static final Sa CAROL = client("carol", "7", 1).build();
    private static final Sa DAVE = client("dave", "8", 2).build();
    private static final Sa ERIN_WITH_CAROLS_MARK = client("erin", "7", 3).build();

    @TempDir
    private Path directory;

    private final CachedNanoClock clock = new CachedNanoClock();
    private Path file;
    private FakeKernel kernel;
    private KernelRules rules;

    private static TestSa client(String name, String mark, int spi) {
        return TestSa.of(name, mark, "203.0.113.7")
                .transport("198.51.100.1")
                .natt("198.51.100.1", "203.0.113.7", 1024 + spi, spi);
    }

    @BeforeEach
    void start() {
        start(L2TP);
    }

    /** Another run, whose kernel has no rules. */
    private void start(Connmark connmark) {
        file = directory.resolve("marks");
        kernel = new FakeKernel();
        rules = new KernelRules(true, connmark, clock, () -> kernel);
        rules.remember(file);
    }

    private void apply(Sa... sas) {
        rules.apply(List.of(sas), List.of());
    }

    @Test
    void shouldKeepThoseOfSasThatGoOn() {
        apply(CAROL, DAVE);
        start();
        apply(client("carol", "7", 1).natt("198.51.100.1", "203.0.113.9", 9, 99).build(), DAVE); // rekeying
        assertEquals(List.of(), kernel.disowned);
    }

    /** SAs with one configured reqid are numbered in the order in which charon tells of them. */
    @Test
    void shouldKeepThoseOfSasThatHaveChangedTheirNames() {
        apply(client("rw.1", "7", 1).build(), client("rw.1/0x8", "8", 2).build());
        start();
        rules.setComplete(false);
        apply(client("rw.1", "8", 2).build());
        assertEquals(List.of(), kernel.disowned);
        start(); // two owners have one name now
        rules.setComplete(false);
        apply(client("rw.1", "8", 2).build());
        assertTrue(isHeldBack("0x7"), kernel.scripts.get(0));
        rules.setComplete(true);
        apply(client("rw.1", "8", 2).build(), client("rw.1/0x7", "7", 1).build());
        assertEquals(List.of(), kernel.disowned);

        start();
        apply(client("rw.1", "7", 1).build());
        assertEquals(List.of("8"), kernel.disowned);
    }

    /** Without outer ends that are the same, a mark alone tells nobody. */
    @Test
    void shouldTakeThemFromAnotherNameThatHasOnlyTheMarkInCommon() {
        apply(TestSa.of("rw.1", "7", "203.0.113.7").transport("198.51.100.1").build());
        start();
        apply(TestSa.of("rw.2", "7", "203.0.113.7").transport("198.51.100.1").build());
        assertEquals(List.of("7"), kernel.disowned);
    }

    @Test
    void shouldTakeThemFromAMarkThatAnotherHasBeforeItIsHeard() {
        apply(CAROL, DAVE);
        start();
        kernel.refusal = "not yet";
        apply(ERIN_WITH_CAROLS_MARK, DAVE);
        assertEquals(List.of("7"), kernel.disowned);
    }

    @Test
    void shouldTakeThemFromTheNextLifeOfTheSameName() {
        apply(CAROL);
        start();
        apply(client("carol", "7", 5).build());
        assertEquals(List.of("7"), kernel.disowned);
        start();
        apply(client("carol", "7", 5).build());
        assertEquals(List.of(), kernel.disowned);
    }

    @Test
    void shouldTakeThemFromAMarkThatNobodyHas() {
        apply(CAROL, DAVE);
        start();
        apply(DAVE);
        assertEquals(List.of("7"), kernel.disowned);
        assertTrue(isHeldBack("0x7"), kernel.scripts.get(0));
    }

    @Test
    void shouldKeepThoseOfAMarkThatIsSharedWithWhoGoesOn() {
        final Sa erin = client("erin", "7", 3).build();
        apply(CAROL, erin);
        start();
        apply(erin);
        assertEquals(List.of(), kernel.disowned);
    }

    @Test
    void shouldHoldThemBackUntilAllSasAreKnown() {
        apply(CAROL, DAVE);
        start();
        rules.setComplete(false);
        apply();
        assertTrue(isHeldBack("0x7,\n\t\t\t0x8"), kernel.scripts.get(0));
        clock.advance(TimeUnit.MINUTES.toNanos(5));
        rules.work();
        assertEquals(0, kernel.changes.size());
        assertEquals(List.of(), kernel.disowned);

        rules.setComplete(true);
        apply(DAVE);
        assertEquals(List.of("7 after 1 changes"), kernel.disowned);
        assertTrue(kernel.changes
                .get(0)
                .deleted()
                .containsKey(ElementSet.lostConnections(DAVE.markIn().mask())));
    }

    @Test
    void shouldStillRememberThemIfTheServiceIsKilledBeforeAllSasAreKnown() {
        apply(CAROL, DAVE);
        start();
        rules.setComplete(false);
        apply(client("erin", "9", 3).build());
        start();
        apply(ERIN_WITH_CAROLS_MARK);
        assertEquals(List.of("7", "8, 9"), kernel.disowned);
    }

    /** What the kernel has not taken from them when the service is killed is taken by the next run. */
    @Test
    void shouldRememberWhatConnectionsWereToLose() {
        apply(CAROL, DAVE);
        kernel.refusesToDisown = true;
        apply(DAVE);
        start();
        apply(DAVE);
        assertEquals(List.of("7"), kernel.disowned);
    }

    @Test
    void shouldRememberWhoHadMarksBeforeConnmarkWasSwitchedOff() {
        apply(CAROL, DAVE);
        rules.configure(true, OFF);
        apply(CAROL, DAVE);
        apply(DAVE);
        rules.configure(true, L2TP);
        apply(DAVE, ERIN_WITH_CAROLS_MARK);
        assertEquals(1, kernel.disowned.size());
        assertTrue(kernel.disowned.get(0).startsWith("7"), kernel.disowned.get(0));

        start(OFF);
        apply(ERIN_WITH_CAROLS_MARK);
        assertEquals(List.of(), kernel.disowned);
        rules.configure(true, L2TP);
        apply(ERIN_WITH_CAROLS_MARK);
        assertEquals(List.of("8"), kernel.disowned);
    }

    @Test
    void shouldLeaveConnectionsAloneWithoutConnmark() {
        apply(CAROL, DAVE);
        kernel.refusesToDisown = true;
        apply(DAVE);
        start(OFF);
        apply(DAVE);
        assertEquals(List.of(), kernel.disowned);
        rules.configure(true, L2TP);
        apply(DAVE);
        assertEquals(List.of("7"), kernel.disowned);
    }

    @Test
    void shouldNotWriteWhatDoesNotChange() throws IOException {
        apply(CAROL, DAVE);
        Files.delete(file);
        apply(CAROL, DAVE, TestSa.of("tunnel", "9", "10.0.0.1").build());
        assertFalse(Files.exists(file));
        apply(CAROL);
        assertTrue(Files.exists(file));
    }

    private boolean isHeldBack(String marks) {
        return kernel.scripts
                .get(0)
                .contains("\tset lost_connections {\n\t\ttypeof ct mark\n\t\telements = {\n\t\t\t" + marks + "\n");
    }
}
