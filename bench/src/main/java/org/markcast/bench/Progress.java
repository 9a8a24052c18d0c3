// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;

/** Says on a terminal what is being done, one line a step; says nothing elsewhere. */
final class Progress {

    private final PrintWriter terminal;
    private final long startNs = System.nanoTime();

    private Progress(PrintWriter terminal) {
        this.terminal = terminal;
    }

    /** @param err where standard error goes */
    static Progress onTerminal(PrintWriter err) {
        return new Progress(isTerminal() ? err : null);
    }

    /** Java 17 tells only whether standard input and output are a terminal. */
    private static boolean isTerminal() {
        try {
            final Path device = Path.of("/proc/self/fd/2").toRealPath();
            return device.startsWith("/dev/pts") || device.startsWith("/dev/console") || isVirtualConsole(device);
        } catch (IOException e) {
            return false; // a pipe or a socket
        }
    }

    private static boolean isVirtualConsole(Path device) {
        return device.toString().startsWith("/dev/tty");
    }

    void step(String what) {
        if (terminal != null) {
            terminal.printf("%4d s  %s%n", (System.nanoTime() - startNs) / 1_000_000_000, what);
            terminal.flush();
        }
    }
}
