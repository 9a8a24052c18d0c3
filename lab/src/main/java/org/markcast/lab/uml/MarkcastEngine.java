// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code markcast run} in the gateway, as a process of its own beside charon. */
public final class MarkcastEngine implements Engine {

    private static final Duration END_TIMEOUT = Duration.ofSeconds(15);
    private static final Duration START_TIMEOUT = Duration.ofSeconds(30);
    private static final String CONFIGURATION = "/run/markcast.conf";
    private static final String RUN_DIRECTORY = "/run/markcast";

    private final Station gateway;
    private final Path log;
    private Process process;

    /** @param configuration what the first start finds */
    public MarkcastEngine(Station gateway, Path logs, String configuration) {
        this.gateway = gateway;
        log = logs.resolve("markcast.log");
        configure(configuration);
    }

    /** Says what the next start, or a reload, shall find. */
    public void configure(String configuration) {
        gateway.write(CONFIGURATION, configuration);
    }

    @Override
    public boolean isService() {
        return true;
    }

    /** Starts the service and waits until it answers; whether it forwards already is another question. */
    @Override
    public void start() {
        process = gateway.start(log, Map.of(), command("run"));
        Waiting.await("markcast to run", START_TIMEOUT, this::isRunning);
    }

    private boolean isRunning() {
        if (!process.isAlive()) {
            throw new IllegalStateException("markcast ended with status " + process.exitValue() + ": " + lastWords());
        }
        return Files.exists(gateway.path(RUN_DIRECTORY + "/control.sock"));
    }

    private String lastWords() {
        try {
            final List<String> lines = Files.readAllLines(log);
            return lines.isEmpty() ? "without a word" : lines.get(lines.size() - 1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String[] command(String verb) {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + System.getProperty("markcast.jvm.options")); // as bin/markcast starts it
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "org.markcast.daemon.Main", verb));
        command.addAll(List.of("-c", CONFIGURATION, "--run-dir", RUN_DIRECTORY));
        return command.toArray(String[]::new);
    }

    @Override
    public void stop() {
        if (process != null) {
            process.destroy();
            awaitEnd();
        }
    }

    @Override
    public void kill() {
        process.destroyForcibly();
        awaitEnd();
        gateway.run("rm", "-f", RUN_DIRECTORY + "/control.sock"); // what it left must not pass for its successor
    }

    private void awaitEnd() {
        Waiting.await("the end of markcast", END_TIMEOUT, () -> !process.isAlive());
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public Optional<String> excuse(String defect) {
        return Optional.empty();
    }
}
