// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class MarkdownTableTest {

    @Test
    void shouldAlignFiguresToTheRight() {
        final String text = new MarkdownTable("what", "figure")
                .row("first", 1)
                .row("second one", "22,000,000")
                .row("", null)
                .text();

        assertEquals("""
                | what       |     figure |
                |------------|-----------:|
                | first      |          1 |
                | second one | 22,000,000 |
                |            |            |
                """, text);
    }

    @Test
    void shouldRefuseARowThatDoesNotFit() {
        final MarkdownTable table = new MarkdownTable("one", "two");

        assertThrows(IllegalArgumentException.class, () -> table.row("alone"));
    }
}
