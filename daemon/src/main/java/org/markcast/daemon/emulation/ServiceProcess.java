// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * The real service, {@code markcast run}, as a child process in a gateway's namespace, with a run directory of its own. It
 * does not outlive this process.
 */
public final class ServiceProcess implements AutoCloseable {

    /** For a service that lives for seconds: start fast rather than run fast. */
    public static final List<String> QUICK_START = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    /** The file with the virtual machine's options that {@code bin/markcast} uses; unknown to who was not started by it. */
    private static final Optional<String> LAUNCHER_OPTIONS =
            Optional.ofNullable(System.getProperty("markcast.jvm.options"));

    private static final List<String> INDISPENSABLE = List.of("--add-opens", "java.base/jdk.internal.misc=ALL-UNNAMED");

    private static final Duration READY_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(15);
    private static final long POLL_INTERVAL_MS = 10;
    private static final int MAX_ANSWER_BYTES = 16 << 20;

    private final Path directory;
    private final Process process;
    private final Thread reaper;

    private ServiceProcess(Path directory, Process process) {
        this.directory = directory;
        this.process = process;
        reaper = new Thread(this::reap, "service reaper");
        Runtime.getRuntime().addShutdownHook(reaper);
    }

    /** When this process ends without {@link #close()}. */
    private void reap() {
        process.destroyForcibly().onExit().join();
        deleteFiles();
    }

    /** Starts the service and waits until it runs. */
    public static ServiceProcess start(Gateway gateway, ServiceConfig config) {
        return start(gateway, config.text(), QUICK_START);
    }

    /**
     * Starts the service and waits until it runs.
     *
     * @param jvmOptions for its virtual machine, besides those that {@code bin/markcast} gives it
     * @throws IllegalStateException with its log, if it ends instead
     */
    public static ServiceProcess start(Gateway gateway, String config, List<String> jvmOptions) {
        final ServiceProcess service = launch(gateway, config, jvmOptions);
        service.awaitRunning();
        return service;
    }

