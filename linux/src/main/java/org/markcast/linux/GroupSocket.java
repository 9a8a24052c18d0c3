// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;

/**
 * Holds multicast group memberships (IP_ADD_MEMBERSHIP, ip(7)). The kernel allows a limited number a socket
 * (net.ipv4.igmp_max_memberships, 20 by default); closing the socket ends them all.
 */
public final class GroupSocket implements AutoCloseable {

    private static final int IPPROTO_IP = 0;
    private static final int IP_ADD_MEMBERSHIP = 35;
    private static final int IP_MULTICAST_ALL = 49;
    private static final int REQUEST_LENGTH =
            12; // struct ip_mreqn { in_addr multiaddr; in_addr address; int ifindex; }

    private final int fd = Libc.check(
            "socket(AF_INET, SOCK_DGRAM)", Libc.calls().socket(Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0));
    private final NativeMemory request = new NativeMemory(REQUEST_LENGTH);

    public GroupSocket() {
        Libc.setOption(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL");
    }

    /**
     * Joins a group on an interface.
     *
     * @return 0, or the errno: {@link LinuxErrno#ENOBUFS} when this socket has as many as it may have
     */
    public int join(int group, int interfaceIndex) {
        request.buffer().putInt(0, group, ByteOrder.BIG_ENDIAN);
        request.buffer().putInt(8, interfaceIndex);
        final int result = request.whileReachable(Libc.orErrno(
                Libc.calls().setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request.address(), REQUEST_LENGTH)));
        return Math.max(0, -result);
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
