// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class RecentTest {

    private int reads;

    private List<String> read(String text) {
        reads++;
        if (text.startsWith("bad")) {
            throw new IllegalArgumentException(text);
        }
        return List.of(text);
    }

    @Test
    void shouldReadARepeatedTextOnce() {
        final Recent<List<String>> recent = new Recent<>(this::read);
        final List<String> first = recent.get("a");
        assertSame(first, recent.get(String.valueOf(new char[] {'a'})));
        assertEquals(1, reads);
    }

    @Test
    void shouldKeepWhatIsAskedForAgainAmongOthers() {
        final Recent<List<String>> recent = new Recent<>(this::read);
        final List<String> first = recent.get("a");
        for (int i = 0; i < 10_000; i++) {
            assertSame(first, recent.get("a"));
            recent.get("text " + i);
        }
    }

    @Test
    void shouldReadWhateverTheTextsAre() {
        final Recent<List<String>> recent = new Recent<>(this::read);
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 10_000; i++) {
                assertEquals(List.of("text " + i), recent.get("text " + i));
            }
        }
        assertTrue(reads >= 10_000, "reads " + reads);
    }

    @Test
    void shouldReadAgainWhatFailed() {
        final Recent<List<String>> recent = new Recent<>(this::read);
        assertThrows(IllegalArgumentException.class, () -> recent.get("bad"));
        assertThrows(IllegalArgumentException.class, () -> recent.get("bad"));
        assertEquals(2, reads);
    }
}
