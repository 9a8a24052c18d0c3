// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Zeroed memory outside the heap, aligned for every C type, alive as long as this object is reachable. */
final class NativeMemory {

    private static final int ALIGNMENT = 64;

    private final UnsafeBuffer buffer;

    NativeMemory(int length) {
        // The slice loses what is unaligned at either end.
        final ByteBuffer bytes =
                ByteBuffer.allocateDirect(length + 2 * ALIGNMENT).alignedSlice(ALIGNMENT);
        buffer = new UnsafeBuffer(bytes, 0, length);
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
