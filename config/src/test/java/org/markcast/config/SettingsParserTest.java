// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsParserTest {

    @TempDir
    Path directory;

    private ConfigFiles files;
    private Problems problems;

    @BeforeEach
    void setUp() {
        files = new ConfigFiles(directory);
        problems = new Problems();
    }

    @Test
    void shouldReadNestedSections() {
        assertEquals(
                Map.of("a", "b", "s.x", "asdf", "s.t.y", "z z", "s.w", "1"),
                parse("a = b\ns {\n\tx = asdf\n  t{y=z z}\n # comment { x = 2 }\n w = 1 # why\n}"));
    }

    @Test
    void shouldReadSeveralSettingsOnOneLine() {
        assertEquals(Map.of("a.b", "c", "a.d.e", "f", "g", "h"), parse("a { b = c } a { d { e = f } } g = h"));
    }

    @Test
    void shouldAcceptABraceOnTheNextLine() {
        assertEquals(Map.of("a.b", "c"), parse("a\n\n# here it comes\n{\nb = c\n}"));
    }

    @Test
    void shouldMergeSectionsAndLetLaterValuesWin() {
        assertEquals(
                Map.of("a.b", "3", "a.c", "2", "a.s.t", "5"),
                parse("a { b = 1 \n c = 2 \n s { t = 4 } } \n a { s { t = 5 } \n b = 3 }"));
    }

    @Test
    void shouldUnsetAValueThatIsEmpty() {
        assertEquals(Map.of("a.b", "<unset>", "a.c", ""), parse("a { b = 1\n b =\n c = \"\" }"));
    }

    @Test
    void shouldUnquoteStrings() {
        assertEquals(
                Map.of("a", " x # y } ", "b", "say \"hi\"\\\n\t!", "c", "one line", "d", "two\nlines", "e", "x y z"),
                parse("a = \" x # y } \"\nb = \"say \\\"hi\\\"\\\\\\n\\t\\!\"\n"
                        + "c = \"one \\\nline\"\nd = \"two\nlines\"\n"
                        + "e = x \"y\" z # c"));
    }

    @Test
    void shouldKeepOddButLegalValues() {
        assertEquals(
                Map.of("a", "b = c", "b", "x{y", "c:d.x", "C:\\y"), parse("a = b = c\r\nb = x{y\nc::d { x = C:\\y } "));
    }

    @Test
    void shouldCountLinesThroughStringsAndComments() {
        files.write("test.conf", "# one\n\na = \"x\ny\\\nz\"\n\nb = 1 # c\nc { d = 2 }\n");
        final Section root = SettingsParser.parse(directory.resolve("test.conf"), problems);
        assertEquals(3, root.settings().get("a").position().line());
        assertEquals(7, root.settings().get("b").position().line());
        assertEquals(8, root.find("c").settings().get("d").position().line());
    }

    @Test
    void shouldInheritFromReferencedSections() {
        final String text = """
                base { x = 1
                  y = 2
                  sub { p = 1
                    q = 2 } }
                other { y = 3
                  z = 4 }
                top : base, other { x = 9
                  sub { q = 8 } }
                deep { er : top { z = } }
                last : deep.er { }
                """;
        final SectionView root = SectionView.of(parsed(text), problems);
        assertEquals(Map.of("x", "9", "y", "2", "z", "4"), texts(root.section("top")));
        assertEquals(Map.of("p", "1", "q", "8"), texts(root.section("top").section("sub")));
        assertEquals(Map.of("x", "9", "y", "2", "z", "<unset>"), texts(root.section("last")));
        assertEquals(Map.of("p", "1", "q", "8"), texts(root.section("last").section("sub")));
    }

    @Test
    void shouldEndWhenSectionsReferToEachOther() {
        final SectionView root =
                SectionView.of(parsed("a : b { x = 1 }\nb : a, b { y = 2 }\na { s : a { } }"), problems);
        assertEquals(Map.of("x", "1", "y", "2"), texts(root.section("b")));
        assertEquals(
                Map.of("x", "1", "y", "2"), texts(root.section("a").section("s").section("s")));
    }

    @Test
    void shouldEndWhenReferencesMultiply() {
        final StringBuilder text = new StringBuilder("s0 { x = 1 }\n");
        for (int i = 1; i < 200; i++) {
            text.append("s" + i + " : s" + (i - 1) + ", s" + (i - 1) + " { a : s" + (i - 1) + " { } }\n");
        }
        final SectionView last =
                SectionView.of(parsed(text.toString()), problems).section("s199");
        assertEquals(Map.of("x", "1"), texts(last.section("a").section("a")));
    }

    @Test
    void shouldEndOnDeepNesting() {
        parse("a{".repeat(200_000));
        final ConfigException all = assertThrowsProblems();
        assertEquals(1, all.problems().size());
    }

    @Test
    void shouldReadIncludedFilesInOrder() throws Exception {
        files.write("sub/20.conf", "x = 20\nkey = 20");
        files.write("sub/10.conf", "x = 10\ninclude more/*.inc\ninclude nothing/*.conf");
        files.write("sub/.hidden.conf", "x = hidden");
        files.write("sub/30.txt", "x = 30");
        files.write("sub/more/a.inc", "more = 1");
        files.write("with blank/a.conf", "y = 1");
        Files.createSymbolicLink(directory.resolve("link.conf"), directory.resolve("with blank/a.conf"));
        assertEquals(
                Map.of("s.x", "20", "s.key", "20", "s.more", "1", "y", "1", "l.y", "1", "include", "1"),
                parse("s { include sub/[0-2]?.conf }\ninclude \"" + directory + "/with */a.conf\"\ninclude *.none\n"
                        + "l {\n include link.conf # twice is no loop\n}\ninclude = 1"));
    }

    @Test
    void shouldKeepFileAndLineOfIncludedKeys() {
        files.write("sub/a.conf", "\nkey = 1");
        files.write("test.conf", "include sub/*.conf");
        final Section root = SettingsParser.parse(directory.resolve("test.conf"), problems);
        assertEquals(
                new Position(directory.resolve("sub/a.conf"), 2),
                root.settings().get("key").position());
    }

    @Test
    void shouldIncludeRelativeToAFileWithoutDirectory() {
        // The module's own directory holds this file, and the tests run there.
        final Section root = SettingsParser.parse(Path.of("reference.conf"), problems);
        assertEquals(
                "reference.conf:" + root.find("markcast").position().line(),
                root.find("markcast").position().toString());
    }

    @Test
    void shouldReportAFileThatCannotBeRead() throws Exception {
        assertNull(SettingsParser.parse(directory.resolve("none.conf"), problems));
        assertNull(SettingsParser.parse(directory, problems));
        assertEquals(
                List.of(
                        directory + "/none.conf: cannot read: no such file",
                        directory + ": cannot read: Is a directory"),
                assertThrowsProblems().problems());
    }

    private ConfigException assertThrowsProblems() {
        return assertThrows(ConfigException.class, problems::throwIfAny);
    }

    private Section parsed(String text) {
        return SettingsParser.parse(files.write("test.conf", text), problems);
    }

    private Map<String, String> parse(String text) {
        final Map<String, String> found = new TreeMap<>();
        final List<Map.Entry<String, Section>> pending = new ArrayList<>(List.of(Map.entry("", parsed(text))));
        while (!pending.isEmpty()) {
            final Map.Entry<String, Section> next = pending.remove(0);
            final Section section = next.getValue();
            section.settings()
                    .forEach((key, setting) ->
                            found.put(next.getKey() + key, setting.value() == null ? "<unset>" : setting.value()));
            if (next.getKey().length() < 100) {
                section.sections().forEach((key, inner) -> pending.add(Map.entry(next.getKey() + key + ".", inner)));
            }
        }
        return found;
    }

    private static Map<String, String> texts(SectionView section) {
        final Map<String, String> found = new TreeMap<>();
        section.settings()
                .forEach((key, setting) -> found.put(key, setting.value() == null ? "<unset>" : setting.value()));
        return found;
    }
}
