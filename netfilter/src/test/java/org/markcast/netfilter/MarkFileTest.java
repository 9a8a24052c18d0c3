// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.config.Mark;

class MarkFileTest {

    private static final MarkOwner CAROL = MarkOwner.of(TestSa.of("carol", "7", "203.0.113.7")
            .natt("198.51.100.1", "203.0.113.7", 1025, 0xc1)
            .esp("2001:db8::1", "2001:db8::7", 0xffff_fff2)
            .build());
    private static final MarkOwner DAVE =
            MarkOwner.of(TestSa.of("dave 2 \u00e9\n%", "0x200/0xff00").build());
    private static final MarkOwner NOBODY = MarkOwner.gone(Mark.parse("9"));

    @TempDir
    private Path directory;

    private Path path;
    private MarkFile file;

    @BeforeEach
    void open() {
        path = directory.resolve("marks");
        file = new MarkFile(path);
    }

    @Test
    void shouldReadWhatItWrote() throws IOException {
        file.write(List.of(NOBODY));
        file.write(List.of(CAROL, DAVE, NOBODY));
        assertEquals(List.of(CAROL, DAVE, NOBODY), file.read());
        assertEquals(
                "7 carol 198.51.100.1 4500 203.0.113.7 1025 c1 udp 2001:db8::1 0 2001:db8::7 0 fffffff2 esp",
                Files.readAllLines(path).get(0));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        assertEquals(1, directory.toFile().list().length);
    }

    @Test
    void shouldKnowNothingWithoutAFile() {
        assertEquals(List.of(), file.read());
    }

    @Test
    void shouldSkipWhatIsNoOwner() throws IOException {
        Files.writeString(path, """

                0
                0/0
                5/4
                seven carol
                7\s
                7 carol\s
                7 carol 198.51.100.1 4500 203.0.113.7 1025 c1
                7 carol 198.51.100.1 4500 203.0.113.7 1025 c1 ah
                7 carol 198.51.100.1 4500 nat.example 1025 c1 udp
                7 carol 198.51.100.1 4500 203.0.113.7 many c1 udp
                7 carol 198.51.100.1 4500 203.0.113.7 1025 1c1c1c1c1 udp
                7 %zz
                9
                """);
        assertEquals(List.of(NOBODY), file.read());
    }

    @Test
    void shouldKnowNothingFromAFileThatIsNoText() throws IOException {
        Files.write(path, new byte[] {'9', '\n', (byte) 0xff, 0, (byte) 0xc3});
        assertEquals(List.of(), file.read());
    }

    @Test
    void shouldGoOnWhenItCannotWrite() throws IOException {
        Files.createDirectories(path.resolve("in the way"));
        file.write(List.of(CAROL));
        assertEquals(List.of(), file.read());
    }
}
