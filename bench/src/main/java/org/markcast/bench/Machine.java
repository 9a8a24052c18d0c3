// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;

/**
 * Where and when figures were measured.
 *
 * @param cpus processors that this process may use
 * @param load the three load averages (proc(5)) at the start
 */
record Machine(String cpu, int cpus, String kernel, String jvm, String date, String command, String load) {

    /** This one, now. */
    static Machine describe(String command) throws IOException {
        return new Machine(
                cpuModel(Files.readString(Path.of("/proc/cpuinfo"))),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("os.name") + " " + System.getProperty("os.version"),
                System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"),
                LocalDate.now(ZoneOffset.UTC).toString(),
                command,
                loadNow());
    }

    static String loadNow() throws IOException {
        final String[] fields = Files.readString(Path.of("/proc/loadavg")).split(" ");
        return String.join(" ", fields[0], fields[1], fields[2]);
    }

    /** From the text of /proc/cpuinfo; some architectures have no {@code model name} there. */
    static String cpuModel(String text) {
        return text.lines()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse(System.getProperty("os.arch"));
    }
}
