// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.netfilter.TestMasquerade.address;
import static org.markcast.netfilter.TestMasquerade.pair;
import static org.markcast.netfilter.TestMasquerade.peers;
import static org.markcast.netfilter.TestMasquerade.pool;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.markcast.config.Masquerade;

class LeasesTest {

    private static final String SERVER = "198.51.100.1";
    private static final String OTHER_SERVER = "198.51.100.2";
    private static final Peers CAROL = peers("10.0.0.5", SERVER);
    private static final Peers DAVE = peers("10.0.0.6", SERVER);
    private static final Peers ERIN = peers("10.0.0.7", SERVER);
    private static final long IDLE_NS = TimeUnit.HOURS.toNanos(1);

    private final Map<Peers, Long> packets = new HashMap<>();
    private long nowNs;
    private Leases leases = new Leases(pool(2), 0, 0);

    private void ask(Peers peers) {
        leases.ask(peers, nowNs, nowMs());
    }

    private long nowMs() {
        return TimeUnit.NANOSECONDS.toMillis(nowNs);
    }

    private void send(Peers peers) {
        count(peers.client(), peers.server());
    }

    private void answer(Peers peers) {
        count(peers.server(), peers.client());
    }

    private void count(int source, int destination) {
        final long count = packets.merge(new Peers(source, destination), 1L, Long::sum);
        leases.count(source, destination, count, 100 * count, nowNs, nowMs());
    }

    private void pass(long ns) {
        nowNs += ns;
        leases.expire(nowNs, nowMs());
    }

    private Lease lease(Peers peers) {
        return leases.all().stream()
                .filter(lease -> lease.peers().equals(peers))
                .findFirst()
                .orElse(null);
    }

    @Test
    void shouldGiveEachClientOfAServerAnotherAddress() {
        ask(CAROL);
        ask(DAVE);
        ask(CAROL);
        assertTrue(lease(CAROL).isGranted());
        assertTrue(lease(DAVE).isGranted());
        assertNotEquals(lease(CAROL).address(), lease(DAVE).address());
        assertEquals(2, leases.takeChange().come().size());
        assertTrue(leases.takeChange().isEmpty());
    }

    @Test
    void shouldHaveEveryServerUseTheWholePool() {
        for (final String server : List.of(SERVER, OTHER_SERVER)) {
            ask(peers("10.0.0.5", server));
            ask(peers("10.0.0.6", server));
        }
        assertTrue(leases.all().stream().allMatch(Lease::isGranted));
    }

    @Test
    void shouldHaveTheNextOneWaitUntilAnAddressIsFree() {
        ask(CAROL);
        ask(DAVE);
        ask(ERIN);
        assertFalse(lease(ERIN).isGranted());
        answer(CAROL);
        answer(DAVE);

        pass(IDLE_NS / 2);
        send(DAVE);
        send(ERIN);
        leases.takeChange();
        final int carols = lease(CAROL).address();
        pass(IDLE_NS / 2);

        assertNull(lease(CAROL));
        assertEquals(carols, lease(ERIN).address());
        assertTrue(lease(DAVE).isGranted());
        final Leases.Change change = leases.takeChange();
        assertEquals(
                List.of(CAROL, ERIN), change.gone().stream().map(Lease::peers).toList());
        assertEquals(List.of(ERIN), change.come().stream().map(Lease::peers).toList());
    }

    @Test
    void shouldForgetWhoDoesNotWaitAnyMore() {
        ask(CAROL);
        ask(DAVE);
        ask(ERIN);
        nowNs = IDLE_NS - 1;
        answer(CAROL);
        answer(DAVE);
        pass(1);
        assertNull(lease(ERIN));
        assertEquals(2, leases.all().size());
    }

    @Test
    void shouldEndTheLeaseOfWhoWasNeverAnsweredAfterAMinute() {
        ask(CAROL);
        ask(DAVE);
        answer(DAVE);
        pass(TimeUnit.SECONDS.toNanos(59));
        assertEquals(2, leases.all().size());
        send(CAROL);
        pass(TimeUnit.SECONDS.toNanos(59));
        assertEquals(2, leases.all().size());
        pass(TimeUnit.SECONDS.toNanos(1));
        assertNull(lease(CAROL));
        assertTrue(lease(DAVE).isGranted());
    }

