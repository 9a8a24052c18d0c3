// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.sa;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.engine.packet.TestPacket.address;
import static org.markcast.engine.sa.SaTable.NONE;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SaTableTest {

    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;

    @Test
    void shouldFindNothingInAnEmptyTable() {
        final SaTable table = table();

        assertEquals(0, table.size());
        assertEquals(NONE, table.byMark(1));
        assertEquals(NONE, table.bySource(address("10.1.0.129")));
        assertArrayEquals(new int[0], match(table, "10.1.0.10", "224.0.0.251", UDP, 1, 1));
    }

    @Test
    void shouldFindTheFirstSaThatMayUseASource() {
        final SaTable table = table(
                TestSa.bare("net", 1).remote("10.2.0.0/16"),
                TestSa.roadWarrior("carol", 2, "10.2.0.1"),
                TestSa.roadWarrior("dave", 3, "10.3.0.1"));

        assertEquals(0, table.bySource(address("10.2.0.1")));
        assertEquals(2, table.bySource(address("10.3.0.1")));
        assertEquals(NONE, table.bySource(address("10.3.0.2")));
    }

    @Test
    void shouldNeverFindAnSaForASourceThatIsNoHost() {
        final SaTable table = table(
                TestSa.roadWarrior("carol", 1, "10.2.0.1"),
                TestSa.bare("all", 2).remote("0.0.0.0/0"));

        assertEquals(NONE, table.bySource(address("224.0.0.251")));
        assertEquals(NONE, table.bySource(address("255.255.255.255")));
        assertEquals(1, table.bySource(address("8.8.8.8")));
    }

    @Test
    void shouldLetAnSaUseItsRemoteSelectorsOnly() {
        final SaTable table = table(
                TestSa.roadWarrior("carol", 1, "10.1.0.129"),
                TestSa.bare("net", 2).remote("10.2.0.0/16", UDP, 53, 53));

        assertTrue(table.mayUse(0, address("10.1.0.129")));
        assertFalse(table.mayUse(0, address("10.1.0.130")));
        assertTrue(table.mayUse(1, address("10.2.255.255")));
        assertFalse(table.mayUse(1, address("10.3.0.0")));
    }

    @Test
    void shouldNameAnSaOnceThoughSeveralSelectorsMatch() {
        final SaTable table = table(TestSa.bare("net", 1)
                .local("10.1.0.0/16")
                .local("0.0.0.0/0")
                .remote("224.0.0.0/4")
                .remote("224.0.0.251/32")
                .remote("224.0.0.0/4", UDP, 0, 0xffff)
                .remote("224.0.0.0/24"));

        assertArrayEquals(new int[] {0}, match(table, "10.1.0.10", "224.0.0.251", UDP, 5353, 5353));
    }

    @Test
    void shouldMatchThroughAShorterPrefixWhenTheLongerOneIsForAnotherProtocol() {
        final SaTable table = table(TestSa.bare("net", 1)
                .local("0.0.0.0/0")
                .remote("224.0.0.251/32", TCP, 0, 0xffff)
                .remote("224.0.0.0/4", UDP, 0, 0xffff));

        assertArrayEquals(new int[] {0}, match(table, "10.1.0.10", "224.0.0.251", UDP, 5353, 5353));
    }

    @Test
    void shouldMatchNothingThatNeedsTwoProtocolsAtOnce() {
        final SaTable table =
                table(TestSa.bare("net", 1).local("0.0.0.0/0", TCP, 0, 0xffff).remote("224.0.0.0/4", UDP, 0, 0xffff));

        assertArrayEquals(new int[0], match(table, "10.1.0.10", "224.0.0.251", UDP, 1, 1));
        assertArrayEquals(new int[0], match(table, "10.1.0.10", "224.0.0.251", TCP, 1, 1));
    }

    @Test
    void shouldLetPortsLimitTheirSide() {
        final SaTable table =
                table(TestSa.bare("net", 1).local("0.0.0.0/0", UDP, 1000, 1999).remote("224.0.0.0/4", UDP, 5353, 5353));

        assertArrayEquals(new int[] {0}, match(table, "10.1.0.10", "224.0.0.251", UDP, 1000, 5353));
        assertArrayEquals(new int[] {0}, match(table, "10.1.0.10", "224.0.0.251", UDP, 1999, 5353));
        assertArrayEquals(new int[0], match(table, "10.1.0.10", "224.0.0.251", UDP, 999, 5353));
        assertArrayEquals(new int[0], match(table, "10.1.0.10", "224.0.0.251", UDP, 2000, 5353));
        assertArrayEquals(new int[0], match(table, "10.1.0.10", "224.0.0.251", UDP, 1000, 5354));
    }

    @Test
    void shouldMatchPacketsWithoutPortsByAnyPortSelectorsOnly() {
        final SaTable table = table(
                TestSa.bare("any", 1).local("0.0.0.0/0").remote("224.0.0.0/4"),
                TestSa.bare("zero", 2).local("0.0.0.0/0").remote("224.0.0.0/4", 0, 0, 0),
                TestSa.bare("most", 3).local("0.0.0.0/0").remote("224.0.0.0/4", 0, 0, 0xfffe));

        assertArrayEquals(new int[] {0}, match(table, "10.1.0.10", "224.0.0.251", UDP, -1, -1));
    }

    @Test
    void shouldCompareIcmpTypeAndCodeAsPorts() {
        final SaTable table =
                table(TestSa.bare("echo", 1).local("0.0.0.0/0", ICMP, 8, 8).remote("224.0.0.0/4", ICMP, 0, 0));

        assertArrayEquals(new int[] {0}, match(table, "10.1.0.10", "224.0.0.1", ICMP, 8, 0));
        assertArrayEquals(new int[0], match(table, "10.1.0.10", "224.0.0.1", ICMP, 0, 0));
        assertArrayEquals(new int[0], match(table, "10.1.0.10", "224.0.0.1", ICMP, 8, 1));
    }

    @Test
    void shouldAcceptIpv6SelectorsThatNothingOfIpv4Matches() {
        final SaTable table = table(
                TestSa.bare("six", 1).local("::/0").remote("ff02::/16").remote("::/0"),
                TestSa.bare("both", 2)
                        .local("::/0")
                        .local("0.0.0.0/0")
                        .remote("ff02::/16")
                        .remote("224.0.0.0/4"));

        assertArrayEquals(new int[] {1}, match(table, "10.1.0.10", "224.0.0.251", UDP, 1, 1));
        assertFalse(table.mayUse(0, address("10.1.0.10")));
        assertEquals(NONE, table.bySource(address("10.1.0.10")));
        assertEquals(0, table.byMark(1));
    }

    @Test
    void shouldShareTheSasEvenly() {
        final SaTable table = SaTable.of(warriors(10), Set.of(), 3);

        assertEquals(List.of(0, 1, 2, 0, 1, 2, 0, 1, 2, 0), shares(table));
    }

    @Test
    void shouldLeaveAnSaWithItsForwarderWhileOthersComeAndGo() {
        final SaTable before = SaTable.of(warriors(6), Set.of(), 2);
        final List<Sa> fewer = new ArrayList<>(warriors(8));
        fewer.remove(0);
        fewer.remove(2);

        final SaTable after = before.successor(fewer, Set.of());

        for (int i = 0; i < before.size(); i++) {
            for (int j = 0; j < after.size(); j++) {
                if (before.sa(i).name().equals(after.sa(j).name())) {
                    assertEquals(
                            before.forwarderOf(i),
                            after.forwarderOf(j),
                            before.sa(i).name());
                }
            }
        }
        assertEquals(
                3, shares(after).stream().filter(forwarder -> forwarder == 0).count());
    }

    @Test
    void shouldKnowReinjectByChild() {
        final SaTable table = SaTable.of(
                List.of(
                        TestSa.roadWarrior("carol", 1, "10.1.0.129").child("rw").build(),
                        TestSa.roadWarrior("dave", 2, "10.1.0.130").child("rw2").build()),
                Set.of("rw2", "other"),
                1);

        assertFalse(table.isReinject(0));
        assertTrue(table.isReinject(1));
    }

    @Test
    void shouldRefuseToShareAmongNobody() {
        assertThrows(IllegalArgumentException.class, () -> SaTable.of(List.of(), Set.of(), 0));
    }

    @Test
    void shouldBuildAHundredThousandSasQuickly() {
        final List<Sa> sas = warriors(100_000);

        // 0.2 s when alone on a machine; quadratic work would take minutes
        final SaTable table = assertTimeout(Duration.ofSeconds(10), () -> SaTable.of(sas, Set.of("rw"), 2));

        assertEquals(99_999, table.byMark(100_000));
        assertEquals(77_777, table.bySource(address("10.2.0.0") + 77_777));
        assertEquals(100_000, match(table, "10.1.0.10", "224.0.0.251", UDP, 1, 1).length);
        assertArrayEquals(new int[] {5}, match(table, "10.1.0.10", "10.2.0.5", UDP, 1, 1));
    }

    private static List<Sa> warriors(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> TestSa.roadWarrior(
                                "sa" + i, i + 1, org.markcast.engine.packet.Ipv4Address.text(address("10.2.0.0") + i))
                        .build())
                .toList();
    }

    private static List<Integer> shares(SaTable table) {
        return IntStream.range(0, table.size()).map(table::forwarderOf).boxed().toList();
    }

    private static SaTable table(TestSa... sas) {
        return SaTable.of(Arrays.stream(sas).map(TestSa::build).toList(), Set.of(), 1);
    }

    private static int[] match(
            SaTable table, String source, String destination, int protocol, int sourcePort, int destinationPort) {
        final int[] found = new int[table.size()];
        final int count =
                table.match(address(source), address(destination), protocol, sourcePort, destinationPort, found);
        final int[] sorted = Arrays.copyOf(found, count);
        Arrays.sort(sorted);
        return sorted;
    }
}
