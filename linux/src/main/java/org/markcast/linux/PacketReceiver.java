// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import org.agrona.MutableDirectBuffer;

/**
 * A packet socket without ring and batches: one packet a call, by recv(2), into memory of its own. The baseline for those that
 * have them. Used by one thread.
 */
public final class PacketReceiver extends PacketSocket {

    private static final int MAX_PACKET_LENGTH = 65_535;

    private final NativeMemory packet = new NativeMemory(MAX_PACKET_LENGTH);

    /** Receives packets from their IP header on, but nothing until it is bound. */
    public PacketReceiver() {
        super(Libc.SOCK_DGRAM);
    }

    /** Receives the next packet without waiting; its length, or the negated errno. */
    public int receive() {
        final int length = (int) Libc.calls().recv(fd(), packet.address(), MAX_PACKET_LENGTH, Libc.MSG_DONTWAIT);
        return length >= 0 ? length : -Libc.errno();
    }

    /** Holds the packet, from offset 0 on. */
    public MutableDirectBuffer packetBuffer() {
        return packet.buffer();
    }
}
