// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import java.util.concurrent.TimeUnit;
import org.agrona.collections.Int2IntCounterMap;
import org.agrona.concurrent.NanoClock;
import org.markcast.engine.counter.ForwarderCounters;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.MessageSocket;

/**
 * Sends whole packets to tunnels, each with its SA's outbound mark. The kernel never fragments what a raw socket sends: what
 * it refuses as too big is fragmented here, and the MTU that it names is remembered for a while by mark.
 */
final class TunnelSender extends CopySender {

    private static final long MTU_LIFETIME_NS = TimeUnit.SECONDS.toNanos(10);

    private final Injector.MtuLookup lookup;
    private final NanoClock clock;
    private final Int2IntCounterMap mtus = new Int2IntCounterMap(UNKNOWN_MTU);

    private int smallestMtu = Integer.MAX_VALUE;
    private long oldestNs;

    TunnelSender(
            MessageSocket socket,
            boolean takesProtocol,
            Injector.MtuLookup lookup,
            NanoClock clock,
            ForwarderCounters counters) {
        super(socket, MessageBatch.marked(BATCH, takesProtocol), MessageBatch.marked(BATCH, takesProtocol), counters);
        this.lookup = lookup;
        this.clock = clock;
    }

    void queue(long packetAddress, Ipv4Flyweight ip, int mark) {
        final int message = nextMessage();
        final int length = ip.totalLength();
        batch.mark(message, ip.destination(), mark, ip.protocol());
        // With DF the kernel is asked each time: the remembered MTU may have grown, and nothing would be gained by it.
        if (length > smallestMtu && !ip.isDontFragment()) {
            final int mtu = rememberedMtu(mark);
            if (mtu != UNKNOWN_MTU && length > mtu) {
                sendFragmented(ip, mtu);
                return;
            }
        }
        enqueue(packetAddress, length);
    }

    private int rememberedMtu(int mark) {
        if (clock.nanoTime() - oldestNs > MTU_LIFETIME_NS) {
            mtus.clear();
            smallestMtu = Integer.MAX_VALUE;
        }
        return mtus.get(mark);
    }

    @Override
    int mtuFor(int message) {
        final int mark = batch.mark(message);
        final int mtu = lookup.of(mark, batch.destination(message));
        if (mtu != UNKNOWN_MTU) {
            if (mtus.isEmpty()) {
                oldestNs = clock.nanoTime();
            }
            mtus.put(mark, mtu);
            smallestMtu = Math.min(smallestMtu, mtu);
        }
        return mtu;
    }

    @Override
    void forgetMtu(int message) {
        mtus.remove(batch.mark(message));
    }

    @Override
    void address(MessageBatch fragments, int fragment, int message) {
        fragments.mark(fragment, batch.destination(message), batch.mark(message), batch.protocol(message));
    }
}
