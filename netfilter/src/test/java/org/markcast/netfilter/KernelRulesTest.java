// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.agrona.concurrent.CachedNanoClock;
import org.junit.jupiter.api.Test;
import org.markcast.config.Config;
import org.markcast.config.Connmark;
import org.markcast.config.Mark;
import org.markcast.engine.sa.Sa;
import org.markcast.linux.NetfilterNews.News;

class KernelRulesTest {

    private static final Connmark CONNMARK_OFF = Config.defaults().connmark();

    private static final Sa CAROL = TestSa.of("carol", "7", "10.1.0.129").build();
    private static final Sa DAVE = TestSa.of("dave", "8", "10.1.0.130").build();

    private final FakeKernel kernel = new FakeKernel();
    private final CachedNanoClock clock = new CachedNanoClock();
    private final KernelRules rules = new KernelRules(true, CONNMARK_OFF, clock, () -> kernel);

    @Test
    void shouldInstallOnceAndThenChangeElements() {
        rules.apply(List.of(CAROL), List.of());
        rules.apply(List.of(CAROL), List.of());
        rules.apply(List.of(CAROL, DAVE), List.of());

        assertEquals(1, kernel.scripts.size());
        assertEquals(1, kernel.changes.size());
        assertEquals(0, kernel.changes.get(0).deleted().size());
        assertEquals(2, kernel.changes.get(0).size()); // the client and the guarded mark
    }

    @Test
    void shouldLeaveManyChangesToTheLibrary() {
        rules.apply(List.of(CAROL), List.of());
        final List<Sa> many = IntStream.range(1, 30)
                .mapToObj(i -> TestSa.of("sa" + i, "" + i, "10.1.0." + i).build())
                .toList();
        rules.apply(many, List.of());
        assertEquals(2, kernel.scripts.size());
        assertTrue(
                kernel.scripts.get(1).startsWith("delete element ip markcast client_marks {"), kernel.scripts.get(1));
    }

    @Test
    void shouldReplaceTheTablesWhenTheRulesChange() {
        rules.apply(List.of(CAROL), List.of());
        rules.apply(
                List.of(CAROL, TestSa.of("erin", "0x200/0xff00", "10.1.0.131").build()), List.of());
        assertEquals(2, kernel.scripts.size());
        assertTrue(kernel.scripts.get(1).startsWith("add table ip markcast\ndelete table ip markcast\n"));
    }

    @Test
    void shouldInstallAnewWhatTheKernelDoesNotHoldAsExpected() {
        rules.apply(List.of(CAROL), List.of());
        kernel.refusesChanges = true;
        rules.apply(List.of(DAVE), List.of());
        assertEquals(2, kernel.scripts.size());
        assertEquals(Optional.empty(), rules.problem());
    }

    @Test
    void shouldRestoreWhatOthersChanged() {
        rules.apply(List.of(CAROL), List.of());
        kernel.news = News.CHANGED;
        rules.work();
        rules.work();
        assertEquals(2, kernel.scripts.size());
        assertEquals(kernel.scripts.get(0), kernel.scripts.get(1));
    }

    @Test
    void shouldTakeNewsEvenWhileItCannotInstall() {
        kernel.refusal = "Operation not permitted";
        rules.apply(List.of(CAROL), List.of());
        kernel.news = News.CHANGED;
        rules.work();
        assertEquals(News.NONE, kernel.news);
        assertEquals(0, kernel.scripts.size());
    }

    @Test
    void shouldInstallAnewWhenNewsWasLost() {
        rules.apply(List.of(CAROL), List.of());
        kernel.news = News.LOST;
        rules.work();
        assertEquals(2, kernel.scripts.size());
    }

    @Test
    void shouldSayWhatIsWrongAndTryAgainAfterAWhile() {
        kernel.refusal = "Operation not permitted";
        rules.apply(List.of(CAROL), List.of());
        assertEquals(Optional.of("Operation not permitted"), rules.problem());

        kernel.refusal = null;
        rules.work();
        assertEquals(0, kernel.scripts.size());
        clock.advance(TimeUnit.SECONDS.toNanos(10));
        rules.work();
        assertEquals(1, kernel.scripts.size());
        assertEquals(Optional.empty(), rules.problem());
    }

