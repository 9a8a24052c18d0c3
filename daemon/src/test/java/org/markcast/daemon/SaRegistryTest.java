// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.markcast.config.Config.Source;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaSet;
import org.markcast.engine.sa.SaSet.Unhandled;

class SaRegistryTest {

    private final SaRegistry registry = new SaRegistry();

    private static Sa sa(String name, int markIn, int markOut) {
        return new Sa(
                name,
                "rw",
                Mode.TUNNEL,
                new Mark(markIn, Mark.FULL_MASK),
                new Mark(markOut, Mark.FULL_MASK),
                List.of(),
                List.of(),
                List.of());
    }

    @Test
    void shouldJoinWhatTheSourcesKnow() {
        registry.put(Source.VICI, new SaSet(List.of(sa("rw.1", 1, 1)), List.of(new Unhandled("site", "no marks"))));
        registry.put(Source.STATIC, new SaSet(List.of(sa("carol", 2, 3)), List.of()));

        assertEquals(
                List.of(sa("carol", 2, 3), sa("rw.1", 1, 1)), registry.merged().sas());
        assertEquals(
                List.of(new Unhandled("site", "no marks")), registry.merged().unhandled());
    }

    @Test
    void shouldPreferWhatTheOperatorHasWritten() {
        registry.put(
                Source.VICI,
                new SaSet(List.of(sa("rw.1", 2, 9), sa("carol", 7, 7), sa("rw.3", 8, 3), sa("rw.4", 4, 4)), List.of()));
        registry.put(Source.STATIC, new SaSet(List.of(sa("carol", 2, 3)), List.of()));

        assertEquals(
                List.of(sa("carol", 2, 3), sa("rw.4", 4, 4)), registry.merged().sas());
        assertEquals(
                List.of(
                        new Unhandled("rw.1", "SA carol has its inbound mark 2"),
                        new Unhandled("carol", "another SA has its name"),
                        new Unhandled("rw.3", "SA carol has its outbound mark 3")),
                registry.merged().unhandled());
    }

    @Test
    void shouldNoticeMarksThatOverlapUnderAMask() {
        final Sa masked = new Sa(
                "masked",
                "rw",
                Mode.TUNNEL,
                new Mark(0x100, 0xff00),
                new Mark(0x100, 0xff00),
                List.of(),
                List.of(),
                List.of());
        registry.put(Source.STATIC, new SaSet(List.of(masked), List.of()));
        registry.put(Source.VICI, new SaSet(List.of(sa("rw.1", 0x123, 0x123), sa("rw.2", 0x223, 0x223)), List.of()));

        assertEquals(
                List.of(masked, sa("rw.2", 0x223, 0x223)), registry.merged().sas());
    }

    @Test
    void shouldHandOnTheListOfTheOnlySource() {
        final SaSet set = new SaSet(List.of(sa("rw.1", 1, 1), sa("rw.2", 2, 2)), List.of());
        registry.put(Source.VICI, set);
        assertSame(set.sas(), registry.merged().sas());

        final SaSet more = new SaSet(List.of(set.sas().get(0), set.sas().get(1), sa("rw.3", 3, 3)), List.of());
        registry.put(Source.VICI, more);
        assertSame(more.sas(), registry.merged().sas());
    }

    @Test
    void shouldKnowWhetherAnythingIsNew() {
        assertTrue(registry.put(Source.STATIC, new SaSet(List.of(sa("carol", 2, 3)), List.of())));
        assertFalse(registry.put(Source.STATIC, new SaSet(List.of(sa("carol", 2, 3)), List.of())));
        assertTrue(registry.put(Source.STATIC, SaSet.EMPTY));
    }

    @Test
    void shouldForgetWhatASourceNoLongerKnows() {
        registry.put(Source.VICI, new SaSet(List.of(sa("rw.1", 1, 1)), List.of()));
        registry.put(Source.VICI, SaSet.EMPTY);

        assertEquals(SaSet.EMPTY, registry.merged());
    }

    /** Sources whose SAs come and go at random, now with conflicts and now without, against all pairs of SAs. */
    @Test
    void shouldComeToWhatAllPairsSay() {
        int conflicts = 0;
        int peaceful = 0;
        for (int seed = 0; seed < 60; seed++) {
            final Random random = new Random(seed);
            final int values = 8 << random.nextInt(8); // from many conflicts to nearly none
            final SaRegistry tested = new SaRegistry();
            final Map<Source, Map<String, Sa>> known = new EnumMap<>(Source.class);
            for (int step = 0; step < 100; step++) {
                final Source source = random.nextBoolean() ? Source.STATIC : Source.VICI;
                final Map<String, Sa> sas = known.computeIfAbsent(source, unused -> new LinkedHashMap<>());
                for (int change = random.nextInt(3); change >= 0; change--) {
                    changeOne(sas, values, random);
                }
                tested.put(source, new SaSet(List.copyOf(sas.values()), List.of()));
                final List<Sa> expected = withoutConflicts(known);
                final SaSet merged = tested.merged();
                assertEquals(expected, merged.sas(), "seed " + seed + " step " + step);
                assertEquals(refused(known, expected), names(merged.unhandled()), "seed " + seed + " step " + step);
                conflicts += merged.unhandled().isEmpty() ? 0 : 1;
                peaceful += merged.unhandled().isEmpty() ? 1 : 0;
            }
        }
        assertTrue(conflicts > 500, "conflicts " + conflicts);
        assertTrue(peaceful > 500, "peaceful " + peaceful);
    }

    private static void changeOne(Map<String, Sa> sas, int values, Random random) {
        final String name = "sa" + random.nextInt(values);
        sas.remove(name);
        if (sas.size() < 6 && random.nextInt(3) > 0) {
            sas.put(name, sa(name, randomMark(values, random), randomMark(values, random)));
        }
    }

    private static Sa sa(String name, Mark markIn, Mark markOut) {
        return new Sa(name, "rw", Mode.TUNNEL, markIn, markOut, List.of(), List.of(), List.of());
    }

    private static Mark randomMark(int values, Random random) {
        final int mask = random.nextInt(20) == 0 ? new int[] {0xfff, 0xf0, 0xffff0000}[random.nextInt(3)] : -1;
        return new Mark((random.nextInt(values) * 0x10001) & mask, mask);
    }

    private static Stream<Sa> inOrder(Map<Source, Map<String, Sa>> known) {
        return Stream.of(Source.STATIC, Source.VICI)
                .flatMap(source -> known.getOrDefault(source, Map.of()).values().stream());
    }

    /** Each SA with which no SA before it, that is used itself, shares a name or a packet. */
    private static List<Sa> withoutConflicts(Map<Source, Map<String, Sa>> known) {
        final List<Sa> used = new ArrayList<>();
        inOrder(known)
                .filter(sa -> used.stream()
                        .noneMatch(other -> other.name().equals(sa.name())
                                || other.markIn().overlaps(sa.markIn())
                                || other.markOut().overlaps(sa.markOut())))
                .forEachOrdered(used::add);
        return used;
    }

    private static List<String> refused(Map<Source, Map<String, Sa>> known, List<Sa> used) {
        final List<Sa> left = new ArrayList<>(inOrder(known).toList());
        used.forEach(sa -> left.removeIf(other -> other == sa));
        return left.stream().map(Sa::name).toList();
    }

    private static List<String> names(List<Unhandled> unhandled) {
        return unhandled.stream().map(Unhandled::name).toList();
    }
}
