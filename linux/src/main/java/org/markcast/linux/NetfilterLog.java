// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The packets that an nftables rule hands over with {@code log group NUMBER}, at once and shortened
 * (linux/netfilter/nfnetlink_log.h). Works on the network namespace of the thread that made it; for one thread. Needs
 * CAP_NET_ADMIN.
 *
 * <pre>
 *   struct nlmsghdr { u32 len; u16 type; u16 flags; u32 seq; u32 pid; }     type: subsystem 4, message in the low byte
 *   struct nfgenmsg { u8 family, version; be16 group; }
 *   to the kernel:    COMMAND { u8 }, MODE { be32 length; u8 mode, pad; }, THRESHOLD be32
 *   from the kernel:  PAYLOAD bytes, from the network header on, and others
 * </pre>
 */
public final class NetfilterLog implements AutoCloseable {

    private static final int NFNL_SUBSYS_ULOG = 4;
    private static final int NFULNL_MSG_PACKET = 0;
    private static final int NFULNL_MSG_CONFIG = 1;
    private static final int NLM_F_ACK = 4;

    private static final int COMMAND = 1;
    private static final byte NFULNL_CFG_CMD_BIND = 1;
    private static final int MODE = 2;
    private static final byte NFULNL_COPY_PACKET = 2;
    private static final int THRESHOLD = 5;
    private static final int PAYLOAD = 9;

    /** The longest IPv4 header, and ports. */
    private static final int COPY_LENGTH = 64;

    private static final int BUFFER_LENGTH = 1 << 16;

    private final NativeMemory memory = new NativeMemory(BUFFER_LENGTH);
    private final UnsafeBuffer buffer = memory.buffer();
    private final NetfilterMessages messages = new NetfilterMessages(buffer);
    private final int fd = Netlink.open(Netlink.NETLINK_NETFILTER, 0);

    /** Takes a packet. */
    @FunctionalInterface
    public interface Handler {

        /** @param length of what was copied, which begins with the network header */
        void onPacket(DirectBuffer buffer, int offset, int length);
    }

    /**
     * Listens to a group from now on.
     *
     * @param group 0 to 65535
     * @throws LinuxException if another socket has the group, for one
     */
    public NetfilterLog(int group) {
        try {
            bind(group);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void bind(int group) {
        final int start = messages.begin(NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG, NLM_F_ACK, 0, group);
        messages.putBytes(COMMAND, new byte[] {NFULNL_CFG_CMD_BIND});
        messages.putBytes(MODE, new byte[] {0, 0, 0, COPY_LENGTH, NFULNL_COPY_PACKET, 0});
        messages.putInt(THRESHOLD, 1);
        messages.end(start);
        Libc.check("send(nfnetlink_log)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        do { // packets may come before the answer
            Libc.check("recv(nfnetlink_log)", (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, 0));
        } while (buffer.getShort(4) != Netlink.NLMSG_ERROR);
        final int errno = -buffer.getInt(Netlink.HEADER_LENGTH);
        if (errno != 0) {
            final boolean mayBeTaken = errno == LinuxErrno.EPERM || errno == LinuxErrno.EBUSY;
            throw new LinuxException(
                    "listening to nftables' log group " + group
                            + (mayBeTaken ? ", to which another program may listen" : ""),
                    errno);
        }
    }

    /**
     * Takes all packets without waiting; those that the socket could not hold (ENOBUFS) are lost.
     *
     * @throws LinuxException if there will be no more
     */
    public void drain(Handler handler) {
        while (true) {
            final int length = (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, Libc.MSG_DONTWAIT);
            if (length >= 0) {
                packets(length, handler);
                continue;
            }
            final int errno = Libc.errno();
            if (errno == LinuxErrno.EAGAIN) {
                return;
            }
            if (errno != LinuxErrno.ENOBUFS && errno != LinuxErrno.EINTR) {
                throw new LinuxException("recv(nfnetlink_log)", errno);
            }
        }
    }

    private void packets(int received, Handler handler) {
        int offset = 0;
        while (offset + NetfilterMessages.HEADER_LENGTH <= received) {
            final int end = offset + buffer.getInt(offset);
            if (end < offset + Netlink.HEADER_LENGTH || end > received) {
                throw new IllegalStateException("netlink message of " + (end - offset) + " bytes");
            }
            if (buffer.getShort(offset + 4) == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)) {
                final int payload = messages.attribute(PAYLOAD, offset + NetfilterMessages.HEADER_LENGTH, end);
                if (payload >= 0) {
                    handler.onPacket(buffer, payload, messages.dataLength(payload));
                }
            }
            offset += Netlink.align(end - offset);
        }
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