    @Test
    void shouldGuardTheMarkOfAnSaThatIsGoneForAMinute() {
        rules.apply(List.of(CAROL), List.of());
        rules.apply(List.of(), List.of());
        assertEquals(Set.of(ElementSet.CLIENTS), kernel.changes.get(0).deleted().keySet());

        clock.advance(TimeUnit.SECONDS.toNanos(59));
        rules.work();
        assertEquals(1, kernel.changes.size());
        clock.advance(TimeUnit.SECONDS.toNanos(1));
        rules.work();
        rules.work();
        assertEquals(2, kernel.changes.size());
        assertEquals(
                Set.of(ElementSet.guarded(Mark.FULL_MASK)),
                kernel.changes.get(1).deleted().keySet());
    }

    @Test
    void shouldKeepGuardingAMarkThatIsUsedAgain() {
        rules.apply(List.of(CAROL, DAVE), List.of());
        rules.apply(List.of(DAVE), List.of());
        rules.apply(List.of(CAROL, DAVE), List.of());
        clock.advance(TimeUnit.SECONDS.toNanos(120));
        rules.work();
        assertEquals(2, kernel.changes.size());
    }

    @Test
    void shouldCountLeaksAcrossInstallations() {
        rules.apply(List.of(CAROL), List.of());
        kernel.leaks = 3;
        kernel.news = News.CHANGED;
        rules.work();
        kernel.leaks = 2;
        assertEquals(5, rules.leaks());
    }

    @Test
    void shouldInstallAnewWithoutTheGuardWhenItIsNotWantedAnyLonger() {
        rules.apply(List.of(CAROL), List.of());
        kernel.leaks = 3;
        rules.configure(false, CONNMARK_OFF);
        rules.apply(List.of(CAROL, DAVE), List.of());

        assertEquals(MarkRules.text(List.of(CAROL, DAVE), List.of(), false, CONNMARK_OFF), kernel.scripts.get(1));
        assertEquals(3, rules.leaks());
    }

    @Test
    void shouldReplaceOnlyTheTablesWhoseTextIsAnother() {
        final TableText uplinks = new TableText(Table.UPLINKS, "table ip markcast_uplinks {\n}\n");
        final TableText firewall = new TableText(Table.FIREWALL, "table inet markcast_firewall {\n}\n");
        final TableText monitor = new TableText(Table.FIREWALL, "table inet markcast_firewall {\n\tchain a { }\n}\n");
        rules.setTables(List.of(uplinks, firewall));
        rules.apply(List.of(CAROL), List.of());
        assertEquals(installation(CAROL) + TableText.installation(List.of(uplinks, firewall)), kernel.scripts.get(0));

        rules.apply(List.of(CAROL), List.of());
        assertEquals(1, kernel.scripts.size());

        rules.setTables(List.of(uplinks, monitor));
        rules.apply(List.of(CAROL), List.of());
        assertEquals("flush table inet markcast_firewall\n" + monitor.text(), kernel.scripts.get(1));

        rules.setTables(List.of(monitor));
        rules.apply(List.of(CAROL), List.of());
        assertEquals("add table ip markcast_uplinks\ndelete table ip markcast_uplinks\n", kernel.scripts.get(2));
    }

    @Test
    void shouldRestoreAllTablesWhenOthersChangedOne() {
        final TableText firewall = new TableText(Table.FIREWALL, "table inet markcast_firewall {\n}\n");
        rules.setTables(List.of(firewall));
        rules.apply(List.of(CAROL), List.of());
        kernel.news = News.CHANGED;
        rules.work();
        assertEquals(installation(CAROL) + TableText.installation(List.of(firewall)), kernel.scripts.get(1));
    }

