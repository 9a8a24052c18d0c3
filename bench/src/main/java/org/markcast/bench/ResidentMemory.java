// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a process has in memory, proc_pid_status(5).
 *
 * @param nowMib VmRSS
 * @param peakMib VmHWM, the most that it ever had
 */
record ResidentMemory(double nowMib, double peakMib) {

    static ResidentMemory of(long pid) throws IOException {
        final Path status = Path.of("/proc/" + pid + "/status");
        return new ResidentMemory(mib(status, "VmRSS:"), mib(status, "VmHWM:"));
    }

    private static double mib(Path status, String key) throws IOException {
        for (final String line : Files.readAllLines(status)) {
            if (line.startsWith(key)) {
                return Long.parseLong(line.substring(key.length()).strip().split(" ")[0]) / 1024.0;
            }
        }
        throw new IOException(status + " has no " + key + " the process has ended");
    }
}
