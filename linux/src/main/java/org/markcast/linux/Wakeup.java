// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

/** Wakes a thread that waits in a {@link Poller} (eventfd(2)). Any thread may wake; the waiting thread clears. */
public final class Wakeup implements AutoCloseable {

    private static final int EFD_CLOEXEC = 0x80000;
    private static final int EFD_NONBLOCK = 0x800;

    private final int fd = Libc.check("eventfd", Libc.calls().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    private final NativeMemory one = new NativeMemory(Long.BYTES);
    private final NativeMemory count = new NativeMemory(Long.BYTES);

    public Wakeup() {
        one.buffer().putLong(0, 1);
    }

    public int fd() {
        return fd;
    }

    public void wake() {
        one.whileReachable((int) Libc.calls().write(fd, one.address(), Long.BYTES));
    }

    public void clear() {
        count.whileReachable((int) Libc.calls().read(fd, count.address(), Long.BYTES));
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
