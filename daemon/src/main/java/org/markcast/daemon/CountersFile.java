// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersManager;
import org.markcast.engine.counter.Counters;

/**
 * The counters as a file that other processes map: {@code n} records of metadata, then {@code n} values, laid out as {@link
 * org.agrona.concurrent.status.CountersReader} says; {@code n} follows from the file's length. The file is sparse: counters that do
 * not exist take no memory.
 */
final class CountersFile implements AutoCloseable {

    /** Two for each of 100,000 SAs, and some. */
    private static final int CAPACITY = 1 << 18;

    private static final long METADATA_BYTES = (long) CAPACITY * CountersManager.METADATA_LENGTH;
    private static final long VALUE_BYTES = (long) CAPACITY * CountersManager.COUNTER_LENGTH;

    private final MappedByteBuffer mapped;
    private final Counters counters;

    CountersFile(Path path) throws IOException {
        Files.deleteIfExists(path);
        try (FileChannel file = FileChannel.open(
                path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            mapped = file.map(FileChannel.MapMode.READ_WRITE, 0, METADATA_BYTES + VALUE_BYTES);
        }
        counters = new Counters(
                new UnsafeBuffer(mapped, 0, (int) METADATA_BYTES),
                new UnsafeBuffer(mapped, (int) METADATA_BYTES, (int) VALUE_BYTES));
    }

    Counters counters() {
        return counters;
    }

    /** To be called when nobody counts any more. */
    @Override
    public void close() {
        IoUtil.unmap(mapped);
    }
}
