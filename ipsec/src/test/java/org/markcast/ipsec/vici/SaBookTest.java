// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.ipsec.vici.ScriptedSa.client;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaSet;
import org.markcast.engine.sa.SaSet.Unhandled;

class SaBookTest {

    private final SaEvents events =
            new SaEvents(new SelectorText(new NetworkNames(List.of("udp 17"), List.of("mdns 5353/udp"))));
    private final SaBook book = new SaBook();

    private void list(ScriptedSa... children) throws ViciException {
        book.startRead();
        for (final ScriptedSa child : children) {
            events.apply("list-sa", CharonMessages.listed(child).message(), book);
        }
        book.complete();
    }

    /** Client 1 with keys of its CHILD_SA set otherwise; an empty value leaves the key out. */
    private void listWith(Map<String, String> keys) throws ViciException {
        final ViciMessage section = client(1).section().build();
        final Map<String, String> values = new LinkedHashMap<>(section.values());
        values.putAll(keys);
        final ViciMessage.Builder child = ViciMessage.builder();
        values.forEach((key, value) -> {
            if (!value.isEmpty()) {
                child.value(key, value);
            }
        });
        section.lists().forEach(child::list);
        final ViciMessage children =
                ViciMessage.builder().section("rw-1", child.build()).build();
        final ViciMessage ike = client(1).ike().section("child-sas", children).build();
        book.startRead();
        events.apply("list-sa", ViciMessage.builder().section("gw", ike).build(), book);
        book.complete();
    }

