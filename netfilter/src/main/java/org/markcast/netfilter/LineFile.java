// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one run of the service leaves to the next, whichever way it ends: lines of text, only for who runs the service. All are
 * replaced together, so a reader meets the old ones or the new ones; of added ones the last may be incomplete. Not synced to the
 * disk: what they are about ends with the machine, too.
 */
final class LineFile {

    private static final Logger LOG = LoggerFactory.getLogger(LineFile.class);

    private final Path path;
    private final String content;
    private boolean hasFailed;

    /** @param content what the lines are, in the plural, for the log */
    LineFile(Path path, String content) {
        this.path = path;
        this.content = content;
    }

    /** None if there is no file or it cannot be read. */
    List<String> read() {
        try {
            return Files.readAllLines(path);
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            LOG.warn("the {} of the last run cannot be read: {}", content, e.toString());
            return List.of();
        }
    }

    /** Replaces all lines; a file that cannot be written is reported once. */
    void write(String lines) {
        attempt(() -> {
            final Path next = path.resolveSibling(path.getFileName() + ".new");
            Files.deleteIfExists(next);
            Files.createFile(next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(next, lines);
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
        });
    }

    /** Adds lines to those that are there. */
    void add(String lines) {
        if (Files.exists(path)) {
            attempt(() -> Files.writeString(path, lines, StandardOpenOption.APPEND));
        } else {
            write(lines);
        }
    }

    private interface Writing {
        void run() throws IOException;
    }

    private void attempt(Writing writing) {
        try {
            writing.run();
            hasFailed = false;
        } catch (IOException e) {
            if (!hasFailed) {
                LOG.warn("{} would not survive a restart: {}", content, e.toString());
            }
            hasFailed = true;
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
