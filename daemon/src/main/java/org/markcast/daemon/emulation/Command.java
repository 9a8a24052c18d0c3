// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.markcast.linux.NetworkNamespace;

/** Runs a program inside a namespace and waits for it; a program that fails is an exception with its message. */
final class Command {

    private Command() {}

    /** Runs {@code ip -batch} over lines such as {@code link set lo up}. */
    static void ipBatch(NetworkNamespace namespace, List<String> lines) {
        run(namespace, String.join("\n", lines) + "\n", "ip", "-batch", "-");
    }

    /**
     * The output of a program that got {@code input} on its standard input.
     *
     * @param command of a program that reads its input before it writes much
     */
    static String run(NetworkNamespace namespace, String input, String... command) {
        try {
            final Process process = namespace.call(
                    () -> new ProcessBuilder(command).redirectErrorStream(true).start());
            writeTo(process, input);
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + output.strip());
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted: " + String.join(" ", command), e);
        }
    }

    /** A program that does not want all of its input has failed, or is about to: its exit status and output tell why. */
    private static void writeTo(Process process, String input) {
        try (OutputStream out = process.getOutputStream()) {
            out.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            return;
        }
    }
}
