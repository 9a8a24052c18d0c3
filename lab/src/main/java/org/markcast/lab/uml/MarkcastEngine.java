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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

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
        log = logs.resolve(gateway + ".markcast.log");
        configure(configuration);
    }

    /** Says what the next start, or a reload, shall find. */
    public void configure(String configuration) {
        gateway.write(CONFIGURATION, configuration);
    }

    /** Has the running service take another configuration. */
    public void reload(String configuration) {
        final long before = number("reloads");
        configure(configuration);
        gateway.run("sh", "-c", "kill -HUP " + process.pid());
        Waiting.await("markcast to reload", START_TIMEOUT, () -> number("reloads") > before);
    }

    /** A number that occurs once in the service's status, by its name there; 0 if it does not. */
    public long number(String name) {
        final Matcher matcher = Pattern.compile("\"" + name + "\":([0-9]+)").matcher(status("--json"));
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    /** What {@code markcast status} prints. */
    public String status(String... options) {
        final List<String> command = new ArrayList<>(program());
        command.addAll(List.of("status", "--run-dir", RUN_DIRECTORY));
        command.addAll(List.of(options));
        return gateway.run(command.toArray(String[]::new));
    }

    @Override
    public boolean isService() {
        return true;
    }

    /** Starts the service and waits until it answers; whether it forwards already is another question. */
    @Override
    public void start() {
        final List<String> command = new ArrayList<>(program());
        command.addAll(List.of("run", "-c", CONFIGURATION, "--run-dir", RUN_DIRECTORY));
        process = gateway.start(log, Map.of(), command.toArray(String[]::new));
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

    /** As bin/markcast starts it. */
    private static List<String> program() {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + System.getProperty("markcast.jvm.options"),
                "-cp",
                System.getProperty("java.class.path"),
                "org.markcast.daemon.Main");
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
