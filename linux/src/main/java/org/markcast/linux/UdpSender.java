// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import java.nio.ByteOrder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Sends one datagram as an ordinary program would, through the kernel's UDP (udp(7)): on a veth pair it leaves with its
 * checksum unfinished. Bound to an interface, so that broadcasts need no route. Used by one thread.
 */
public final class UdpSender implements AutoCloseable {

    private static final int IPPROTO_IP = 0;
    private static final int IP_TTL = 2;
    private static final int IP_MTU_DISCOVER = 10;
    private static final int IP_PMTUDISC_DONT = 0;
    private static final int IP_PMTUDISC_DO = 2;
    private static final int IP_MULTICAST_IF = 32;
    private static final int IP_MULTICAST_TTL = 33;
    private static final int IP_MULTICAST_LOOP = 34;
    private static final int MREQN_LENGTH = 12; // struct ip_mreqn { in_addr multiaddr; in_addr address; int ifindex; }
    private static final int SO_REUSEADDR = 2;
    private static final int SO_BROADCAST = 6;
    private static final int SO_BINDTOIFINDEX = 62; // Linux 5.0
    private static final int SOCKADDR_IN_LENGTH = 16;

    private final int fd;
    private final NativeMemory address = new NativeMemory(SOCKADDR_IN_LENGTH);

    /**
     * @param timeToLive 1 to 255
     * @param isDontFragment whether the kernel sets DF and refuses what exceeds the MTU, or fragments it
     */
    public UdpSender(int interfaceIndex, int sourcePort, int timeToLive, boolean isDontFragment) {
        fd = Libc.check(
                "socket(AF_INET, SOCK_DGRAM)",
                Libc.calls().socket(Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0));
        try {
            SocketFilter.nothing().attachTo(fd);
            Libc.setOption(fd, Libc.SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
            Libc.setOption(fd, Libc.SOL_SOCKET, SO_BROADCAST, 1, "SO_BROADCAST");
            Libc.setOption(fd, Libc.SOL_SOCKET, SO_BINDTOIFINDEX, interfaceIndex, "SO_BINDTOIFINDEX");
            Libc.setOption(fd, IPPROTO_IP, IP_TTL, timeToLive, "IP_TTL");
            Libc.setOption(fd, IPPROTO_IP, IP_MULTICAST_TTL, timeToLive, "IP_MULTICAST_TTL");
            Libc.setOption(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP");
            Libc.setOption(
                    fd,
                    IPPROTO_IP,
                    IP_MTU_DISCOVER,
                    isDontFragment ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT,
                    "IP_MTU_DISCOVER");
            multicastOutOf(interfaceIndex);
            final long name = putAddress(0, sourcePort);
            Libc.check("bind", address.whileReachable(Libc.calls().bind(fd, name, SOCKADDR_IN_LENGTH)));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void multicastOutOf(int interfaceIndex) {
        final NativeMemory request = new NativeMemory(MREQN_LENGTH);
        request.buffer().putInt(8, interfaceIndex);
        Libc.check(
                "setsockopt(IP_MULTICAST_IF)",
                request.whileReachable(
                        Libc.calls().setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, request.address(), MREQN_LENGTH)));
    }

    private long putAddress(int ipv4Address, int port) {
        final UnsafeBuffer buffer = address.buffer();
        buffer.putShort(0, (short) Libc.AF_INET);
        buffer.putShort(2, (short) port, ByteOrder.BIG_ENDIAN);
        buffer.putInt(4, ipv4Address, ByteOrder.BIG_ENDIAN);
        return address.address();
    }

    /** Sends a payload to an address in host order. */
    public void send(int destination, int port, byte[] payload) {
        final NativeMemory memory = new NativeMemory(payload.length);
        memory.buffer().putBytes(0, payload);
        final long name = putAddress(destination, port);
        Libc.check("connect(UDP)", address.whileReachable(Libc.calls().connect(fd, name, SOCKADDR_IN_LENGTH)));
        final int sent = (int) Libc.calls().send(fd, memory.address(), payload.length, 0);
        Libc.check("send(UDP)", memory.whileReachable(sent));
    }

    @Override
    public void close() {
        Libc.calls().close(fd);
    }
}
