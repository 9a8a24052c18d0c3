// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("try") // held open, not used
class MainTest {

    @TempDir
    Path directory;

    /** What a command left behind. */
    private record Outcome(int exitStatus, String out, String err) {

        List<String> errorLines() {
            return err.lines().toList();
        }
    }

    private static Outcome execute(String... args) {
        final StringWriter out = new StringWriter();
        final StringWriter err = new StringWriter();
        final int exitStatus = Main.execute(new PrintWriter(out, true), new PrintWriter(err, true), args);
        return new Outcome(exitStatus, out.toString(), err.toString());
    }

    private Path config(String text) throws IOException {
        return Files.writeString(directory.resolve("markcast.conf"), text);
    }

    @Test
    void shouldPrintTheVersionOfTheBuild() {
        final Outcome outcome = execute("--version");
        assertEquals(ExitStatus.DONE, outcome.exitStatus());
        assertTrue(outcome.out().matches("markcast \\d+(\\.\\d+)+\\R"), outcome.out());
    }

    @Test
    void shouldPrintTheRulesOfTheConfiguration() throws IOException {
        final Path config = config("""
                markcast {
                  sources = static
                  interface = none-such
                  static { carol {
                    mark = 7
                    local_ts = 10.1.0.0/16
                    remote_ts = 10.1.0.129, 224.0.0.0/4
                    local_host = 192.168.0.1
                    remote_host = 192.168.0.100
                    spi_in = 0xc15e5a4d
                  } }
                }
                """);
        final Outcome outcome = execute("rules", "-c", config.toString());
        assertEquals(ExitStatus.DONE, outcome.exitStatus(), outcome.err());
        assertTrue(outcome.out().contains("192.168.0.1 . 0xc15e5a4d : 0x7"), outcome.out());
        assertTrue(outcome.out().contains("10.1.0.129 : 0x7"), outcome.out());
        assertTrue(outcome.out().contains("rt ipsec missing"), outcome.out());
    }

    @Test
    void shouldPrintNoRulesWhereNoneAreWanted() throws IOException {
        final Outcome outcome = execute(
                "rules",
                "-c",
                config("markcast {\n rules = no\n leak_guard = no\n}\n").toString());
        assertEquals(ExitStatus.DONE, outcome.exitStatus(), outcome.err());
        assertEquals("# rules = no: markcast installs none", outcome.out().strip());
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "check", "rules", "status", "replay", "demo", "for-test"})
    void shouldExplainEachCommandWithItsExitStatuses(String command) {
        final Outcome outcome = execute(command, "--help");
        assertEquals(ExitStatus.DONE, outcome.exitStatus());
        assertTrue(outcome.out().startsWith("Usage: markcast " + command), outcome.out());
        assertTrue(outcome.out().contains("Exit status:"), outcome.out());
        assertTrue(outcome.out().contains("--debug"), outcome.out());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ''                   | name a command: run, check
                    rum                  | no command 'rum', there are run, check
                    run --sas 3          | no option '--sas'; `markcast run --help` explains
                    run now              | does not take 'now'
                    run -c               | Missing required parameter for option '--config' (FILE)
                    run -c /nowhere/a    | /nowhere/a: no such file; name a configuration with -c FILE
                    check -c /           | / is a directory; name a configuration with -c FILE
                    replay               | Missing required parameter: 'CAPTURE'
                    replay /nowhere/a    | /nowhere/a: not a readable file
                    demo --sas 1         | --sas 1: give a number from 2 to 1000
                    demo --sas many      | is not an int
                    demo --seconds 3601  | --seconds 3601: give a number from 0 to 3600
                    for-test usage       | for-test: told to
                    """)
    void shouldAnswerBadUsageWithOneLine(String args, String line) {
        final Outcome outcome = execute(args.isEmpty() ? new String[0] : args.split(" "));
        assertEquals(1, outcome.errorLines().size(), outcome.err());
        assertTrue(outcome.err().startsWith("markcast"), outcome.err());
        assertTrue(outcome.err().contains(line), outcome.err());
        assertEquals(ExitStatus.USAGE, outcome.exitStatus());
        assertEquals("", outcome.out());
    }

    @ParameterizedTest
    @CsvSource({
        "fail, told to",
        "link, a library does not load: libx.so",
        "crash, unexpected IllegalStateException: two lines; --debug shows where"
    })
    void shouldAnswerFailureWithOneLine(String how, String line) {
        final Outcome outcome = execute("for-test", how);
        assertEquals(List.of("markcast for-test: " + line), outcome.errorLines());
        assertEquals(ExitStatus.FAILED, outcome.exitStatus());
    }

    @Test
    void shouldPrintAStackTraceOnlyToWhoAsks() {
        assertFalse(execute("for-test", "crash").err().contains("\tat "));
        assertTrue(execute("for-test", "crash", "--debug").err().contains("\tat org.markcast.daemon.CommandForTest"));
    }

    @Test
    void shouldPrintTheEffectiveConfiguration() throws IOException {
        final Outcome first = execute("check", "-c", config("markcast {\n}\n").toString());
        assertEquals("", first.err());
        assertEquals(ExitStatus.DONE, first.exitStatus());
        assertTrue(first.out().contains("forwarders"), first.out());

        final Outcome second = execute("check", "-c", config(first.out()).toString());
        assertEquals(first, second);
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "check"})
    void shouldPrintEachProblemOfAConfigurationOnItsLine(String command) throws IOException {
        final Path config = config("markcast {\n    colour = red\n    shape = round\n}\n");
        final Outcome outcome = execute(command, "-c", config.toString());
        assertEquals(2, outcome.errorLines().size(), outcome.err());
        assertTrue(outcome.errorLines().get(0).startsWith(config + ":2: "), outcome.err());
        assertTrue(outcome.errorLines().get(1).startsWith(config + ":3: "), outcome.err());
        assertEquals(ExitStatus.USAGE, outcome.exitStatus());
        assertEquals("", outcome.out());
    }

    @Test
    void shouldSayThatNoServiceRuns() {
        final Outcome outcome = execute("status", "--run-dir", directory.toString());
        assertEquals(
                List.of("markcast status: no service is running at " + directory
                        + "; start one with `markcast run`, or name its directory with --run-dir"),
                outcome.errorLines());
        assertEquals(ExitStatus.FAILED, outcome.exitStatus());
    }

    @ParameterizedTest
    @CsvSource({"'', status", "--json, status json"})
    void shouldPrintWhatTheServiceAnswers(String option, String request) throws IOException {
        try (RunDirectory runDirectory = RunDirectory.open(directory);
                ControlServer ignored =
                        ControlServer.start(runDirectory.controlSocket(), line -> Stream.of("<", line, ">\n"))) {
            final String[] args = ("status --run-dir " + directory + " " + option).split(" ");
            assertEquals(new Outcome(ExitStatus.DONE, "<" + request + ">\n", ""), execute(args));
        }
    }
}