    @Test
    void shouldLeaveTheOtherTablesAloneWhenThoseOfTheSasChange() {
        final TableText firewall = new TableText(Table.FIREWALL, "table inet markcast_firewall {\n}\n");
        rules.setTables(List.of(firewall));
        rules.apply(List.of(CAROL), List.of());
        final Sa erin = TestSa.of("erin", "0x200/0xff00", "10.1.0.131").build();
        rules.apply(List.of(CAROL, erin), List.of());
        assertFalse(kernel.scripts.get(1).contains("firewall"), kernel.scripts.get(1));
    }

    @Test
    void shouldCountVerdictsAcrossInstallations() {
        final TableText monitor = new TableText(Table.FIREWALL, "table inet markcast_firewall {\n}\n");
        final TableText enforce = new TableText(Table.FIREWALL, "table inet markcast_firewall {\n\tchain a { }\n}\n");
        rules.setTables(List.of(monitor));
        rules.apply(List.of(CAROL), List.of());
        kernel.verdicts.put("refused_to_lan", 3L);
        kernel.verdicts.put("accepted_esp", 100L);
        assertEquals(3, rules.verdicts().get(FirewallVerdict.TO_LAN));

        kernel.verdicts.put("refused_to_lan", 5L);
        rules.setTables(List.of(enforce));
        rules.apply(List.of(CAROL), List.of());
        assertEquals(5, rules.verdicts().get(FirewallVerdict.TO_LAN));
        kernel.verdicts.put("refused_to_lan", 7L);
        assertEquals(7, rules.verdicts().get(FirewallVerdict.TO_LAN), "the same counter goes on");
        assertEquals(100, rules.verdicts().get(FirewallVerdict.ESP));

        final Sa erin = TestSa.of("erin", "0x200/0xff00", "10.1.0.131").build();
        rules.apply(List.of(CAROL, erin), List.of());
        assertEquals(7, rules.verdicts().get(FirewallVerdict.TO_LAN), "its table stays when others are replaced");

        kernel.news = News.CHANGED;
        rules.work();
        kernel.verdicts.put("refused_to_lan", 1L);
        assertEquals(8, rules.verdicts().get(FirewallVerdict.TO_LAN), "the restored table counts from 0");

        rules.setTables(List.of());
        rules.apply(List.of(CAROL, erin), List.of());
        rules.setTables(List.of(monitor));
        rules.apply(List.of(CAROL, erin), List.of());
        kernel.verdicts.put("refused_to_lan", 1L);
        assertEquals(9, rules.verdicts().get(FirewallVerdict.TO_LAN), "so does one that comes back");
    }

    @Test
    void shouldDeleteTheChainsThatASuccessorLacks() {
        final TableText both = new TableText(
                Table.FIREWALL, "table inet markcast_firewall {\n\tchain a {\n\t}\n\n\tchain b {\n\t}\n}\n");
        final TableText one = new TableText(Table.FIREWALL, "table inet markcast_firewall {\n\tchain b {\n\t}\n}\n");
        rules.setTables(List.of(both));
        rules.apply(List.of(CAROL), List.of());
        rules.setTables(List.of(one));
        rules.apply(List.of(CAROL), List.of());
        assertEquals(
                "flush table inet markcast_firewall\ndelete chain inet markcast_firewall a\n" + one.text(),
                kernel.scripts.get(1));
    }

    @Test
    void shouldChangeOneOfTheOtherTablesByItsDifference() {
        final TableText before = new TableText(Table.MASQUERADE, "table ip markcast_masquerade {\n}\n");
        final TableText after = new TableText(Table.MASQUERADE, "table ip markcast_masquerade {\n\tchain a { }\n}\n");
        rules.setTables(List.of(before));
        rules.change(after, "too early"); // nothing is installed yet
        rules.setTables(List.of(before));
        rules.apply(List.of(CAROL), List.of());

        rules.change(after, "add chain ip markcast_masquerade a");
        rules.apply(List.of(CAROL), List.of());
        assertEquals("add chain ip markcast_masquerade a", kernel.scripts.get(1));
        assertEquals(2, kernel.scripts.size());

        kernel.news = News.CHANGED;
        rules.change(before, "delete chain ip markcast_masquerade a");
        assertEquals(installation(CAROL) + TableText.installation(List.of(after)), kernel.scripts.get(2));
        assertEquals("delete chain ip markcast_masquerade a", kernel.scripts.get(3));
    }

