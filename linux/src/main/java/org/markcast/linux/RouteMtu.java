// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;

/**
 * Asks the kernel how large a packet may be on its way out (IP_MTU, ip(7)): a socket with the mark is connected to the
 * destination, so routing rules and XFRM policies that depend on the mark count. Owned by one thread.
 */
public final class RouteMtu implements AutoCloseable {

    private static final int IPPROTO_UDP = 17;
    private static final int IPPROTO_IP = 0;
    private static final int IP_MTU = 14;
    private static final int SO_MARK = 36;
    private static final int SO_BROADCAST = 6;
    private static final int ADDRESS_LENGTH = 16;

    private final int fd;
    private final NativeMemory memory = new NativeMemory(32);

    public RouteMtu() {
        fd = Libc.check(
                "socket(AF_INET, SOCK_RAW)",
                Libc.calls().socket(Libc.AF_INET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, IPPROTO_UDP));
        try {
            SocketFilter.nothing().attachTo(fd);
            Libc.setOption(fd, Libc.SOL_SOCKET, SO_BROADCAST, 1, "SO_BROADCAST");
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** The MTU in bytes for packets with this mark to this destination, or 0 if there is no way out. */
    public int of(int mark, int destination) {
        memory.buffer().putShort(0, (short) Libc.AF_INET);
        memory.buffer().putInt(4, destination, ByteOrder.BIG_ENDIAN);
        if (Libc.trySetOption(fd, Libc.SOL_SOCKET, SO_MARK, mark) < 0
                || Libc.calls().connect(fd, memory.address(), ADDRESS_LENGTH) < 0) {
            return 0;
        }
        memory.buffer().putInt(16, Integer.BYTES);
        final int result =
                Libc.calls().getsockopt(fd, IPPROTO_IP, IP_MTU, memory.address() + 20, memory.address() + 16);
        return memory.whileReachable(result) < 0 ? 0 : memory.buffer().getInt(20);
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
