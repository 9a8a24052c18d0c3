// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.markcast.config.Mark;
import org.markcast.config.NumberRange;

class ZonesTest {

    private final List<Mark> evicted = new ArrayList<>();
    private final Zones zones = new Zones(new NumberRange(1, 100), evicted::add);

    @Test
    void shouldFollowFromTheMarkAndGoOnBehindWhatIsTaken() {
        assertEquals(2, take("102"));
        assertEquals(3, take("202"));
        assertEquals(4, take("103"));
        assertEquals(100, take("100"));
        assertEquals(1, take("200"));
    }

    /** What an earlier run gave out when another mark was there too, which has gone since. */
    @Test
    void shouldBeThoseInWhichTheMarksHaveConnections() {
        zones.recall(103, 4);
        zones.recall(202, 3);
        assertEquals(3, take("202"));
        assertEquals(4, take("103"));
        assertEquals(List.of(), evicted);
    }

    @Test
    void shouldNotBeOneInWhichAnotherMarkHasConnectionsWhileThereAreOthers() {
        zones.recall(7, 2);
        assertEquals(3, take("2"));
        assertEquals(2, take("7"));
    }

    @Test
    void shouldEvictTheConnectionsOfAnotherMarkWhenThereIsNoOtherZone() {
        final Zones few = new Zones(new NumberRange(5, 6), evicted::add);
        few.recall(0x2107, 5);
        few.recall(99, 4); // not one of these
        few.take(Mark.parse("1/0xff"), (mark, zone) -> {});
        few.take(Mark.parse("2/0xff"), (mark, zone) -> {});
        assertEquals(OptionalInt.of(6), few.of(Mark.parse("1/0xff")));
        assertEquals(OptionalInt.of(5), few.of(Mark.parse("2/0xff")));
        assertEquals(List.of(Mark.parse("7/0xff")), evicted);
    }

    /** Every connection of the gateway that is nobody's has mark 0. */
    @Test
    void shouldNotEvictConnectionsWithoutAMark() {
        final Zones few = new Zones(new NumberRange(5, 6), evicted::add);
        few.recall(0, 5);
        few.recall(0x2100, 6);
        few.take(Mark.parse("1/0xff"), (mark, zone) -> {});
        few.take(Mark.parse("2/0xff"), (mark, zone) -> {});
        assertEquals(List.of(), evicted);
    }

    @Test
    void shouldKnowAMaskedMarkByItsBits() {
        zones.recall(0x2107, 50);
        assertEquals(50, take("7/0xff"));
    }

    @Test
    void shouldGoToWhoeverWaitsLongest() {
        final Zones one = new Zones(new NumberRange(9, 9), evicted::add);
        for (final String mark : List.of("1", "2", "3")) {
            one.take(Mark.parse(mark), (taker, zone) -> {});
        }
        one.giveBack(Mark.parse("1"), (taker, zone) -> {});
        assertEquals(OptionalInt.of(9), one.of(Mark.parse("2")));
        assertEquals(OptionalInt.empty(), one.of(Mark.parse("3")));
    }

    private int take(String text) {
        final Mark mark = Mark.parse(text);
        zones.take(mark, (taker, zone) -> assertEquals(zones.of(taker), zone));
        return zones.of(mark).getAsInt();
    }
}
