// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Zeroed memory outside the heap, aligned for every C type, alive as long as this object is reachable. Of a large piece, such as
 * room for packets of the largest size, only those pages are there that were used.
 */
final class NativeMemory {

    private static final int ALIGNMENT = 64;

    /** From here on the kernel gives the pages one by one, where otherwise all are written to at once. */
    private static final int LARGE = 1 << 18;

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final long FAILED = -1;

    private static final Cleaner CLEANER = Cleaner.create();

    private final UnsafeBuffer buffer;

    NativeMemory(int length) {
        buffer = length < LARGE
                ? new UnsafeBuffer(BufferUtil.allocateDirectAligned(length, ALIGNMENT))
                : new UnsafeBuffer(map(length), length);
    }

    private long map(int length) {
        final long address = Libc.calls().mmap(0, length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0, 0);
        if (address == FAILED) {
            throw new LinuxException("mmap of " + length + " bytes", Libc.errno());
        }
        CLEANER.register(this, () -> Libc.calls().munmap(address, length));
        return address;
    }

    UnsafeBuffer buffer() {
        return buffer;
    }

    long address() {
        return buffer.addressOffset();
    }

    /** Passes a system call's result on; the memory that it used stayed reachable until it returned. */
    int whileReachable(int result) {
        Reference.reachabilityFence(this);
        return result;
    }
}
