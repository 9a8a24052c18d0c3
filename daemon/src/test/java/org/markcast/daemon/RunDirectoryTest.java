// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
@SuppressWarnings("try") // held open, not used
class RunDirectoryTest {

    @TempDir
    Path temporary;

    private Path directory;

    @BeforeEach
    void nameADirectoryThatIsMissing() {
        directory = temporary.resolve("run/markcast");
    }

    /** A service of another process: opens the directory, says so, and holds it until its input ends. */
    static final class OtherService {

        private OtherService() {}

        public static void main(String[] args) throws IOException {
            RunDirectory.open(Path.of(args[0]));
            System.out.println("open");
            System.exit(System.in.read() < 0 ? 0 : 1); // without close, as in a crash
        }

        static Process start(Path directory) throws IOException {
            final Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            OtherService.class.getName(),
                            directory.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            final BufferedReader output = process.inputReader();
            assertEquals("open", output.readLine());
            return process;
        }
    }

    @Test
    void shouldHoldThePidWhileOpenAndNothingAfterwards() throws IOException {
        try (RunDirectory opened = RunDirectory.open(directory)) {
            Files.createFile(opened.counters());
            Files.createFile(opened.controlSocket());
            assertEquals(ProcessHandle.current().pid() + "\n", Files.readString(directory.resolve("markcast.pid")));
            assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)));
        }
        try (Stream<Path> left = Files.list(directory)) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void shouldRefuseASecondServiceAndNameTheFirst() throws IOException, InterruptedException {
        final Process other = OtherService.start(directory);
        final CommandFailure failure = assertThrows(CommandFailure.class, () -> RunDirectory.open(directory));
        assertEquals(
                "already running as process " + other.pid()
                        + "; stop that one first, or name another directory with --run-dir",
                failure.getMessage());
        assertEquals(ExitStatus.FAILED, failure.exitStatus());

        other.getOutputStream().close();
        other.waitFor();
        RunDirectory.open(directory).close();
    }

    @Test
    void shouldRefuseASecondServiceOfTheSameProcess() throws IOException {
        try (RunDirectory ignored = RunDirectory.open(directory)) {
            assertThrows(CommandFailure.class, () -> RunDirectory.open(directory));
        }
    }

    @Test
    void shouldClearAwayWhatACrashLeft() throws IOException, InterruptedException {
        final Process crashed = OtherService.start(directory);
        Files.createFile(directory.resolve("counters"));
        Files.createFile(RunDirectory.controlSocket(directory));
        crashed.destroyForcibly().waitFor();

        try (RunDirectory opened = RunDirectory.open(directory)) {
            assertFalse(Files.exists(opened.counters()));
            assertFalse(Files.exists(opened.controlSocket()));
        }
    }

    @Test
    void shouldCloseTwiceWithoutHarmToTheNextService() throws IOException {
        final RunDirectory first = RunDirectory.open(directory);
        first.close();
        try (RunDirectory ignored = RunDirectory.open(directory)) {
            first.close();
            assertTrue(Files.exists(directory.resolve("markcast.pid")));
        }
    }

    @Test
    void shouldSayWhyADirectoryCannotBeUsed() throws IOException {
        final Path file = Files.createFile(temporary.resolve("file"));
        final CommandFailure failure = assertThrows(CommandFailure.class, () -> RunDirectory.open(file));
        assertEquals(
                "cannot use " + file + ": not a directory; run as root, or name a directory of your own with --run-dir",
                failure.getMessage());
    }

    @Test
    void shouldRefuseAPathTooLongForASocket() {
        final Path tooLong = directory.resolve("a".repeat(100));
        final CommandFailure failure = assertThrows(CommandFailure.class, () -> RunDirectory.open(tooLong));
        assertEquals(ExitStatus.USAGE, failure.exitStatus());
        assertFalse(Files.exists(tooLong));
    }
}
