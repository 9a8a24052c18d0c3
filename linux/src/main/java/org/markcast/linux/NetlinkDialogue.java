// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Asks the kernel over a netlink socket of its own, one question after the other. A question is written into the {@link #buffer}, from
 * its start, and the answer overwrites it. For one thread.
 */
final class NetlinkDialogue implements AutoCloseable {

    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_GET_STRICT_CHK = 12;

    private static final int NLMSG_NOOP = 1;
    private static final int NLM_F_DUMP_INTR = 0x10;

    private static final int BUFFER_LENGTH = 1 << 16;
    private static final int MAX_DUMP_TRIES = 10;

    private final NativeMemory memory = new NativeMemory(BUFFER_LENGTH);
    private final UnsafeBuffer buffer = memory.buffer();
    private final int fd;

    private int sequence;

    /** Looks at one message of an answer, whose body lies between two offsets in the buffer. */
    @FunctionalInterface
    interface Visitor {
        void visit(int body, int end);
    }

    /** Makes a value of one message; {@code null} for one that does not count. */
    @FunctionalInterface
    interface Parser<T> {
        T parse(int body, int end);
    }

    NetlinkDialogue(int protocol) {
        fd = Netlink.open(protocol, 0);
        // Older kernels refuse this; a dump then also holds what was not asked for, so who asks filters too.
        Libc.trySetOption(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
        exchangeNothing();
    }

    /**
     * Shows the kernel how much is taken at once (netlink_recvmsg() in its net/netlink/af_netlink.c): the answer to a first question would
     * begin with a page, and end, on Linux 6.18 without an error, if a route is longer.
     */
    private void exchangeNothing() {
        buffer.putInt(0, Netlink.HEADER_LENGTH);
        buffer.putShort(4, (short) NLMSG_NOOP);
        buffer.putShort(6, (short) (Netlink.NLM_F_REQUEST | Netlink.NLM_F_ACK));
        buffer.putInt(12, 0);
        send(Netlink.HEADER_LENGTH);
        receive();
    }

    UnsafeBuffer buffer() {
        return buffer;
    }

    /**
     * Asks for something to be done, with NLM_F_ACK.
     *
     * @param what for the error
     * @throws LinuxException if the kernel refuses
     */
    void request(String what, int length) {
        send(length);
        while (true) {
            final int received = receive();
            if (received >= Netlink.HEADER_LENGTH + Integer.BYTES
                    && buffer.getInt(8) == sequence
                    && buffer.getShort(4) == Netlink.NLMSG_ERROR) {
                failOnError(what, 0);
                return;
            }
        }
    }

    /**
     * All that the kernel has of something, as values.
     *
     * @param question writes the question, with NLM_F_DUMP; its length
     * @param answer the type of messages that count
     * @throws LinuxException EAGAIN if they change faster than they can be read
     */
    <T> List<T> list(String what, IntSupplier question, int answer, Parser<T> parser) {
        for (int i = 0; i < MAX_DUMP_TRIES; i++) {
            final List<T> found = new ArrayList<>();
            if (visit(what, question.getAsInt(), answer, (body, end) -> addTo(found, parser.parse(body, end)))) {
                return found;
            }
        }
        throw new LinuxException("reading the " + what + ", which change all the time", LinuxErrno.EAGAIN);
    }

    private static <T> void addTo(List<T> found, T value) {
        if (value != null) {
            found.add(value);
        }
    }

    /**
     * Shows a visitor all that the kernel has of something, as {@link #list} does; {@code false} if it changed meanwhile
     * (NLM_F_DUMP_INTR), so that something may be missing or there twice.
     *
     * @throws LinuxException if the kernel refuses, or gives up before the end
     */
    boolean visit(String what, int length, int answer, Visitor visitor) {
        send(length);
        boolean isConsistent = true;
        while (true) {
            final int received = receive();
            int offset = 0;
            while (offset + Netlink.HEADER_LENGTH <= received) {
                final int messageLength = buffer.getInt(offset);
                final int type = buffer.getShort(offset + 4) & 0xffff;
                if (messageLength < Netlink.HEADER_LENGTH || offset + messageLength > received) {
                    throw new IllegalStateException("netlink message of " + messageLength + " bytes");
                }
                if (buffer.getInt(offset + 8) == sequence) { // else the rest of a dump that was given up
                    isConsistent &= (buffer.getShort(offset + 6) & NLM_F_DUMP_INTR) == 0;
                    if (type == Netlink.NLMSG_DONE || type == Netlink.NLMSG_ERROR) {
                        failOnError("reading the " + what, offset);
                        return isConsistent;
                    } else if (type == answer) {
                        visitor.visit(offset + Netlink.HEADER_LENGTH, offset + messageLength);
                    }
                }
                offset += Netlink.align(messageLength);
            }
        }
    }

    /** Both NLMSG_ERROR and NLMSG_DONE begin with the error, if there is one. */
    private void failOnError(String what, int offset) {
        final int error = -buffer.getInt(offset + Netlink.HEADER_LENGTH);
        if (error != 0) {
            throw new LinuxException(what, error);
        }
    }

    private void send(int length) {
        buffer.putInt(8, ++sequence);
        Libc.check("send(netlink)", (int) Libc.calls().send(fd, memory.address(), length, 0));
    }

    private int receive() {
        return Libc.check("recv(netlink)", (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, 0));
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
