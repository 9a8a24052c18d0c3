// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import java.nio.ByteBuffer;
import java.util.function.Predicate;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.linux.FrameSocket;
import org.markcast.linux.MarkedPacketSocket;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RouteNetlink;
import org.markcast.linux.UdpSender;

/** A host with one interface in a namespace of its own: a LAN host or a client behind a tunnel. */
public class Host implements AutoCloseable {

    private static final long BROADCAST_MAC = 0xffff_ffff_ffffL;
    private static final long MULTICAST_MAC = 0x0100_5e00_0000L; // RFC 1112, section 6.4
    private static final long IPV6_MULTICAST_MAC = 0x3333_0000_0000L; // RFC 2464, section 7
    private static final int MAX_PACKET_LENGTH = 65_535;

    private final String name;
    private final NetworkNamespace namespace;
    private final String interfaceName;
    private final String address;
    private final long gatewayMac;

    private final UnsafeBuffer packet = new UnsafeBuffer(ByteBuffer.allocateDirect(MAX_PACKET_LENGTH));
    private final MessageBatch frame = MessageBatch.frames(1);
    private MessageBatch ipv6Frame;
    private FrameSocket frames;
    private int sendingIndex;

    Host(String name, String interfaceName, String address, long gatewayMac) {
        this(name, NetworkNamespace.create(), interfaceName, address, gatewayMac);
    }

    /** A host in a namespace that exists; {@link #close()} lets go of it. */
    public Host(String name, NetworkNamespace namespace, String interfaceName, String address, long gatewayMac) {
        this.name = name;
        this.namespace = namespace;
        this.interfaceName = interfaceName;
        this.address = address;
        this.gatewayMac = gatewayMac;
    }

    public String name() {
        return name;
    }

    public String address() {
        return address;
    }

    public String interfaceName() {
        return interfaceName;
    }

    /** Where sockets, threads and processes of the host's own may be started. */
    public NetworkNamespace namespace() {
        return namespace;
    }

    /** The gateway's hardware address on this host's link. */
    public long gatewayMac() {
        return gatewayMac;
    }

    /** The index of the interface as it is now: a re-created one has another. */
    public int interfaceIndex() {
        return namespace.call(this::findInterface);
    }

    /** To be called when the interface is another one. */
    void forgetInterface() {
        sendingIndex = 0;
    }

    private int findInterface() {
        return indexOf(interfaceName);
    }

    /** The index of an interface in the calling thread's namespace. */
    static int indexOf(String interfaceName) {
        try (RouteNetlink netlink = new RouteNetlink()) {
            return netlink.links().stream()
                    .filter(link -> link.name().equals(interfaceName))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no interface " + interfaceName))
                    .index();
        }
    }

    /** Sends an IPv4 packet as it is, whatever it claims to be. */
    public void send(Ipv4Packet ipPacket) {
        send(ipPacket.bytes());
    }

    /**
     * Sends bytes as an IPv4 packet as they are: the kernel touches no field of it.
     *
     * @throws IllegalStateException if the interface does not take them, because of its MTU for example
     */
    public void send(byte[] ipPacket) {
        send(frame, ipPacket, destinationMac(ipPacket));
    }

    /** The same as an IPv6 packet. */
    public void sendIpv6(byte[] ipPacket) {
        final boolean isMulticast = ipPacket[24] == (byte) 0xff;
        final int lastOfAddress = ByteBuffer.wrap(ipPacket).getInt(36);
        send(ipv6Frame(), ipPacket, isMulticast ? IPV6_MULTICAST_MAC | lastOfAddress & 0xffff_ffffL : gatewayMac);
    }

    private void send(MessageBatch batch, byte[] ipPacket, long destinationMac) {
        if (frames == null) {
            frames = namespace.call(FrameSocket::new);
        }
        if (sendingIndex == 0) {
            sendingIndex = interfaceIndex();
        }
        packet.putBytes(0, ipPacket);
        batch.packet(0, packet.addressOffset(), ipPacket.length);
        batch.frame(0, sendingIndex, destinationMac);
        final int sent = frames.send(batch, 0, 1);
        if (sent != 1) {
            throw new IllegalStateException(
                    name + " cannot send " + ipPacket.length + " bytes out of " + interfaceName + ": errno " + -sent);
        }
    }

    private MessageBatch ipv6Frame() {
        if (ipv6Frame == null) {
            ipv6Frame = MessageBatch.ipv6Frames(1);
        }
        return ipv6Frame;
    }

    /** The hardware address that a packet from here is sent to. */
    long destinationMac(byte[] ipPacket) {
        if (ipPacket.length < Ipv4Packet.MIN_HEADER_LENGTH) {
            return BROADCAST_MAC;
        }
        return linkAddress(ByteBuffer.wrap(ipPacket).getInt(16), gatewayMac);
    }

    /** What a destination is on an Ethernet: the group's address, the broadcast address for *.255.255, or one host's. */
    static long linkAddress(int destination, long unicast) {
        if (Ipv4Address.isMulticast(destination)) {
            return MULTICAST_MAC | destination & 0x7f_ffff;
        }
        return (destination & 0xffff) == 0xffff ? BROADCAST_MAC : unicast;
    }

    /**
     * Sends a datagram as an ordinary program does, through the kernel's UDP. Its checksum is left unfinished, as always on a
     * veth pair or in a virtual machine.
     *
     * @param isDontFragment false: the kernel fragments what exceeds the MTU
     */
    public void sendUdp(
            int sourcePort,
            String destination,
            int destinationPort,
            byte[] payload,
            int timeToLive,
            boolean isDontFragment) {
        namespace.call(() -> {
            try (UdpSender sender = new UdpSender(findInterface(), sourcePort, timeToLive, isDontFragment)) {
                sender.send(Ipv4Address.parse(destination), destinationPort, payload);
            }
            return null;
        });
    }

    /** Watches all IPv4 that arrives here from now on. */
    public Tap tap() {
        return tap(arrival -> true);
    }

    /** Watches what a filter accepts of the IPv4 that arrives here from now on. */
    public Tap tap(Predicate<Arrival> filter) {
        return tapAt(name, namespace, interfaceName, filter);
    }

    static Tap tapAt(String place, NetworkNamespace namespace, String interfaceName, Predicate<Arrival> filter) {
        return namespace.call(() -> {
            final int index = indexOf(interfaceName);
            final MarkedPacketSocket socket = MarkedPacketSocket.observer();
            try {
                socket.bind(index);
                return new Tap(place, socket, filter);
            } catch (RuntimeException e) {
                socket.close();
                throw e;
            }
        });
    }

    @Override
    public void close() {
        if (frames != null) {
            frames.close();
        }
        namespace.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