    @Test
    void shouldGiveAClientThatComesBackTheSameAddress() {
        leases = new Leases(pool(200), 0, 0);
        ask(CAROL);
        final int before = lease(CAROL).address();
        pass(IDLE_NS);
        assertEquals(0, leases.all().size());
        ask(DAVE);
        ask(CAROL);
        assertEquals(before, lease(CAROL).address());
    }

    @Test
    void shouldCountAlsoWhenTheKernelBeginsAnew() {
        ask(CAROL);
        leases.count(CAROL.client(), CAROL.server(), 5, 500, 1, 1);
        leases.count(CAROL.client(), CAROL.server(), 7, 700, 2, 2);
        leases.count(CAROL.client(), CAROL.server(), 2, 200, 3, 3);
        leases.count(CAROL.server(), CAROL.client(), 1, 90, 4, 4);
        assertEquals(9, lease(CAROL).packetsOut());
        assertEquals(900, lease(CAROL).bytesOut());
        assertEquals(1, lease(CAROL).packetsIn());
        assertEquals(90, lease(CAROL).bytesIn());
        assertEquals(4, lease(CAROL).lastPacketMs());
    }

    @Test
    void shouldKeepPairsForGood() {
        leases =
                new Leases(pool(0, pair("10.0.0.5", SERVER, "203.0.113.9"), pair("10.0.0.6", "", "203.0.113.8")), 0, 0);
        pass(100 * IDLE_NS);
        assertEquals(2, leases.all().size());
        leases.count(address("10.0.0.6"), Peers.ANY, 3, 300, nowNs, 17);
        assertEquals(3, lease(new Peers(address("10.0.0.6"), Peers.ANY)).packetsOut());
    }

    @Test
    void shouldRestoreWhatFitsOnly() {
        leases = new Leases(pool(2, pair("10.0.0.9", SERVER, "203.0.113.9")), 0, 0);
        leases.restore(CAROL, address("203.0.113.11"), 5, 6, 0);
        leases.restore(DAVE, address("203.0.113.11"), 5, 6, 0); // taken
        leases.restore(ERIN, address("203.0.113.12"), 5, 6, 0); // no longer in the pool
        leases.restore(peers("192.0.2.1", SERVER), address("203.0.113.10"), 5, 6, 0); // not inside
        leases.restore(peers("10.0.0.9", SERVER), address("203.0.113.10"), 5, 6, 0); // has a pair now
        assertEquals(2, leases.all().size());
        assertEquals(address("203.0.113.11"), lease(CAROL).address());
        assertEquals(6, lease(CAROL).lastPacketMs());
        ask(DAVE);
        assertEquals(address("203.0.113.10"), lease(DAVE).address());
    }

    /** Its packets would go by the lease, which they would keep in use, and never by the pair. */
    @Test
    void shouldNotRestoreTheLeaseOfAClientThatHasAPairForAllServersNow() {
        leases = new Leases(pool(2, pair("10.0.0.5", "", "203.0.113.9")), 0, 0);
        leases.restore(CAROL, address("203.0.113.11"), 5, 6, 0);
        assertNull(lease(CAROL));
        assertEquals(address("203.0.113.9"), leases.granted(CAROL).orElseThrow().address());
        leases.restore(DAVE, address("203.0.113.11"), 5, 6, 0);
        assertTrue(lease(DAVE).isGranted());
    }

    @Test
    void shouldHaveAPairForAllServersTakeTheLeaseAndTheWaitOfItsClient() {
        ask(CAROL);
        ask(DAVE);
        ask(ERIN);
        assertFalse(lease(ERIN).isGranted());
        final Lease carols = lease(CAROL);
        final Lease erins = lease(ERIN);

        leases = leases.successor(
                pool(3, pair("10.0.0.5", "", "203.0.113.9"), pair("10.0.0.7", "", "203.0.113.8")), nowNs, nowMs());

        assertNull(lease(CAROL));
        assertNull(lease(ERIN));
        assertTrue(lease(DAVE).isGranted());
        assertEquals(List.of(carols, erins), leases.takeChange().gone());
        ask(CAROL);
        assertNull(lease(CAROL));
    }

