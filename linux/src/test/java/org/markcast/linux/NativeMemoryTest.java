// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeMemoryTest {

    private static final int PAGE = 4096;

    @ParameterizedTest
    @ValueSource(ints = {1, 16, 65_536, 262_143, 262_144, 4_194_304})
    void shouldBeZeroedAlignedAndWritableToItsEnd(int length) {
        final NativeMemory memory = new NativeMemory(length);
        final UnsafeBuffer buffer = memory.buffer();
        assertEquals(length, buffer.capacity());
        assertEquals(0, memory.address() % 64);
        for (int i = 0; i < length; i++) {
            assertEquals(0, buffer.getByte(i));
        }
        buffer.putByte(length - 1, (byte) 7);
        assertEquals(7, buffer.getByte(length - 1));
        Reference.reachabilityFence(memory);
    }

    @Test
    void shouldHaveOnlyThePagesThatWereUsed() throws IOException {
        final NativeMemory memory = new NativeMemory(64 << 20);
        for (int i = 0; i < 10; i++) {
            memory.buffer().putByte(i << 20, (byte) 1);
        }
        // Ten pages; where the kernel gives huge ones unasked, ten MiB. A neighbour may count as part of the mapping.
        assertTrue(residentBytes(memory.address()) <= 32 << 20, "resident " + residentBytes(memory.address()));
        assertTrue(residentBytes(memory.address()) >= 10 * PAGE, "resident " + residentBytes(memory.address()));
        Reference.reachabilityFence(memory);
    }

    /** Of the mapping that holds the address, proc(5). */
    private static long residentBytes(long address) throws IOException {
        final List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        boolean isWithin = false;
        for (final String line : lines) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                final String[] range = line.split("[- ]", 3);
                isWithin = Long.compareUnsigned(Long.parseUnsignedLong(range[0], 16), address) <= 0
                        && Long.compareUnsigned(address, Long.parseUnsignedLong(range[1], 16)) < 0;
            } else if (isWithin && line.startsWith("Rss:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new AssertionError("no mapping at " + address);
    }
}
