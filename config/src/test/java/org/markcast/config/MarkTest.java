// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MarkTest {

    @ParameterizedTest
    @CsvSource({
        "7, 7",
        "0x10, 16",
        "4294967295, 4294967295",
        "0XFFFFFFFF, 4294967295",
        "7/0xff, 0x7/0xff",
        "256/65280, 0x100/0xff00",
        "1/0xffffffff, 1",
        "0/0, 0x0/0x0",
    })
    void shouldReadAndPrint(String text, String printed) {
        assertEquals(printed, Mark.parse(text).toString());
        assertEquals(Mark.parse(text), Mark.parse(printed));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "1/", "/1", "-1", "+1", "0x", "4294967296", "1/4294967296", "2/1", "1/2/3", "1 2"})
    void shouldRefuse(String text) {
        assertThrows(IllegalArgumentException.class, () -> Mark.parse(text));
    }

    @Test
    void shouldMatchUnderItsMaskOnly() {
        assertTrue(Mark.parse("0x100/0xff00").matches(0xabcd01ef));
        assertFalse(Mark.parse("0x100/0xff00").matches(0xabcd02ef));
    }

    @Test
    void shouldFindOverlapsAsAComparisonOfAllPairsDoes() {
        final Random random = new Random(3);
        int overlapping = 0;
        for (int round = 0; round < 3_000; round++) {
            final List<Mark> marks = new ArrayList<>();
            final MarkOverlaps overlaps = new MarkOverlaps();
            for (int i = 0; i < 2 + random.nextInt(4); i++) {
                final int mask = random.nextInt(3) == 0 ? Mark.FULL_MASK : random.nextInt(64);
                final Mark mark = new Mark(random.nextInt(64) & mask, mask);
                overlaps.add("sa" + i, Key.SA_MARK, mark, new Position(Path.of("x"), i + 1));
                marks.add(mark);
            }
            final boolean expected = hasOverlap(marks);
            overlapping += expected ? 1 : 0;
            final Problems problems = new Problems();
            overlaps.report(problems);
            assertEquals(expected, hasProblems(problems), marks::toString);
        }
        assertTrue(overlapping > 500 && overlapping < 2_900, "both outcomes occur: " + overlapping);
    }

    private static boolean hasOverlap(List<Mark> marks) {
        for (int i = 0; i < marks.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (marks.get(i).overlaps(marks.get(j))) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean hasProblems(Problems problems) {
        try {
            problems.throwIfAny();
            return false;
        } catch (ConfigException e) {
            return true;
        }
    }
}
