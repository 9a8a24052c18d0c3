// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.markcast.daemon.emulation.Gateway;

/**
 * Tells what happens to the tables named markcast of a gateway, as {@code nft monitor} sees it from the moment this was made. Each
 * line is one change, such as {@code add element ip markcast client_marks { 10.0.0.1 : 0x00000001 }}.
 */
final class RulesetMonitor implements AutoCloseable {

    private static final String BEGIN = "begin";
    private static final String END = "end";
    private static final long MARK_INTERVAL_NS = 1_000_000_000;
    private static final long POLL_INTERVAL_NS = 5_000_000;

    private final Gateway gateway;
    private final Process process;
    private final BufferedReader lines;

    RulesetMonitor(Gateway gateway) {
        this.gateway = gateway;
        process = gateway.namespace()
                .call(() -> new ProcessBuilder("nft", "monitor")
                        .redirectErrorStream(true)
                        .start());
        lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        awaitBegin();
    }

    /**
     * Nothing tells that the program listens, but that it hears something. It reads the whole ruleset first, and again when that
     * changes meanwhile.
     */
    private void awaitBegin() {
        try {
            while (!lines.ready()) {
                if (!process.isAlive()) {
                    throw new IllegalStateException("nft monitor ended with status " + process.exitValue());
                }
                mark(BEGIN);
                final long nextNs = System.nanoTime() + MARK_INTERVAL_NS;
                while (!lines.ready() && System.nanoTime() < nextNs) {
                    LockSupport.parkNanos(POLL_INTERVAL_NS);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void mark(String name) {
        gateway.nft("add table ip " + name + "\ndelete table ip " + name + "\n");
    }

    /** What has happened so far; can be asked once. */
    List<String> changes() {
        mark(END);
        final List<String> changes = new ArrayList<>();
        try {
            for (String line = lines.readLine(); !line.equals("delete table ip " + END); line = lines.readLine()) {
                if (line.contains(" markcast")) {
                    changes.add(line.strip());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return changes;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }
}
