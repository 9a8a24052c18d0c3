// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.nio.ByteBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.lab.uml.Station;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.RawSocket;

/** Sends whole packets through the kernel's output path, policies and encapsulation, whatever they claim to be. */
final class RawDeparture {

    private RawDeparture() {}

    static void send(Station from, Ipv4Packet packet, int mark) {
        from.namespace().call(() -> {
            try (RawSocket socket = new RawSocket()) {
                final byte[] bytes = packet.bytes();
                final UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length));
                buffer.putBytes(0, bytes);
                final MessageBatch batch = MessageBatch.marked(1, socket.takesProtocol());
                batch.packet(0, buffer.addressOffset(), bytes.length);
                batch.mark(0, ByteBuffer.wrap(bytes).getInt(16), mark, packet.protocol());
                final int sent = socket.send(batch, 0, 1);
                if (sent != 1) {
                    throw new IllegalStateException(from + " cannot send " + packet + ": errno " + -sent);
                }
            }
            return null;
        });
    }
}
