// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.agrona.concurrent.status.CountersReader;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counters;

/** The service as a child process, and what can be seen of it from outside without disturbing it. */
final class MeasuredService implements AutoCloseable {

    private static final long CLOCK_TICK_NS = 10_000_000; // USER_HZ is 100 on every architecture that we know
    private static final int USER_TIME = 11; // fields of /proc/PID/stat behind the name, proc(5)
    private static final int SYSTEM_TIME = 12;
    private static final Pattern PAUSE = Pattern.compile("Pause.* (\\d+[.,]\\d+)ms");

    private final Path gcLog;
    private final ServiceProcess process;
    private final CountersReader counters;
    private final Map<Counter, List<Integer>> counterIds = new EnumMap<>(Counter.class);
    private boolean isPaused;

    /** Garbage collections of the service. */
    record Pauses(int count, double longestMs) {}

    private MeasuredService(Path gcLog, ServiceProcess process) {
        this.gcLog = gcLog;
        this.process = process;
        counters = mapCounters(process.runDirectory());
        counters.forEach((id, type, key, label) -> {
            if (type == Counters.TYPE_FORWARDER) {
                counterIds
                        .computeIfAbsent(Counter.values()[key.getInt(Integer.BYTES)], counter -> new ArrayList<>())
                        .add(id);
            }
        });
    }

    /** Starts it with the virtual machine's options that {@code bin/markcast} gives it, and a log of its garbage collector. */
    static MeasuredService start(Gateway gateway, String config) throws IOException {
        return start(gateway, config, List.of("-XX:+UseSerialGC", "-XX:-UsePerfData"));
    }

    /** Starts it with the virtual machine's options given, and a log of its garbage collector. */
    static MeasuredService start(Gateway gateway, String config, List<String> jvmOptions) throws IOException {
        final Path gcLog = Files.createTempFile("markcast-gc-", ".log");
        gcLog.toFile().deleteOnExit();
        final List<String> allOptions = new ArrayList<>(jvmOptions);
        allOptions.add("-Xlog:gc:file=" + gcLog + "::filecount=0");
        final ServiceProcess process = ServiceProcess.start(gateway, config, allOptions);
        try {
            return new MeasuredService(gcLog, process);
        } catch (RuntimeException e) {
            process.close();
            throw e;
        }
    }

    private static CountersReader mapCounters(Path runDirectory) {
        try (FileChannel file = FileChannel.open(runDirectory.resolve("counters"), StandardOpenOption.READ)) {
            final int recordLength = CountersManager.METADATA_LENGTH + CountersManager.COUNTER_LENGTH;
            final int capacity = (int) (file.size() / recordLength);
            final UnsafeBuffer all = new UnsafeBuffer(file.map(FileChannel.MapMode.READ_ONLY, 0, file.size()));
            final int metadataLength = capacity * CountersManager.METADATA_LENGTH;
            return new CountersReader(
                    new UnsafeBuffer(all, 0, metadataLength),
                    new UnsafeBuffer(all, metadataLength, capacity * CountersManager.COUNTER_LENGTH));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** A counter's sum over all forwarders, read from the mapped file: the service does not notice. */
    long count(Counter counter) {
        return counterIds.get(counter).stream()
                .mapToLong(counters::getCounterValue)
                .sum();
    }

    /** CPU time of all its threads so far, to 10 ms. */
    long cpuNs() {
        final String stat = read(Path.of("/proc/" + process.pid() + "/stat"));
        final String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[SYSTEM_TIME])) * CLOCK_TICK_NS;
    }

    /** How often its thread of this name has gone to sleep so far. */
    long sleeps(String threadName) {
        try {
            return Threads.sleeps(task(threadName));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path task(String threadName) throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
            return tasks.filter(task -> read(task.resolve("comm")).strip().equals(threadName))
                    .findFirst()
                    .orElseThrow(() -> new IOException("the service has no thread " + threadName));
        }
    }

    /** Packets that the kernel dropped at the ring so far, as its status tells. */
    long kernelDrops() throws IOException {
        long drops = 0;
        for (final JsonElement lan : status().getAsJsonArray("interfaces")) {
            drops += lan.getAsJsonObject().get("kernel_drops").getAsLong();
        }
        return drops;
    }

    private JsonObject status() throws IOException {
        return process.status().json();
    }

    /** Stops all its threads until {@link #resume()}; returns when none runs any more. */
    void pause() {
        signal("STOP");
        isPaused = true;
        while (!isEveryThread('T')) {
            Threads.sleepMs(1);
        }
    }

    void resume() {
        signal("CONT");
        isPaused = false;
    }

    /** Whether all its threads wait for something: one that has work to do is runnable, even where it gets no CPU. */
    boolean isIdle() {
        return isEveryThread('S');
    }

    /** Whether all its threads are in this state of proc(5). */
    private boolean isEveryThread(char state) {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
            return tasks.allMatch(task -> {
                final String stat = read(task.resolve("stat"));
                return stat.charAt(stat.lastIndexOf(')') + 2) == state;
            });
        } catch (IOException | UncheckedIOException e) {
            return false; // a thread ended meanwhile
        }
    }

    private void signal(String name) {
        try {
            // The shell's kill: the program may not be installed.
            final int status = new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid())
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new IllegalStateException("cannot send SIG" + name + " to the service:\n" + process.log());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** How much of the garbage collector's log there is now. */
    int gcLogLength() {
        return read(gcLog).length();
    }

    /** The pauses in the log between two of its lengths. */
    Pauses pauses(int from, int to) {
        final Matcher pause = PAUSE.matcher(read(gcLog).substring(from, to));
        int count = 0;
        double longestMs = 0;
        while (pause.find()) {
            count++;
            longestMs = Math.max(longestMs, Double.parseDouble(pause.group(1).replace(',', '.')));
        }
        return new Pauses(count, longestMs);
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        try {
            if (isPaused) {
                resume();
            }
        } finally {
            process.close();
            Files.deleteIfExists(gcLog);
        }
    }
}
