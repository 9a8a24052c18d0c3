// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.CountersReader;
import org.markcast.daemon.emulation.ServiceProcess;

/** The counters of a running service as any other process can read them: from its file, with Agrona alone. */
final class SharedCounters {

    private static final int RECORD_LENGTH = CountersReader.METADATA_LENGTH + CountersReader.COUNTER_LENGTH;

    private final CountersReader reader;

    private SharedCounters(CountersReader reader) {
        this.reader = reader;
    }

    static SharedCounters map(ServiceProcess service) {
        try (FileChannel file = FileChannel.open(service.runDirectory().resolve("counters"))) {
            final MappedByteBuffer mapped = file.map(MapMode.READ_ONLY, 0, file.size());
            final int capacity = (int) (file.size() / RECORD_LENGTH);
            final int metadataLength = capacity * CountersReader.METADATA_LENGTH;
            return new SharedCounters(new CountersReader(
                    new UnsafeBuffer(mapped, 0, metadataLength),
                    new UnsafeBuffer(mapped, metadataLength, capacity * CountersReader.COUNTER_LENGTH)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All counters by label, as they are now. */
    Map<String, Long> values() {
        final Map<String, Long> values = new HashMap<>();
        reader.forEach((value, id, label) -> values.put(label, value));
        return values;
    }

    long value(String label) {
        final Long value = values().get(label);
        if (value == null) {
            throw new IllegalArgumentException("no counter " + label + " among " + values().keySet());
        }
        return value;
    }
}
