// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.config.Mark;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;

/** Compares the table with lists that are walked from end to end. */
class SaTableOracleTest {

    private static final Mark NO_MARK = new Mark(0, 0);
    private static final int[] MASKS = {0xffff_ffff, 0xff, 0xff00, 0xf0, 0x8000_0000, 0};
    private static final int[] PROTOCOLS = {0, 1, 6, 17};
    private static final String[] BASES = {"10.1.0.0", "10.1.255.255", "224.0.0.251", "239.255.255.250", "192.168.7.9"};

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldFindWhatAListWalkFinds(long seed) {
        final Random random = new Random(seed);
        final List<Sa> sas = randomSas(random, 1 + random.nextInt(120));
        final SaTable table = SaTable.of(sas, Set.of(), 1 + random.nextInt(4));
        final int[] found = new int[table.size()];
        int matches = 0;
        for (int packet = 0; packet < 4_000; packet++) {
            final int source = randomAddress(random);
            final int destination = randomAddress(random);
            final int protocol = PROTOCOLS[random.nextInt(PROTOCOLS.length)];
            final boolean hasPorts = random.nextInt(4) != 0;
            final int sourcePort = hasPorts ? random.nextInt(6) : -1;
            final int destinationPort = hasPorts ? random.nextInt(6) : -1;

            final int count = table.match(source, destination, protocol, sourcePort, destinationPort, found);

            final List<Integer> expected = new ArrayList<>();
            for (int i = 0; i < sas.size(); i++) {
                final boolean isMatch =
                        hasPolicy(sas.get(i), source, destination, protocol, sourcePort, destinationPort);
                assertEquals(isMatch, table.matches(i, source, destination, protocol, sourcePort, destinationPort));
                if (isMatch) {
                    expected.add(i);
                }
            }
            assertEquals(
                    expected, Arrays.stream(found, 0, count).sorted().boxed().toList());
            assertEquals(firstHolding(sas, source), table.bySource(source));
            matches += count;
        }
        assertTrue(matches > 100, "the packets are no test: " + matches + " matches");
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void shouldFindTheSaOfAMarkAsAListWalkDoes(long seed) {
        final Random random = new Random(seed);
        final List<Sa> sas = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            sas.add(withRandomMark(random, TestSa.bare("sa" + i, 1)).build());
        }
        final SaTable table = SaTable.of(sas, Set.of(), 1);
        int hits = 0;
        for (int packet = 0; packet < 4_000; packet++) {
            final int mark = random.nextInt() & 0x8000_07f7;
            final int found = table.byMark(mark);
            assertEquals(mostSpecific(sas, mark), found);
            hits += found >= 0 ? 1 : 0;
        }
        assertTrue(hits > 100, "the marks are no test: " + hits + " hits");
    }

