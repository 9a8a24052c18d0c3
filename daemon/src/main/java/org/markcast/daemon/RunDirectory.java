// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * The directory of one running service: its pid, its counters, its control socket. The lock on the pid file (fcntl(2), so
 * it ends with the process, however that ends) makes the service the only one there.
 *
 * <pre>
 *   markcast.pid    process number, locked
 *   counters        memory-mapped counters
 *   control.sock    requests of {@code markcast status}
 *   leases          external addresses of inside hosts; stays for the next run
 *   marks           whose connections have which mark; stays for the next run
 * </pre>
 */
final class RunDirectory implements AutoCloseable {

    static final String DEFAULT = "/run/markcast";

    /** {@code sun_path} has 108 bytes with the terminating zero (unix(7)). */
    private static final int MAX_SOCKET_PATH_BYTES = 107;

    /** A start fails this often only if other services start and stop as fast. */
    private static final int LOCK_ATTEMPTS = 10;

    private final Path directory;
    private final FileChannel pidFile;

    private RunDirectory(Path directory, FileChannel pidFile) {
        this.directory = directory;
        this.pidFile = pidFile;
    }

    /**
     * Makes the directory if need be, takes its lock, and clears away what a crashed service left.
     *
     * @throws CommandFailure if another service has it, or it cannot be written
     */
    static RunDirectory open(Path directory) {
        if (controlSocket(directory).toString().getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH_BYTES) {
            throw CommandFailure.usage(directory + ": too long for a socket's path; name a shorter one with --run-dir");
        }
        try {
            create(directory);
            final RunDirectory opened = new RunDirectory(directory, lock(directory));
            opened.deleteLeftovers();
            return opened;
        } catch (IOException e) {
            throw CommandFailure.failed(
                    "cannot use " + directory + ": " + reason(e)
                            + "; run as root, or name a directory of your own with --run-dir",
                    e);
        }
    }

    /** Where the service that has {@code directory} listens. */
    static Path controlSocket(Path directory) {
        return directory.resolve("control.sock");
    }

    Path controlSocket() {
        return controlSocket(directory);
    }

    Path counters() {
        return directory.resolve("counters");
    }

    Path leases() {
        return directory.resolve("leases");
    }

    Path marks() {
        return directory.resolve("marks");
    }

    /** Removes what the service left there, and lets go. Idempotent. */
    @Override
    public void close() throws IOException {
        if (!pidFile.isOpen()) {
            return;
        }
        try (pidFile) {
            deleteLeftovers();
            Files.deleteIfExists(pidPath(directory));
        }
    }

    private void deleteLeftovers() throws IOException {
        Files.deleteIfExists(counters());
        Files.deleteIfExists(controlSocket());
    }

    private static Path pidPath(Path directory) {
        return directory.resolve("markcast.pid");
    }

    private static void create(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            Files.createDirectories(directory);
            // Explicitly: whoever may read the status must get in, whatever the umask.
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    private static FileChannel lock(Path directory) throws IOException {
        for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
            final Optional<FileChannel> locked = tryLock(pidPath(directory));
            if (locked.isPresent()) {
                writePid(locked.get());
                return locked.get();
            }
        }
        throw new IOException("the pid file keeps changing");
    }

    /**
     * Locks the file unless it was deleted meanwhile: a service that stops deletes its pid file, and a lock on the deleted
     * one would keep nobody out. The file is looked at by name only: closing a second descriptor would end the lock.
     */
    private static Optional<FileChannel> tryLock(Path pidPath) throws IOException {
        createIfMissing(pidPath);
        final FileChannel channel;
        final Object before;
        try {
            before = inode(pidPath);
            channel = FileChannel.open(pidPath, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        try {
            if (tryLock(channel) == null) {
                throw CommandFailure.failed("already running as process " + readPid(pidPath)
                        + "; stop that one first, or name another directory with --run-dir");
            }
            if (before.equals(inode(pidPath))) {
                return Optional.of(channel);
            }
        } catch (NoSuchFileException e) {
            // Deleted between open and lock.
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        channel.close();
        return Optional.empty();
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // this process has it already
        }
    }

    private static void createIfMissing(Path pidPath) throws IOException {
        try {
            Files.createFile(
                    pidPath, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
        } catch (FileAlreadyExistsException e) {
            // The lock tells whether somebody still uses it.
        }
    }

    private static Object inode(Path path) throws IOException {
        return Files.getAttribute(path, "unix:ino", LinkOption.NOFOLLOW_LINKS);
    }

    private static String readPid(Path pidPath) throws IOException {
        final String pid = Files.readString(pidPath).strip();
        return pid.isEmpty() ? "(unknown)" : pid;
    }

    private static void writePid(FileChannel pidFile) throws IOException {
        pidFile.truncate(0);
        pidFile.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
    }

    private static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "not a directory";
        }
        final boolean hasReason = e instanceof FileSystemException file && file.getReason() != null;
        return hasReason ? ((FileSystemException) e).getReason() : e.getMessage();
    }
}
