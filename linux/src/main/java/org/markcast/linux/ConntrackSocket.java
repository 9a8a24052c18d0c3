// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

/**
 * The kernel's table of tracked connections, through ctnetlink (linux/netfilter/nfnetlink_conntrack.h). Works on the network
 * namespace of the thread that made it; for one thread. Needs CAP_NET_ADMIN.
 */
public final class ConntrackSocket implements AutoCloseable {

    private static final int NFNL_SUBSYS_CTNETLINK = 1;
    private static final int IPCTNL_MSG_CT_DELETE = 2;
    private static final int NLM_F_ACK = 4;

    private static final int CTA_MARK = 8;
    private static final int CTA_MARK_MASK = 21;

    private static final int BUFFER_LENGTH = 4096;

    private final NativeMemory memory = new NativeMemory(BUFFER_LENGTH);
    private final NetfilterMessages messages = new NetfilterMessages(memory.buffer());
    private final int fd = Netlink.open(Netlink.NETLINK_NETFILTER, 0);

    /**
     * Forgets all connections of all zones whose mark is this one under this mask. The kernel looks at each connection that it
     * tracks.
     *
     * @param mask not 0, which would mean all connections
     * @throws LinuxException if the kernel refuses, because it lacks conntrack marks for example
     */
    public void deleteMarked(int mark, int mask) {
        if (mask == 0) {
            throw new IllegalArgumentException("mask 0 means every connection");
        }
        messages.clear();
        final int start = messages.begin(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK, 0, 0);
        messages.putInt(CTA_MARK, mark);
        messages.putInt(CTA_MARK_MASK, mask);
        messages.end(start);
        Libc.check("send(ctnetlink)", (int) Libc.calls().send(fd, memory.address(), messages.length(), 0));
        // The kernel has done it, and answered, when send() returns.
        final int length = Libc.check(
                "recv(ctnetlink)", (int) Libc.calls().recv(fd, memory.address(), BUFFER_LENGTH, Libc.MSG_DONTWAIT));
        final int error = length > Netlink.HEADER_LENGTH && memory.buffer().getShort(4) == Netlink.NLMSG_ERROR
                ? -memory.buffer().getInt(Netlink.HEADER_LENGTH)
                : 0;
        if (error != 0) {
            throw new LinuxException("forgetting connections with mark " + Integer.toUnsignedString(mark), error);
        }
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
