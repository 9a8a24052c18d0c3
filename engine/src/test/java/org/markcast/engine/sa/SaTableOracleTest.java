// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.config.Mark;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;

/** Compares the table with lists that are walked from end to end. */
class SaTableOracleTest {

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
        final int[] masks = {0xffff_ffff, 0xff, 0xff00, 0xf0, 0x8000_0000, 0};
        final List<Sa> sas = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            final int mask = masks[random.nextInt(masks.length)];
            sas.add(TestSa.bare("sa" + i, 1)
                    .markIn(random.nextInt() & 0x8000_07f7 & mask, mask)
                    .build());
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

    private static int firstHolding(List<Sa> sas, int source) {
        for (int i = 0; i < sas.size(); i++) {
            if (Ipv4Address.isHost(source) && sas.get(i).remoteTs().stream().anyMatch(ts -> holds(ts, source))) {
                return i;
            }
        }
        return -1;
    }

    private static int mostSpecific(List<Sa> sas, int packetMark) {
        int best = -1;
        for (int i = 0; i < sas.size(); i++) {
            final Mark mark = sas.get(i).markIn();
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
            final TestSa sa = TestSa.bare("sa" + i, i + 1);
            for (int n = random.nextInt(4); n >= 0; n--) {
                final TrafficSelector local = randomSelector(random);
                sa.local(text(local), local.protocol(), local.firstPort(), local.lastPort());
            }
            for (int n = random.nextInt(5); n > 0; n--) {
                final TrafficSelector remote = randomSelector(random);
                sa.remote(text(remote), remote.protocol(), remote.firstPort(), remote.lastPort());
            }
            sas.add(sa.build());
        }
        return sas;
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
