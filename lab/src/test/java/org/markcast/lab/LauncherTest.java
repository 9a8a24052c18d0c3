// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.markcast.daemon.emulation.ServiceConfig;

/** {@code bin/markcast} as people start it. */
@NetworkNamespaceTest
class LauncherTest {

    private static final String MARKCAST = Path.of(System.getProperty("basedir", ""), "..", "bin", "markcast")
            .toAbsolutePath()
            .normalize()
            .toString();

    /** In a user namespace where root is mapped to user 1000: no capability, but still the owner of its files. */
    private static final List<String> AS_ORDINARY_USER =
            List.of("unshare", "--user", "--map-user=1000", "--map-group=1000");

    /** Unless bin/test has seen to it, the first start may have something to build and to say. */
    @BeforeAll
    static void build() {
        final Program version = Program.run(List.of(MARKCAST, "--version"));
        assertEquals(0, version.exitStatus(), version::toString);
    }

    @Test
    void shouldDemonstrate() {
        shouldPass(Program.run(List.of(MARKCAST, "demo", "--seconds", "1")));
    }

    @Test
    void shouldDemonstrateAsAnOrdinaryUserWhereTheSystemAllowsIt() {
        final List<String> demo = asOrdinaryUser(MARKCAST, "demo", "--seconds", "1");
        if (canMakeNetworksAsAnOrdinaryUser()) {
            shouldPass(Program.run(demo));
        } else {
            final String line = Program.run(demo).failure(1);
            assertTrue(line.contains("cannot make network namespaces"), line);
        }
    }

    private static void shouldPass(Program demo) {
        assertEquals(0, demo.exitStatus(), demo::toString);
        final List<String> lines = demo.out().lines().toList();
        assertEquals("demo: PASS", lines.get(lines.size() - 1), demo::toString);
        assertTrue(lines.stream().anyMatch(line -> line.startsWith("  mDNS query ")), demo::toString);
        assertTrue(lines.stream().anyMatch(line -> line.endsWith(" 0 lost")), demo::toString);
    }

    private static boolean canMakeNetworksAsAnOrdinaryUser() {
        return Program.run(asOrdinaryUser("unshare", "--user", "--map-root-user", "--net", "true"))
                        .exitStatus()
                == 0;
    }

    private static List<String> asOrdinaryUser(String... command) {
        final List<String> all = new ArrayList<>(AS_ORDINARY_USER);
        all.addAll(List.of(command));
        return all;
    }

    @Test
    void shouldCheckAConfigurationAndPrintAValidOne(@TempDir Path directory) throws IOException {
        final Path file = Files.writeString(directory.resolve("in.conf"), new ServiceConfig("eth1").text());
        final Program check = Program.run(List.of(MARKCAST, "check", "-c", file.toString()));
        assertEquals(0, check.exitStatus(), check::toString);

        final Path printed = Files.writeString(directory.resolve("out.conf"), check.out());
        final Program again = Program.run(List.of(MARKCAST, "check", "-c", printed.toString()));
        assertEquals(0, again.exitStatus(), again::toString);
        assertEquals(check.out(), again.out());
    }

    @Test
    void shouldPassOnTheExitStatus(@TempDir Path directory) throws IOException {
        final Path bad = Files.writeString(directory.resolve("bad.conf"), "markcast {\n  forward = perhaps\n}\n");
        final String line =
                Program.run(List.of(MARKCAST, "check", "-c", bad.toString())).failure(2);
        assertTrue(line.startsWith(bad + ":2: "), line);
        assertEquals(2, Program.run(List.of(MARKCAST, "dance")).exitStatus());
        assertEquals(0, Program.run(List.of(MARKCAST, "--version")).exitStatus());
    }
}
