// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.port.PacketHandler;
import org.markcast.engine.port.PacketSource;
import org.markcast.linux.MarkedPacketSocket;

/** Packets that came out of tunnels, whatever interface they appear on: those with a mark. */
final class DecapsulatedCapture implements PacketSource, AutoCloseable {

    /** Where the kernel does not tell the mark, the filter still saw one: the packet is not the LAN's, whatever the interface. */
    private static final int UNKNOWN_INTERFACE = 0;

    private final MarkedPacketSocket socket = new MarkedPacketSocket();
    private final CapturedPacket packet = new CapturedPacket();

    @Override
    public int poll(PacketHandler handler, int limit) {
        final int received = socket.receive(limit);
        while (socket.next()) {
            handler.onPacket(packet.set(
                    socket.packetBuffer(),
                    socket.packetOffset(),
                    socket.capturedLength(),
                    socket.wireLength(),
                    socket.mark(),
                    socket.hasMarks() ? socket.interfaceIndex() : UNKNOWN_INTERFACE,
                    socket.sourceMac(),
                    socket.isChecksumUnfinished()));
        }
        return received;
    }

    MarkedPacketSocket socket() {
        return socket;
    }

    @Override
    public void close() {
        socket.close();
    }
}
