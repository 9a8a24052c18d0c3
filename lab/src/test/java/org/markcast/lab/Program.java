// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.markcast.daemon.emulation.Gateway;

/**
 * A program that was run to its end.
 *
 * @param out what it wrote to standard output
 * @param err what it wrote to standard error
 */
record Program(int exitStatus, String out, String err) {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** Runs {@code markcast} in the gateway, as root. */
    static Program markcast(Gateway gateway, Object... arguments) {
        return in(gateway, markcastCommand(List.of(), arguments));
    }

    /** How {@code markcast} is run, behind a program that changes how. */
    static List<String> markcastCommand(List<String> prefix, Object... arguments) {
        final List<String> command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        command.addAll(List.of("--add-opens", "java.base/jdk.internal.misc=ALL-UNNAMED"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "org.markcast.daemon.Main"));
        for (final Object argument : arguments) {
            command.add(argument.toString());
        }
        return command;
    }

    static Program in(Gateway gateway, List<String> command) {
        return gateway.namespace().call(() -> run(command));
    }

    static Program run(List<String> command) {
        try {
            final Path out = Files.createTempFile("markcast-", ".out");
            final Path err = Files.createTempFile("markcast-", ".err");
            try {
                final Process process = new ProcessBuilder(command)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
                final int exitStatus = await(process, command);
                return new Program(exitStatus, Files.readString(out), Files.readString(err));
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int await(Process process, List<String> command) {
        try {
            if (!process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                throw new IllegalStateException(command + " does not end");
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Demands that it failed with one line on standard error, and returns that line. */
    String failure(int expectedStatus) {
        assertEquals(expectedStatus, exitStatus, this::toString);
        assertEquals(1, err.lines().count(), this::toString);
        assertEquals("", out);
        assertTrue(err.endsWith("\n"), this::toString);
        return err.strip();
    }
}
