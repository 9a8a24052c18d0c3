// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import org.markcast.engine.counter.ForwarderCounters;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.engine.port.LanInterface;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.MessageSocket;

/** Sends packets to LAN interfaces as frames. */
final class LanSender extends CopySender {

    private static final long BROADCAST_MAC = 0xffff_ffff_ffffL;
    private static final long MULTICAST_MAC = 0x0100_5e00_0000L;
    private static final int MULTICAST_MAC_BITS = 0x7f_ffff;

    LanSender(MessageSocket socket, ForwarderCounters counters) {
        super(socket, MessageBatch.frames(BATCH), MessageBatch.frames(BATCH), counters);
    }

    void queue(long packetAddress, Ipv4Flyweight ip, LanInterface lan) {
        batch.frame(nextMessage(), lan.index(), macFor(ip.destination()));
        if (ip.totalLength() > lan.mtu()) {
            sendFragmented(ip, lan.mtu());
        } else {
            enqueue(packetAddress, ip.totalLength());
        }
    }

    /** RFC 1112, section 6.4: the low 23 bits of the group; everything else that gets here is a broadcast. */
    static long macFor(int destination) {
        final boolean isMulticast = destination >>> 28 == 0xe;
        return isMulticast ? MULTICAST_MAC | destination & MULTICAST_MAC_BITS : BROADCAST_MAC;
    }

    /** The interface's MTU changed a moment ago: the next table of interfaces will tell. */
    @Override
    int mtuFor(int message) {
        return 0;
    }

    @Override
    void forgetMtu(int message) {
        // Nothing is remembered: the interface itself says it.
    }

    @Override
    void address(MessageBatch fragments, int fragment, int message) {
        fragments.frame(fragment, batch.interfaceIndex(message), batch.destinationMac(message));
    }
}