    private static String installation(Sa sa) {
        return MarkRules.text(List.of(sa), List.of(), true, CONNMARK_OFF);
    }

    @Test
    void shouldStayWithTheSasThatItHasWhenTheNewOnesCannotBeRead() {
        final Sa bad = new Sa("bad", "rw", CAROL.mode(), CAROL.markIn(), CAROL.markOut(), List.of(), null, List.of());
        rules.apply(List.of(CAROL), List.of());
        rules.configure(false, CONNMARK_OFF);
        assertThrows(NullPointerException.class, () -> rules.apply(List.of(DAVE, bad), List.of()));
        rules.configure(true, CONNMARK_OFF);
        assertThrows(NullPointerException.class, () -> rules.apply(List.of(DAVE, bad), List.of()));

        kernel.news = News.CHANGED;
        rules.work();
        assertEquals(kernel.scripts.get(0), kernel.scripts.get(1));
        rules.apply(List.of(CAROL, DAVE), List.of());
        assertEquals(2, kernel.changes.get(0).size());
    }

    @Test
    void shouldSendWhatItCouldNotSendBefore() {
        rules.apply(List.of(CAROL), List.of());
        kernel.refusal = "No buffer space available";
        kernel.refusesChanges = true;
        rules.apply(List.of(CAROL, DAVE), List.of());
        rules.apply(List.of(DAVE), List.of());
        kernel.refusal = null;
        clock.advance(TimeUnit.SECONDS.toNanos(70));
        rules.work();

        assertEquals(MarkRules.installation(guarding(CAROL, DAVE), Set.of()), kernel.scripts.get(1));
    }

    /** The tables for the second SA while the guard still watches the first one's mark. */
    private static MarkTables guarding(Sa first, Sa second) {
        final MarkTables tables = MarkRules.tables(List.of(first), List.of(), true, CONNMARK_OFF);
        tables.follow(List.of(second), List.of(), 0);
        return tables;
    }

    /** Garbage makes collections, which stop the forwarders. */
    @Test
    void shouldAllocateLittleForOneSaAmongTenThousand() {
        final List<Sa> list = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            final String tail = i / 256 + "." + i % 256;
            list.add(TestSa.of("sa" + i, "" + (i + 1), "10.16." + tail, "224.0.0.0/4")
                    .esp("192.168.0.1", "20.0." + tail, 0xc000_0000 + i)
                    .build());
        }
        final List<Sa> sas = List.copyOf(list);
        list.remove(3_000);
        list.add(TestSa.of("sa3000", "3001", "10.17.0.1").build());
        final List<Sa> others = List.copyOf(list);
        rules.apply(sas, List.of());

        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long before = threads.getCurrentThreadAllocatedBytes();
        final int rounds = 100;
        for (int i = 0; i < rounds / 4; i++) {
            rules.apply(sas.subList(0, 9_999), List.of());
            rules.apply(sas, List.of());
            rules.apply(others, List.of());
            rules.apply(sas, List.of());
        }
        final long bytes = (threads.getCurrentThreadAllocatedBytes() - before) / rounds;
        assertEquals(rounds, kernel.changes.size());
        assertTrue(bytes < 100_000, bytes + " bytes");
    }

    @Test
    void shouldRemoveTheTablesOnce() {
        rules.apply(List.of(CAROL), List.of());
        rules.close();
        rules.close();
        assertEquals(List.of("add table ip markcast\ndelete table ip markcast\n"), kernel.scripts.subList(1, 2));
        assertTrue(kernel.isClosed);
    }
}