    @Test
    void shouldKeepWhatFitsAnotherConfiguration() {
        ask(CAROL);
        ask(DAVE);
        ask(ERIN);
        send(CAROL);
        final Lease carol = lease(CAROL);
        final int first = address("203.0.113.10");

        leases = leases.successor(pool(3), nowNs, nowMs());
        assertEquals(carol, lease(CAROL));
        assertTrue(lease(ERIN).isGranted());
        assertEquals(
                List.of(ERIN),
                leases.takeChange().come().stream().map(Lease::peers).toList());

        leases = leases.successor(pool(1), nowNs, nowMs());
        assertEquals(1, leases.all().stream().filter(Lease::isGranted).count());
        assertEquals(first, leases.all().iterator().next().address());
    }

    @Test
    void shouldKeepTheCountsOfAPairThatStays() {
        final Masquerade.Pair pair = pair("10.0.0.5", SERVER, "203.0.113.9");
        leases = new Leases(pool(0, pair), 0, 0);
        send(CAROL);
        leases = leases.successor(pool(2, pair), nowNs, nowMs());
        assertEquals(1, lease(CAROL).packetsOut());
        assertTrue(leases.takeChange().isEmpty());
    }

    /** What the kernel has counted until the rules change went by the former address. */
    @Test
    void shouldNotTakeTheCountsOfAFormerAddressForThoseOfAnotherOne() {
        leases = new Leases(pool(1), 0, 0);
        ask(CAROL);
        send(CAROL);
        answer(CAROL);
        final Lease former = lease(CAROL);

        leases = leases.successor(pool(0, pair("10.0.0.5", SERVER, "203.0.113.9")), nowNs, nowMs());
        leases.count(CAROL.client(), CAROL.server(), 1, 100, nowNs, nowMs());
        leases.count(CAROL.server(), CAROL.client(), 1, 100, nowNs, nowMs());

        assertNotEquals(former, lease(CAROL));
        assertEquals(0, lease(CAROL).packetsOut());
        assertEquals(0, lease(CAROL).bytesIn());
        leases.restartCounts();
        leases.count(CAROL.client(), CAROL.server(), 1, 90, nowNs, nowMs());
        assertEquals(90, lease(CAROL).bytesOut());
    }

    @Test
    void shouldNotGrowWithoutBound() {
        for (int i = 0; i < Leases.MAX + 10; i++) {
            ask(new Peers(address("10.0.0.0") + i, address(OTHER_SERVER) + i));
        }
        assertEquals(Leases.MAX, leases.all().size());
        assertTrue(leases.isFull());
    }

    /** Each change from one to the other replaces the whole table. */
    @Test
    void shouldStayFullUntilManyHaveGone() {
        leases = new Leases(pool(1), 0, 0);
        for (int i = 0; i < Leases.MAX; i++) {
            final Peers peers = new Peers(CAROL.client(), address(OTHER_SERVER) + i);
            nowNs = i < 500 ? 0 : 1;
            ask(peers);
            if (i > 500) {
                answer(peers);
            }
        }
        assertTrue(leases.isFull());

        pass(TimeUnit.MINUTES.toNanos(1) - 1);
        assertEquals(Leases.MAX - 500, leases.all().size());
        assertTrue(leases.isFull());
        ask(DAVE);
        assertNull(lease(DAVE));

        pass(1);
        assertFalse(leases.isFull());
        ask(DAVE);
        assertTrue(lease(DAVE).isGranted());
    }

    /** However clients come and go: no two of one server have one address, and nobody waits while there is one. */
    @Test
    void shouldNeverShareAnAddress() {
        final Random random = new Random(6);
        leases = new Leases(pool(5), 0, 0);
        for (int step = 0; step < 5_000; step++) {
            final Peers any = peers("10.0.0." + random.nextInt(9), "198.51.100." + (1 + random.nextInt(3)));
            switch (random.nextInt(4)) {
                case 0 -> ask(any);
                case 1 -> send(any);
                case 2 -> answer(any);
                default -> pass(random.nextInt(20) * IDLE_NS / 100);
            }
            expectSound();
        }
    }

    private void expectSound() {
        final Set<Peers> used = new HashSet<>();
        final Map<Integer, Integer> granted = new HashMap<>();
        for (final Lease lease : leases.all()) {
            if (lease.isGranted()) {
                assertTrue(used.add(new Peers(lease.address(), lease.peers().server())), "shared");
                granted.merge(lease.peers().server(), 1, Integer::sum);
            }
        }
        for (final Lease lease : leases.all()) {
            if (!lease.isGranted()) {
                assertEquals(5, granted.get(lease.peers().server()), "waits in vain");
            }
        }
    }
}
