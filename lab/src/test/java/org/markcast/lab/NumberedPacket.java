// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;

/** A UDP packet with a number that no other one of this run has. */
final class NumberedPacket {

    private static final int PORT = 40_000;
    private static final AtomicInteger LAST = new AtomicInteger();

    private NumberedPacket() {}

    /** Sends one with the sender's own address as source; its number. */
    static int send(Host sender, String destination) {
        return send(sender, sender.address(), destination);
    }

    static int send(Host sender, String source, String destination) {
        return send(sender, source, destination, 64);
    }

    static int send(Host sender, String source, String destination, int timeToLive) {
        final int number = LAST.incrementAndGet();
        sender.send(of(number, source, destination).timeToLive(timeToLive).build());
        return number;
    }

    static Ipv4Packet.Builder of(int number, String source, String destination) {
        final byte[] payload = ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
        return Ipv4Packet.udp(source, PORT, destination, PORT, payload);
    }

    static boolean isOne(Arrival arrival) {
        final Ipv4Packet packet = arrival.packet();
        return packet.isUdp() && packet.destinationPort() == PORT;
    }

    static int numberOf(Arrival arrival) {
        return ByteBuffer.wrap(arrival.packet().udpPayload()).getInt();
    }
}
