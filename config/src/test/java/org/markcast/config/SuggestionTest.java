// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SuggestionTest {

    @ParameterizedTest
    @CsvSource({"a, a, 0", "'', abc, 3", "mrak, mark, 1", "kitten, sitting, 3", "groups, grups, 1"})
    void shouldCountEdits(String a, String b, int distance) {
        assertEquals(distance, Suggestion.distance(a, b));
        assertEquals(distance, Suggestion.distance(b, a));
    }

    @Test
    void shouldSuggestTheNearestNameOrNone() {
        final List<String> known = List.of("mark", "mark_in", "mark_out");
        assertEquals(", did you mean 'mark_in'?", Suggestion.forName("markin", known));
        assertEquals(", did you mean 'mark'?", Suggestion.forName("mrak", known));
        assertEquals("", Suggestion.forName("colour", known));
    }
}
