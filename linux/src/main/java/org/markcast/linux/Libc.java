// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/** libc as it is: numbers in, numbers out; addresses are {@code long}. What fails comes back as a negated errno. */
final class Libc {

    static final int AF_INET = 2;
    static final int AF_INET6 = 10;
    static final int AF_NETLINK = 16;
    static final int AF_PACKET = 17;
    static final int SOCK_DGRAM = 2;
    static final int SOCK_RAW = 3;
    static final int SOCK_CLOEXEC = 0x80000;
    static final int SOL_SOCKET = 1;
    static final int MSG_TRUNC = 0x20;
    static final int MSG_DONTWAIT = 0x40;

    private static final Libc LIBC = new Libc();

    private final Calls calls = LibraryLoader.create(Calls.class).load("c");
    private final Runtime runtime = Runtime.getRuntime(calls);

    /** The functions. Public for the class that jnr-ffi generates; unreachable outside because its owner is not public. */
    public interface Calls {
        int socket(int domain, int type, int protocol);

        int bind(int fd, long address, int addressLength);

        int connect(int fd, long address, int addressLength);

        int getsockname(int fd, long address, long addressLength);

        int setsockopt(int fd, int level, int option, long value, int valueLength);

        int getsockopt(int fd, int level, int option, long value, long valueLength);

        @ssize_t
        long sendmsg(int fd, long message, int flags);

        int sendmmsg(int fd, long messages, int count, int flags);

        int recvmmsg(int fd, long messages, int count, int flags, long timeout);

        @ssize_t
        long send(int fd, long buffer, @size_t long length, int flags);

        @ssize_t
        long recv(int fd, long buffer, @size_t long length, int flags);

        /**
         * @param ignored not libc's: up to jnr-ffi 2.3.6 at least, its stubs for x86-64 pass a sixth argument wrongly, and a
         *     seventh makes it use another way, at no harm in any calling convention of Linux
         */
        long mmap(long address, @size_t long length, int protection, int flags, int fd, long offset, int ignored);

        int munmap(long address, @size_t long length);

        int poll(long descriptors, long count, int timeoutMs);

        int eventfd(int initial, int flags);

        @ssize_t
        long read(int fd, long buffer, @size_t long length);

        @ssize_t
        long write(int fd, long buffer, @size_t long length);

        int open(String path, int flags);

        int close(int fd);

        int unshare(int flags);

        int setns(int fd, int type);
    }

    private Libc() {}

    static Calls calls() {
        return LIBC.calls;
    }

    /** The last call's errno; to be asked on the calling thread, right after the call. */
    static int errno() {
        return LastError.getLastError(LIBC.runtime);
    }

    /** The result, or the negated errno. */
    static int orErrno(int result) {
        return result >= 0 ? result : -errno();
    }

    /** The result, or an exception that names the call. */
    static int check(String call, int result) {
        if (result < 0) {
            throw new LinuxException(call, errno());
        }
        return result;
    }

    /** Sets an {@code int} option or throws. */
    static void setOption(int fd, int level, int option, int value, String name) {
        check("setsockopt(" + name + ")", trySetOption(fd, level, option, value));
    }

    /**
     * Asks for a socket buffer of this many bytes: beyond net.core.rmem_max or wmem_max if we are privileged on the whole
     * machine (socket(7)), as far as those go if only in a user namespace.
     */
    static void setBufferSize(int fd, int forcedOption, int option, int bytes) {
        if (trySetOption(fd, SOL_SOCKET, forcedOption, bytes) < 0) {
            setOption(fd, SOL_SOCKET, option, bytes, "socket buffer size");
        }
    }

    /** Sets an {@code int} option; negative if the kernel refuses. */
    static int trySetOption(int fd, int level, int option, int value) {
        final NativeMemory memory = new NativeMemory(Integer.BYTES);
        memory.buffer().putInt(0, value);
        return memory.whileReachable(LIBC.calls.setsockopt(fd, level, option, memory.address(), Integer.BYTES));
    }
}
