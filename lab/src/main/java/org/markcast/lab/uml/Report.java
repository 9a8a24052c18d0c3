// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.function.Supplier;

/** What the checks say: a line each for people, and a line each for {@code bin/lab --compare}. */
public final class Report {

    private final PrintStream out;
    private final Path results;
    private final Engine engine;
    private int passed;
    private int failed;
    private int excused;

    /** @param results file of {@code step TAB check TAB verdict} lines */
    public Report(PrintStream out, Path results, Engine engine) {
        this.out = out;
        this.results = results;
        this.engine = engine;
    }

    public void step(String title) {
        out.println();
        out.println(title);
        record("#", title, "");
    }

    /** A check that no known defect excuses. */
    public void check(String name, String expected, Supplier<String> seen) {
        check(name, "", expected, seen);
    }

    /**
     * Compares what is expected with what is seen.
     *
     * @param defect the plugin's defect that makes it fail here, such as {@code F17}; empty for none
     * @param seen may throw, which is a failure with that message
     */
    public void check(String name, String defect, String expected, Supplier<String> seen) {
        String found;
        try {
            found = seen.get();
        } catch (RuntimeException e) {
            found = e.getMessage() == null ? e.toString() : e.getMessage();
        }
        if (found.equals(expected)) {
            passed++;
            line("ok", name + ": " + found);
            record("", name, "ok");
            return;
        }
        final String difference = name + ": expected " + expected + "; seen " + found;
        final Optional<String> excuse = engine.excuse(defect);
        if (excuse.isPresent()) {
            excused++;
            line(excuse.get(), difference);
            record("", name, excuse.get());
        } else {
            failed++;
            line("FAIL", difference);
            record("", name, "FAIL");
        }
    }

    /** A check that makes no sense for this engine. */
    public void notApplicable(String name, String reason) {
        line("n/a", name + ": " + reason);
        record("", name, "n/a");
    }

    /** A step that came to no end. */
    public void broken(String title, RuntimeException e) {
        failed++;
        line("FAIL", title + ": " + (e.getMessage() == null ? e.toString() : e.getMessage()));
        record("", title, "FAIL");
    }

    public void note(String text) {
        line("", text);
    }

    /** A measured figure. */
    public void figure(String name, String value) {
        line("", name + ": " + value);
        record("=", name, value);
    }

    private void line(String verdict, String text) {
        out.printf("  %-4s %s%n", verdict, text.replace('\n', ' '));
        out.flush();
    }

    private void record(String kind, String name, String verdict) {
        try {
            Files.writeString(
                    results,
                    kind + "\t" + name + "\t" + verdict + "\n",
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Prints the closing line; the exit status. */
    public int close() {
        out.println();
        out.println(passed + " passed, " + failed + " failed"
                + (excused == 0 ? "" : ", " + excused + " failed by a known defect"));
        return failed == 0 ? 0 : 1;
    }
}
