// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import org.agrona.concurrent.UnsafeBuffer;

/** Waits for any of some file descriptors to become readable (poll(2)). Owned by the waiting thread. */
public final class Poller {

    private static final int POLLIN = 1;
    private static final int POLLERR = 8;
    private static final int DESCRIPTOR_LENGTH = 8; // struct pollfd { int fd; short events; short revents; }
    private static final int SO_ERROR = 4;

    private final int count;
    private final NativeMemory descriptors;
    private final NativeMemory error = new NativeMemory(8);

    public Poller(int... fds) {
        count = fds.length;
        descriptors = new NativeMemory(Math.max(1, count) * DESCRIPTOR_LENGTH);
        for (int i = 0; i < count; i++) {
            descriptors.buffer().putInt(i * DESCRIPTOR_LENGTH, fds[i]);
            descriptors.buffer().putShort(i * DESCRIPTOR_LENGTH + 4, (short) POLLIN);
        }
    }

    /** Waits until something can be read, a signal arrives, or the time is over; {@code true} if something can be read. */
    public boolean await(int timeoutMs) {
        final int ready = Libc.calls().poll(descriptors.address(), count, timeoutMs);
        if (ready > 0) {
            clearErrors();
        }
        return ready > 0;
    }

    /** A packet socket whose interface went down is in error until it is asked; it would keep us awake for ever. */
    private void clearErrors() {
        final UnsafeBuffer buffer = descriptors.buffer();
        for (int i = 0; i < count; i++) {
            final int offset = i * DESCRIPTOR_LENGTH;
            if ((buffer.getShort(offset + 6) & POLLERR) != 0) {
                error.buffer().putInt(4, Integer.BYTES);
                error.whileReachable(Libc.calls()
                        .getsockopt(
                                buffer.getInt(offset),
                                Libc.SOL_SOCKET,
                                SO_ERROR,
                                error.address(),
                                error.address() + 4));
            }
        }
    }
}
