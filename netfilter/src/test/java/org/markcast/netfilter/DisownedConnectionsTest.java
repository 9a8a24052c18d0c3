// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.CachedNanoClock;
import org.junit.jupiter.api.Test;
import org.markcast.config.Config;
import org.markcast.config.Connmark;
import org.markcast.config.NumberRange;
import org.markcast.engine.sa.Sa;

/** Which connections lose their mark when SAs come and go, and when. */
class DisownedConnectionsTest {

    private static final NumberRange PORTS = new NumberRange(20_000, 60_000);
    private static final Connmark L2TP = new Connmark(true, 1360, true, PORTS, new NumberRange(1, 100));

    private static final Sa CAROL = client("carol", "7", 1).build();
    private static final Sa DAVE = client("dave", "8", 2).build();
    private static final Sa DAVE_WITH_CAROLS_MARK = client("dave", "7", 2).build();

    private final FakeKernel kernel = new FakeKernel();
    private final CachedNanoClock clock = new CachedNanoClock();
    private final KernelRules rules = new KernelRules(true, L2TP, clock, () -> kernel);

    private static TestSa client(String name, String mark, int spi) {
        return TestSa.of(name, mark, "203.0.113.7")
                .transport("198.51.100.1")
                .natt("198.51.100.1", "203.0.113.7", 1024 + spi, spi);
    }

    private void apply(Sa... sas) {
        rules.apply(List.of(sas), List.of());
    }

    @Test
    void shouldBeThoseOfAnSaThatIsGoneOnceItsElementsAreGone() {
        apply(CAROL, DAVE);
        apply(DAVE);
        assertEquals(List.of("7 after 1 changes"), kernel.disowned);
    }

    @Test
    void shouldBeThoseOfAMarkThatAnotherSaGetsBeforeItIsHeard() {
        apply(CAROL);
        apply(DAVE_WITH_CAROLS_MARK);
        assertEquals(List.of("7"), kernel.disowned);
    }

    /** Marks get a mask where uplinks need the other bits. What is left of carol's connections is not dave's. */
    @Test
    void shouldBeThoseOfAMarkThatLeadsToAnotherSaBelowAnotherMaskBeforeItIsHeard() {
        apply(CAROL);
        apply(client("dave", "7/0xffff", 2).build());
        assertEquals(List.of("7"), kernel.disowned);
        assertEquals(1, kernel.scriptsBeforeDisowning);
    }

    /** Whatever masks other SAs' marks have: a mark that matches all ones is no SA's. */
    @Test
    void shouldGetAMarkThatNoSaHasBelowAnotherMask() {
        final Connections connections = new Connections(L2TP, (set, key, mark) -> {});
        assertTrue(connections.concern(client("carol", "0xffff", 1).build()));
        final Sa dave = client("dave", "0xff/0xff", 2).build();
        assertFalse(connections.concern(dave));
        assertTrue(connections.lackMark(dave));
    }

    /** The rules know a mask only for a while longer than there are SAs that have it; connections live on. */
    @Test
    void shouldReachNobodyWhenTheMaskIsForgotten() {
        final Sa carol = client("carol", "7/0x00ffffff", 1).build();
        apply(carol);
        apply();
        clock.advance(TimeUnit.SECONDS.toNanos(61));
        rules.work();
        final String latest = kernel.scripts.get(kernel.scripts.size() - 1);
        assertFalse(latest.contains("0xffffff "), latest);
        final String mark = "ct mark 0x" + Integer.toHexString(kernel.successor);
        assertTrue(latest.contains("\t\t" + mark + " counter name orphans drop\n"), mark + ": " + latest);
    }

    /** An operator may have no more zones than other software uses, whose connections have no mark. */
    @Test
    void shouldNotBeThoseThatHaveNoMark() {
        final Connmark oneZone = new Connmark(true, 1360, true, PORTS, new NumberRange(5, 5));
        kernel.zones.put(0, 5);
        rules.configure(true, oneZone);
        apply(CAROL);
        assertEquals(OptionalInt.of(5), rules.zone(CAROL));
        assertEquals(List.of(), kernel.disowned);
    }