    private void awaitRunning() {
        try {
            awaitStatus("run", status -> status.state().equals("running"));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Starts the service without waiting for it: for one that may refuse its configuration. */
    public static ServiceProcess launch(Gateway gateway, String config, List<String> jvmOptions) {
        try {
            final Path directory = Files.createTempDirectory("markcast-");
            Files.writeString(configuration(directory), config);
            return launch(gateway, directory, jvmOptions);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts the service again, after its end, with the files that it left, and waits until it runs. */
    public ServiceProcess startAgain(Gateway gateway) {
        final ServiceProcess service = launch(gateway, directory, QUICK_START);
        service.awaitRunning();
        return service;
    }

    /** The same with another configuration. */
    public ServiceProcess startAgain(Gateway gateway, ServiceConfig config) {
        write(config.text());
        return startAgain(gateway);
    }

    private static ServiceProcess launch(Gateway gateway, Path directory, List<String> jvmOptions) {
        final ProcessBuilder builder = new ProcessBuilder(command(directory, jvmOptions))
                .redirectErrorStream(true)
                .redirectOutput(logFile(directory).toFile());
        return new ServiceProcess(directory, gateway.namespace().call(builder::start));
    }

    private static List<String> command(Path directory, List<String> jvmOptions) {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(LAUNCHER_OPTIONS.map(file -> List.of("@" + file)).orElse(INDISPENSABLE));
        command.addAll(jvmOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "org.markcast.daemon.Main", "run"));
        command.addAll(List.of("-c", configuration(directory).toString()));
        command.addAll(List.of("--run-dir", runDirectory(directory).toString()));
        return command;
    }

    private static Path configuration(Path directory) {
        return directory.resolve("markcast.conf");
    }

    private static Path logFile(Path directory) {
        return directory.resolve("log");
    }

    private static Path runDirectory(Path directory) {
        return directory.resolve("run");
    }

    /** Its configuration, which {@link #reload} replaces. */
    public Path configuration() {
        return configuration(directory);
    }

    /** Where its pid file, counters and control socket are. */
    public Path runDirectory() {
        return runDirectory(directory);
    }

    public long pid() {
        return process.pid();
    }

    /** What it has written to stderr and stdout so far. */
    public String log() {
        try {
            return Files.readString(logFile(directory));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asks the service at its control socket. */
    public ServiceStatus status() throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(runDirectory().resolve("control.sock")));
            channel.write(ByteBuffer.wrap("status json\n".getBytes(StandardCharsets.US_ASCII)));
            return new ServiceStatus(JsonParser.parseString(readAll(channel)).getAsJsonObject());
        } catch (JsonParseException | IllegalStateException e) {
            throw new IOException("the service's status is no JSON object: " + e.getMessage(), e);
        }
    }

    private static String readAll(SocketChannel channel) throws IOException {
        final ByteArrayOutputStream answer = new ByteArrayOutputStream();
        final ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        while (channel.read(buffer) >= 0) {
            answer.write(buffer.array(), 0, buffer.position());
            buffer.clear();
            if (answer.size() > MAX_ANSWER_BYTES) {
                throw new IOException("the service's status does not end");
            }
        }
        return answer.toString(StandardCharsets.UTF_8);
    }

    /**
     * Waits until the service's status fulfils a condition.
     *
     * @param what it is expected to do, for the message
     * @throws IllegalStateException with its last status and its log, if it ends or takes too long
     */
    public ServiceStatus awaitStatus(String what, Predicate<ServiceStatus> condition) {
        final long deadlineNs = System.nanoTime() + READY_TIMEOUT.toNanos();
        String last = "none";
        while (System.nanoTime() < deadlineNs) {
            if (!process.isAlive()) {
                throw new IllegalStateException("the service did not " + what + ", it ended with status "
                        + process.exitValue() + ":\n" + log());
            }
            try {
                final ServiceStatus status = status();
                if (condition.test(status)) {
                    return status;
                }
                last = status.json().toString();
            } catch (IOException e) {
                last = e.getMessage(); // not there yet
            }
            pause();
        }
        throw new IllegalStateException("the service did not " + what + " within " + READY_TIMEOUT.toSeconds()
                + " s; status: " + last + "\n" + log());
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_INTERVAL_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for the service", e);
        }
    }

    /** Gives the service another configuration and waits until it has taken it. */
    public ServiceStatus reload(ServiceConfig config) {
        final long before = awaitStatus("answer", status -> true).reloads();
        hangUp(config.text());
        return awaitStatus("reload", status -> status.reloads() > before);
    }

    /** Gives the service another configuration, which it may refuse, and sends SIGHUP. */
    public void hangUp(String config) {
        write(config);
        signal("HUP");
    }

    private void write(String config) {
        try {
            Files.writeString(configuration(directory), config);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends a signal, such as {@code STOP}. */
    public void signal(String name) {
        try {
            // The shell's kill: the program may not be installed.
            final Process kill = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid()).start();
            if (kill.waitFor() != 0) {
                throw new IllegalStateException("cannot signal the service " + process.pid());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while signalling the service", e);
        }
    }

    /** Sends SIGTERM and waits for the end; the exit status. */
    public int stop() {
        process.destroy();
        return awaitExit();
    }

    /** Sends SIGKILL and waits for the end. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Waits for the end of a service that ends by itself; the exit status. */
    public int awaitExit() {
        try {
            if (!process.waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IllegalStateException(
                        "the service did not end within " + STOP_TIMEOUT.toSeconds() + " s:\n" + log());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the service stops", e);
        }
    }

    /** Ends the service, gently if it can, and removes its files. */
    @Override
    public void close() {
        try {
            if (process.isAlive()) {
                stop();
            }
        } finally {
            process.destroyForcibly();
            deleteFiles();
            forgetReaper();
        }
    }

    private void forgetReaper() {
        try {
            Runtime.getRuntime().removeShutdownHook(reaper);
        } catch (IllegalStateException e) {
            return; // shutting down already: it runs and finds nothing to do
        }
    }

    /** One that was started again shares them with its predecessor. */
    private void deleteFiles() {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