    /** Whatever the SAs have been before: a successor is to the packets what a new table is, and leaves alone what stays. */
    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23})
    void shouldFindTheSameAfterAnyChanges(long seed) {
        final Random random = new Random(seed);
        final ForwarderOracle forwarders = new ForwarderOracle(1 + random.nextInt(3));
        List<Sa> sas = List.of();
        SaTable table = SaTable.of(sas, Set.of(), forwarders.count());
        SaTable old = table;
        int matches = 0;
        int holes = 0;
        for (int step = 0; step < 300; step++) {
            sas = randomChange(random, sas);
            final Set<String> reinject = random.nextInt(3) == 0 ? Set.of() : Set.of("child0", "child1");
            final SaTable next = table.successor(sas, reinject);

            assertSlots(sas, next);
            assertStays(table, next, sas);
            assertEquals(differing(table, next), asSet(next.changedSince(table)));
            assertEquals(differing(old, next), asSet(next.changedSince(old)));
            forwarders.follow(sas);
            for (final Sa sa : sas) {
                final int index = next.indexOf(sa);
                assertEquals(forwarders.of(sa), next.forwarderOf(index));
                assertEquals(reinject.contains(sa.child()), next.isReinject(index));
            }
            matches += assertFindsTheSame(random, sas, next, SaTable.of(sas, reinject, 1));
            holes += next.slots() - next.size();
            old = random.nextInt(5) == 0 ? table : old;
            table = next;
        }
        assertTrue(matches > 1_000, "the packets are no test: " + matches + " matches");
        assertTrue(holes > 1_000, "the changes are no test: " + holes + " empty slots");
    }

    /** Some SAs come, go, change, move, or all at once. */
    private static List<Sa> randomChange(Random random, List<Sa> sas) {
        if (random.nextInt(40) == 0) {
            return List.of();
        }
        final int share = random.nextInt(20) == 0 ? 2 : 20; // one of so many
        final List<Sa> changed = new ArrayList<>(sas);
        changed.removeIf(sa -> random.nextInt(share) == 0);
        changed.replaceAll(sa -> random.nextInt(share) == 0 ? randomSa(random, sa.name()) : sa);
        if (random.nextInt(10) == 0) {
            Collections.shuffle(changed, random);
        }
        final Set<String> names = changed.stream().map(Sa::name).collect(Collectors.toSet());
        for (int i = 0; i < 80; i++) {
            final String name = "sa" + i;
            if (!names.contains(name) && random.nextInt(share) == 0) {
                changed.add(random.nextInt(changed.size() + 1), randomSa(random, name));
            }
        }
        return changed;
    }

    private static Sa randomSa(Random random, String name) {
        final TestSa sa =
                TestSa.bare(name, 1).child("child" + random.nextInt(3)).markOut(random.nextInt(), 0xffff_ffff);
        if (random.nextBoolean()) {
            sa.local("0.0.0.0/0"); // as nearly all have the same
            sa.remote("224.0.0.0/4");
        }
        return withRandomSelectors(random, withRandomMark(random, sa)).build();
    }

    private static void assertSlots(List<Sa> sas, SaTable table) {
        assertEquals(sas, table.sas());
        assertEquals(sas.size(), table.size());
        for (final Sa sa : sas) {
            final int index = table.indexOf(sa);
            assertEquals(sa, table.sa(index));
            assertEquals(sa.markOut().value(), table.markOut(index));
        }
        assertEquals(sas.size(), bySlot(table).stream().filter(Objects::nonNull).count());
        assertTrue(table.slots() <= 80, "slots are not used again: " + table.slots());
    }

    private static List<Sa> bySlot(SaTable table) {
        return IntStream.range(0, table.slots()).mapToObj(table::sa).toList();
    }

    private static void assertStays(SaTable before, SaTable after, List<Sa> sas) {
        for (final Sa sa : before.sas()) {
            final int index = before.indexOf(sa);
            sas.stream()
                    .filter(other -> other.name().equals(sa.name()))
                    .forEach(same -> assertEquals(index, after.indexOf(same), same.name()));
        }
    }

    private static Set<Integer> differing(SaTable before, SaTable after) {
        final Set<Integer> differing = new TreeSet<>();
        for (int i = 0; i < Math.max(before.slots(), after.slots()); i++) {
            final boolean isSame = Objects.equals(before.sa(i), after.sa(i))
                    && (before.sa(i) == null || before.forwarderOf(i) == after.forwarderOf(i));
            if (!isSame) {
                differing.add(i);
            }
        }
        return differing;
    }

    private static Set<Integer> asSet(int[] indexes) {
        return IntStream.of(indexes).boxed().collect(Collectors.toCollection(TreeSet::new));
    }

    private static int assertFindsTheSame(Random random, List<Sa> sas, SaTable table, SaTable fresh) {
        final List<Sa> bySlot = bySlot(table);
        int matches = 0;
        for (int packet = 0; packet < 10; packet++) {
            final int source = randomAddress(random);
            final int destination = randomAddress(random);
            final int protocol = PROTOCOLS[random.nextInt(PROTOCOLS.length)];
            final int sourcePort = random.nextInt(7) - 1;
            final int destinationPort = random.nextInt(7) - 1;
            final Set<String> expected = sas.stream()
                    .filter(sa -> hasPolicy(sa, source, destination, protocol, sourcePort, destinationPort))
                    .map(Sa::name)
                    .collect(Collectors.toSet());
            for (final SaTable each : List.of(table, fresh)) {
                final int[] found = new int[each.size()];
                final int count = each.match(source, destination, protocol, sourcePort, destinationPort, found);
                assertEquals(expected.size(), count);
                assertEquals(
                        expected,
                        IntStream.of(found)
                                .limit(count)
                                .mapToObj(i -> each.sa(i).name())
                                .collect(Collectors.toSet()));
            }
            assertEquals(firstHolding(bySlot, source), table.bySource(source));
            assertEquals(firstHolding(sas, source), fresh.bySource(source));
            final int mark = random.nextInt() & 0x8000_07f7;
            assertEquals(mostSpecific(bySlot, mark), table.byMark(mark));
            assertEquals(mostSpecific(sas, mark), fresh.byMark(mark));
            for (final Sa sa : sas) {
                assertEquals(
                        sa.remoteTs().stream().anyMatch(ts -> holds(ts, source)),
                        table.mayUse(table.indexOf(sa), source));
            }
            matches += expected.size();
        }
        return matches;
    }

    /** Whose each SA is, by name; an SA that is new is given to whoever has fewest. */
    private static final class ForwarderOracle {

        private final int count;
        private final Map<String, Integer> forwarderOfName = new HashMap<>();

        private ForwarderOracle(int count) {
            this.count = count;
        }

        private int count() {
            return count;
        }

        private int of(Sa sa) {
            return forwarderOfName.get(sa.name());
        }

        private void follow(List<Sa> sas) {
            final List<String> names = sas.stream().map(Sa::name).toList();
            forwarderOfName.keySet().retainAll(names);
            for (final String name : names) {
                forwarderOfName.computeIfAbsent(
                        name,
                        isNew -> IntStream.range(0, count)
                                .boxed()
                                .min(Comparator.comparingLong(this::load))
                                .get());
            }
        }

        private long load(int forwarder) {
            return forwarderOfName.values().stream()
                    .filter(owner -> owner == forwarder)
                    .count();
        }
    }

    @Test
    void shouldHoldTheOracleToAnExample() {
        final Sa sa = TestSa.roadWarrior("carol", 1, "10.1.0.129").build();

        assertTrue(hasPolicy(sa, address("10.1.0.10"), address("224.0.0.251"), 17, 5353, 5353));
        assertTrue(!hasPolicy(sa, address("10.2.0.10"), address("224.0.0.251"), 17, 5353, 5353));
    }

    /** One policy for each pair of selectors whose protocols do not contradict. */
    private static boolean hasPolicy(
            Sa sa, int source, int destination, int protocol, int sourcePort, int destinationPort) {
        for (final TrafficSelector local : sa.localTs()) {
            for (final TrafficSelector remote : sa.remoteTs()) {
                final boolean isPolicy =
                        local.protocol() == 0 || remote.protocol() == 0 || local.protocol() == remote.protocol();
                final int policyProtocol = Math.max(local.protocol(), remote.protocol());
                if (isPolicy
                        && (policyProtocol == 0 || policyProtocol == protocol)
                        && holds(local, source)
                        && holds(remote, destination)
                        && holdsPort(local, sourcePort)
                        && holdsPort(remote, destinationPort)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean holds(TrafficSelector selector, int address) {
        final InetAddress network = selector.prefix().address();
        if (!(network instanceof Inet4Address)) {
            return false;
        }
        for (int bit = 0; bit < selector.prefix().length(); bit++) {
            if ((Ipv4Address.of(network) << bit ^ address << bit) < 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean holdsPort(TrafficSelector selector, int port) {
        return selector.isAnyPort() || port >= 0 && port >= selector.firstPort() && port <= selector.lastPort();
    }

    /** @param sas in the order of their indexes, null where there is none; so for {@link #mostSpecific} */
    private static int firstHolding(List<Sa> sas, int source) {
        for (int i = 0; i < sas.size(); i++) {
            if (sas.get(i) != null
                    && Ipv4Address.isHost(source)
                    && sas.get(i).remoteTs().stream().anyMatch(ts -> holds(ts, source))) {
                return i;
            }
        }
        return -1;
    }

    private static int mostSpecific(List<Sa> sas, int packetMark) {
        int best = -1;
        for (int i = 0; i < sas.size(); i++) {
            final Mark mark = sas.get(i) == null ? NO_MARK : sas.get(i).markIn();
            if (mark.mask() != 0
                    && mark.matches(packetMark)
                    && (best < 0
                            || isMoreSpecific(
                                    mark.mask(), sas.get(best).markIn().mask()))) {
                best = i;
            }
        }
        return best;
    }

    private static boolean isMoreSpecific(int mask, int other) {
        final int bits = Integer.bitCount(mask) - Integer.bitCount(other);
        return bits > 0 || bits == 0 && Integer.compareUnsigned(mask, other) > 0;
    }

    private static List<Sa> randomSas(Random random, int count) {
        final List<Sa> sas = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sas.add(withRandomSelectors(random, TestSa.bare("sa" + i, i + 1)).build());
        }
        return sas;
    }

    private static TestSa withRandomMark(Random random, TestSa sa) {
        final int mask = MASKS[random.nextInt(MASKS.length)];
        return sa.markIn(random.nextInt() & 0x8000_07f7 & mask, mask);
    }

    private static TestSa withRandomSelectors(Random random, TestSa sa) {
        for (int n = random.nextInt(4); n >= 0; n--) {
            final TrafficSelector local = randomSelector(random);
            sa.local(text(local), local.protocol(), local.firstPort(), local.lastPort());
        }
        for (int n = random.nextInt(5); n > 0; n--) {
            final TrafficSelector remote = randomSelector(random);
            sa.remote(text(remote), remote.protocol(), remote.firstPort(), remote.lastPort());
        }
        return sa;
    }

    private static TrafficSelector randomSelector(Random random) {
        final int protocol = random.nextBoolean() ? 0 : PROTOCOLS[random.nextInt(PROTOCOLS.length)];
        final int firstPort = random.nextInt(4) == 0 ? random.nextInt(5) : 0;
        final int lastPort = firstPort == 0 && random.nextInt(4) != 0 ? 0xffff : firstPort + random.nextInt(3);
        if (random.nextInt(10) == 0) {
            return TestSa.selector("ff00::/8", protocol, firstPort, lastPort);
        }
        final int length = random.nextInt(33);
        final int mask = length == 0 ? 0 : -1 << 32 - length;
        return TestSa.selector(
                Ipv4Address.text(randomAddress(random) & mask) + "/" + length, protocol, firstPort, lastPort);
    }

    private static String text(TrafficSelector selector) {
        return selector.prefix().address().getHostAddress() + "/"
                + selector.prefix().length();
    }

    /** Near a few addresses, so that prefixes of all lengths hold and miss. */
    private static int randomAddress(Random random) {
        final int base = address(BASES[random.nextInt(BASES.length)]);
        return random.nextInt(3) == 0 ? base : base ^ 1 << random.nextInt(32);
    }

    private static int address(String text) {
        return org.markcast.engine.packet.TestPacket.address(text);
    }
}