    @Test
    void shouldNotBeThoseOfAMarkThatAnotherSaHasToo() {
        apply(CAROL, DAVE_WITH_CAROLS_MARK);
        apply(DAVE_WITH_CAROLS_MARK);
        assertEquals(List.of(), kernel.disowned);
        apply();
        assertEquals(List.of("7 after 2 changes"), kernel.disowned);
    }

    @Test
    void shouldNotBeThoseOfASaThatIsRekeyedMovedOrReauthenticated() {
        apply(CAROL);
        apply(client("carol", "7", 1)
                .natt("198.51.100.1", "203.0.113.7", 1025, 99)
                .build()); // rekeying
        apply(client("carol", "7", 99).build()); // rekeyed and moved
        apply(TestSa.of("carol", "7", "203.0.113.7") // reauthenticated
                .transport("198.51.100.1")
                .natt("198.51.100.1", "203.0.113.7", 1024 + 99, 100)
                .build());
        assertEquals(List.of(), kernel.disowned);
        apply(client("carol", "7", 5).build()); // another IKE daemon's carol
        assertEquals(1, kernel.disowned.size());
    }

    @Test
    void shouldBeAllAtOnce() {
        apply(CAROL, DAVE);
        apply();
        assertEquals(List.of("7, 8"), kernel.disowned);
    }

    @Test
    void shouldBeThoseOfSasThatWentWhileTheRulesCouldNotBeInstalled() {
        apply(CAROL);
        kernel.refusal = "No buffer space available";
        kernel.refusesChanges = true;
        apply(DAVE);
        apply(DAVE_WITH_CAROLS_MARK);
        kernel.refusal = null;
        clock.advance(TimeUnit.SECONDS.toNanos(10));
        rules.work();
        assertEquals(List.of("7", "8"), kernel.disowned.stream().sorted().toList());
    }

    @Test
    void shouldBeThoseOfSasThatGoWithAChangeOfTheSettings() {
        apply(CAROL, DAVE);
        rules.configure(true, new Connmark(true, 1200, true, PORTS, new NumberRange(1, 100)));
        apply(DAVE);
        assertEquals(List.of("7"), kernel.disowned);
    }

    @Test
    void shouldTryAgainWithTheNextChange() {
        apply(CAROL, DAVE);
        kernel.refusesToDisown = true;
        apply(DAVE);
        kernel.refusesToDisown = false;
        apply(DAVE, client("erin", "9", 3).build());
        assertEquals(List.of("7 after 2 changes"), kernel.disowned);
    }

    @Test
    void shouldLeaveClientsOfAnEarlierRunInTheirZones() {
        kernel.zones.put(7, 42);
        final KernelRules next = new KernelRules(true, L2TP, clock, () -> kernel);
        next.apply(List.of(CAROL, DAVE), List.of());
        assertEquals(42, next.zone(CAROL).getAsInt());
        assertEquals(8, next.zone(DAVE).getAsInt());

        next.configure(true, new Connmark(true, 1360, true, PORTS, new NumberRange(8, 50)));
        next.apply(List.of(CAROL, DAVE), List.of());
        assertEquals(42, next.zone(CAROL).getAsInt());
        assertEquals(8, next.zone(DAVE).getAsInt());
    }

    @Test
    void shouldGiveNobodyAZoneUntilItIsKnownWhichAreInUse() {
        kernel.zones.put(7, 42);
        kernel.refusesToRecall = true;
        apply(CAROL, DAVE);
        assertEquals(Optional.empty(), rules.problem());
        assertEquals(OptionalInt.empty(), rules.zone(CAROL));

        kernel.refusesToRecall = false;
        rules.work();
        assertEquals(OptionalInt.empty(), rules.zone(CAROL), "asked again at once");
        clock.advance(TimeUnit.SECONDS.toNanos(10));
        rules.work();
        assertEquals(OptionalInt.of(42), rules.zone(CAROL));
        assertEquals(OptionalInt.of(8), rules.zone(DAVE));
        assertEquals(
                Set.of(ElementSet.zones(CAROL.markIn().mask())),
                kernel.changes.get(0).added().keySet());
    }

    @Test
    void shouldLookForZonesInUseWhenL2tpIsSwitchedOn() {
        kernel.zones.put(7, 42);
        rules.configure(true, Config.defaults().connmark());
        apply(CAROL);
        rules.configure(true, L2TP);
        apply(CAROL);
        assertEquals(OptionalInt.of(42), rules.zone(CAROL));
    }
}
