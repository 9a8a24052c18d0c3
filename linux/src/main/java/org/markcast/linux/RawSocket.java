// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

/**
 * A raw IPv4 socket (raw(7), IP_HDRINCL): sends whole packets as they are, each with a mark of its own. Only the
 * identification is filled in if it is 0, and the header checksum always. Needs CAP_NET_RAW, and CAP_NET_ADMIN for marks.
 */
public final class RawSocket implements MessageSocket {

    private static final int IPPROTO_RAW = 255;
    private static final int IPPROTO_IP = 0;
    private static final int IP_MULTICAST_LOOP = 34;
    private static final int IP_NODEFRAG = 22;
    private static final int IP_RECVERR = 11;
    private static final int SO_BROADCAST = 6;
    private static final int SO_RCVBUF = 8;
    private static final int SO_SNDBUF = 7;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SEND_BUFFER_BYTES = 4 << 20;
    private static final int INADDR_BROADCAST = 0xffff_ffff;

    private static final int SO_MARK = 36;

    private final int fd;
    private final boolean takesProtocol;
    private final NativeMemory mark = new NativeMemory(Integer.BYTES);
    private final MessageBatch single = MessageBatch.unmarked(1);

    public RawSocket() {
        fd = Libc.check(
                "socket(AF_INET, SOCK_RAW)",
                Libc.calls().socket(Libc.AF_INET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, IPPROTO_RAW));
        try {
            takesProtocol = probeProtocol();
            // A copy that came back through the loop would carry its SA's mark and be taken for decapsulated traffic.
            Libc.setOption(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP");
            // Fragments stay fragments, also where connection tracking would put them together.
            Libc.setOption(fd, IPPROTO_IP, IP_NODEFRAG, 1, "IP_NODEFRAG");
            // Without it a copy that a full device queue drops looks sent (raw_send_hdrinc() in net/ipv4/raw.c).
            Libc.setOption(fd, IPPROTO_IP, IP_RECVERR, 1, "IP_RECVERR");
            // The errors that the kernel also queues for reading, which nobody does, must not pile up: least room for
            // them.
            Libc.setOption(fd, Libc.SOL_SOCKET, SO_RCVBUF, 0, "SO_RCVBUF");
            Libc.setOption(fd, Libc.SOL_SOCKET, SO_BROADCAST, 1, "SO_BROADCAST");
            Libc.setBufferSize(fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER_BYTES);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Whether messages may tell their protocol (IP_PROTOCOL as control message, kernels from 2023 on). Asked with a message
     * to the broadcast address, which a socket without SO_BROADCAST may not send, so that nothing ever leaves: an unknown
     * control message is EINVAL before that is found out.
     */
    private boolean probeProtocol() {
        final NativeMemory nothing = new NativeMemory(64);
        final MessageBatch batch = MessageBatch.marked(1, true);
        nothing.buffer().putByte(0, (byte) 0x45);
        batch.packet(0, nothing.address(), 20);
        batch.mark(0, INADDR_BROADCAST, 0, 17);
        return nothing.whileReachable(batch.send(fd, 0, 1)) != -LinuxErrno.EINVAL;
    }

    /** Whether this kernel takes each message's protocol, without which selectors limited to a protocol never match. */
    public boolean takesProtocol() {
        return takesProtocol;
    }

    /** Marks all that is sent from now on (SO_MARK), except messages with a mark of their own. */
    public void mark(int value) {
        mark.buffer().putInt(0, value);
        Libc.check(
                "setsockopt(SO_MARK)",
                mark.whileReachable(
                        Libc.calls().setsockopt(fd, Libc.SOL_SOCKET, SO_MARK, mark.address(), Integer.BYTES)));
    }

    /**
     * Sends one packet without waiting, with the socket's mark. What sendto(2) does, by sendmsg(2): jnr-ffi has no short way to
     * call a function of six arguments.
     *
     * @return how many bytes were sent, or the negated errno
     */
    public int send(long packetAddress, int length, int destination) {
        single.packet(0, packetAddress, length);
        single.mark(0, destination, 0, 0);
        return single.sendFirst(fd);
    }

    @Override
    public int send(MessageBatch batch, int first, int count) {
        return batch.send(fd, first, count);
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