    private List<String> names() {
        return book.sas().sas().stream().map(Sa::name).toList();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "mode, BEET, 'mode BEET is not supported, only TUNNEL and TRANSPORT'",
                "mode, TRANSPORT_PROXY, 'mode TRANSPORT_PROXY is not supported, only TUNNEL and TRANSPORT'",
                "mode, PASS, 'mode PASS is not supported, only TUNNEL and TRANSPORT'",
                "protocol, AH, 'protocol AH is not supported, only ESP'",
                "cpu, 3, per-CPU SAs (RFC 9611) are not supported",
                "mark-in, '', it has no mark_in; set mark_in and mark_out in swanctl.conf",
                "mark-out, '', it has no mark_out; set mark_in and mark_out in swanctl.conf",
                "mark-out, 00000000, 'its mark_out is 0, which every unmarked packet has'",
                "mark-in, 123456789, '''123456789'' is no mark-in'",
                "mark-mask-in, 00000f00, mark 0x1 has bits outside its mask 0xf00",
                "spi-in, xyz, '''xyz'' is no spi-in'",
            })
    void shouldSayWhyAnSaIsNotHandled(String key, String value, String reason) throws ViciException {
        listWith(Map.of(key, value));
        assertEquals(List.of(), names());
        assertEquals(List.of(new Unhandled("rw{1}", reason)), book.sas().unhandled());
    }

    @Test
    void shouldSayThatAnInterfaceIdIsNoMark() throws ViciException {
        listWith(Map.of("mark-in", "", "mark-out", "", "if-id-in", "0000002a"));
        assertEquals(
                List.of(new Unhandled("rw{1}", "it has no mark_in, only an interface ID")),
                book.sas().unhandled());
    }

    @Test
    void shouldReadMasksAndMode() throws ViciException {
        listWith(
                Map.of("mode", "TRANSPORT", "mark-in", "00000a00", "mark-mask-in", "0000ff00", "mark-out", "ffffffff"));
        final Sa sa = book.sas().sas().get(0);
        assertEquals(Mode.TRANSPORT, sa.mode());
        assertEquals(new Mark(0xa00, 0xff00), sa.markIn());
        assertEquals(new Mark(-1, -1), sa.markOut());
    }

    @Test
    void shouldRefuseSasWithoutIdentifiers() {
        assertThrows(ViciException.class, () -> listWith(Map.of("uniqueid", "")));
        assertThrows(ViciException.class, () -> listWith(Map.of("uniqueid", "-1")));
        assertThrows(ViciException.class, () -> listWith(Map.of("reqid", "x")));
        assertThrows(ViciException.class, () -> listWith(Map.of("name", "")));
    }

    @ParameterizedTest
    @CsvSource({"CREATED", "ROUTED", "INSTALLING", "RETRYING"})
    void shouldLeaveOutWhatIsNotInTheKernelYet(String state) throws ViciException {
        listWith(Map.of("state", state, "spi-in", ""));
        assertEquals(0, book.size());
    }

    @Test
    void shouldKeepWhatItKnowsOfAnSaThatCharonTellsLittleOf() throws ViciException {
        list(client(1));
        listWith(Map.of("state", "UPDATING", "spi-in", ""));
        assertEquals(List.of("rw.1"), names());
        final SaSet before = book.sas();
        book.startRead();
        book.put(new ChildSa(1, 1, "rw", 1, ChildSa.Phase.INSTALLED, null, null, ""));
        book.complete();
        assertEquals(before, book.sas());
    }

    @Test
    void shouldNoticeThatItKnowsNothingOfAnSaInUse() throws ViciException {
        listWith(Map.of("state", "UPDATING", "spi-in", ""));
        assertTrue(book.isIncomplete());
    }

    @Test
    void shouldNotForwardThroughAnSaThatOnlyLeaves() throws ViciException {
        list(client(1).in("DELETED"));
        assertEquals(List.of(), names());
        assertTrue(book.hasLeaving());
    }

    @Test
    void shouldTakeAnSaThatIsBeingRekeyedAndItsSuccessorForOne() throws ViciException {
        list(client(1).in("REKEYING"), client(1).rekeyed(5));
        assertEquals(List.of("rw.1"), names());
        assertEquals(2, book.sas().sas().get(0).outers().size());
        assertEquals(List.of(), book.sas().unhandled());
    }

    @Test
    void shouldKeepTheNewestOfTwins() throws ViciException {
        list(client(1), client(1).rekeyed(5).below(7));
        assertEquals(List.of("rw.1"), names());
        assertEquals(0xd0000005, book.sas().sas().get(0).outers().get(0).spiIn());
        assertEquals(1, book.sas().sas().get(0).outers().size());
        assertEquals(
                List.of(new Unhandled("rw{1}", "the newer rw{5} has the same name, reqid and marks")),
                book.sas().unhandled());
    }

    @Test
    void shouldNameSasUniquelyAndKeepTheirNames() throws ViciException {
        final ScriptedSa one = client(1);
        final ScriptedSa other = new ScriptedSa(
                2, 2, 1, "rw", "INSTALLED", 9, 77, "10.0.0.2", "172.0.0.2", 4500, false, ScriptedSa.ANY_CPU);
        list(one, other);
        assertEquals(List.of("rw.1", "rw.1/9"), names());

        list(other, one.rekeyed(5));
        assertEquals(List.of("rw.1/9", "rw.1"), names()); // the newest last
        assertEquals(9, book.sas().sas().get(0).markIn().value());

        book.remove(5);
        events.apply(
                "child-updown", CharonMessages.childUp(client(1).marked(33)).message(), book);
        assertEquals(List.of("rw.1", "rw.1/9"), names());
    }

    @Test
    void shouldForgetWhatAReadDoesNotTell() throws ViciException {
        list(client(1), client(2), client(3));
        list(client(1), client(3));
        assertEquals(List.of("rw.1", "rw.3"), names());
        assertEquals(2, book.size());
    }

    @Test
    void shouldKeepWhatComesWhileItReads() throws ViciException {
        list(client(1));
        book.startRead();
        events.apply("child-updown", CharonMessages.childUp(client(2)).message(), book);
        events.apply("list-sa", CharonMessages.listed(client(1)).message(), book);
        book.complete();
        assertEquals(List.of("rw.1", "rw.2"), names());
    }

    @Test
    void shouldForgetAReadThatBeginsAnew() throws ViciException {
        list(client(1), client(2));
        book.startRead();
        events.apply("list-sa", CharonMessages.listed(client(1)).message(), book);
        list(client(2));
        assertEquals(List.of("rw.2"), names());
    }

    @Test
    void shouldHandOutTheSameObjectsWhileNothingChanges() throws ViciException {
        list(client(1), client(2));
        final SaSet before = book.sas();
        list(client(2), client(1));
        book.inherit(client(1).ikeId(), 99);
        assertEquals(before, book.sas());
        for (int i = 0; i < 2; i++) {
            assertSame(before.sas().get(i), book.sas().sas().get(i));
        }
    }

    @Test
    void shouldKeepTheObjectsOfSasThatDoNotChange() throws ViciException {
        list(client(1), client(2), client(3));
        final List<Sa> before = book.sas().sas();
        list(client(1), client(2).rekeyed(7), client(3), client(4));
        final List<Sa> after = book.sas().sas();
        assertEquals(List.of("rw.1", "rw.3", "rw.4", "rw.2"), names());
        assertSame(before.get(0), after.get(0));
        assertSame(before.get(2), after.get(1));
        assertNotEquals(before.get(1), after.get(3));
    }

    /** Against a list that is sorted anew each time. */
    @Test
    void shouldListTheNewestLastWhateverHappens() throws ViciException {
        final Random random = new Random(1);
        final Map<Long, ScriptedSa> inUse = new HashMap<>();
        for (int step = 0; step < 3_000; step++) {
            final int number = 1 + random.nextInt(40);
            final Optional<ScriptedSa> former =
                    inUse.values().stream().filter(sa -> sa.reqid() == number).findFirst();
            former.ifPresent(sa -> {
                inUse.remove(sa.childId());
                book.remove(sa.childId());
            });
            final ScriptedSa next = client(number).rekeyed(1_000 + random.nextInt(100_000));
            if ((former.isEmpty() || random.nextBoolean()) && inUse.putIfAbsent(next.childId(), next) == null) {
                events.apply("child-updown", CharonMessages.childUp(next).message(), book);
            }
            final List<String> expected = inUse.values().stream()
                    .sorted(Comparator.comparingLong(ScriptedSa::childId))
                    .map(sa -> "rw." + sa.reqid())
                    .toList();
            assertEquals(expected, names());
        }
    }
}
