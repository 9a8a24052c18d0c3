// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.LinuxErrno;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RawSocket;

/**
 * The ceiling: what the kernel takes when nobody captures, decides or counts. Sends the copies that the service would send,
 * the same packet with the same marks by the same route in batches of the same size; the loop does nothing but write the next
 * 64 marks and call sendmmsg(2). Batches laid out beforehand would be slower: many of them do not fit the cache. As many
 * threads as the service has forwarders, each with its share of the marks.
 */
final class BareLoop implements AutoCloseable {

    private static final int BATCH = 64; // as the injector's

    private final List<Sender> senders = new ArrayList<>();
    private final LongAdder cpuNs = new LongAdder();

    /** @param marks one for each copy of the packet */
    BareLoop(NetworkNamespace gateway, UdpPacket packet, int[] marks, int threads) {
        for (int i = 0; i < Math.min(threads, marks.length); i++) {
            final int share = i;
            final int[] own = IntStream.range(0, marks.length)
                    .filter(position -> position % threads == share)
                    .map(position -> marks[position])
                    .toArray();
            senders.add(new Sender(gateway.call(RawSocket::new), packet, own));
        }
    }

    /** Sends for a while. */
    Rate run(long durationNs) {
        final long startNs = System.nanoTime();
        final List<FutureTask<Long>> runs = senders.stream()
                .map(sender -> Threads.start("bare-loop", () -> send(sender, startNs + durationNs)))
                .toList();
        final long sent = runs.stream().mapToLong(Threads::await).sum();
        return new Rate(sent, System.nanoTime() - startNs);
    }

    private long send(Sender sender, long endNs) {
        final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        final long startCpuNs = threads.getCurrentThreadCpuTime();
        final long sent = sender.send(endNs);
        cpuNs.add(threads.getCurrentThreadCpuTime() - startCpuNs);
        return sent;
    }

    /** CPU time of its threads so far. */
    long cpuNs() {
        return cpuNs.sum();
    }

    @Override
    public void close() {
        senders.forEach(sender -> sender.socket.close());
    }

    private static final class Sender {

        private final RawSocket socket;
        private final MessageBatch batch;
        private final UdpPacket packet; // the messages know only its address
        private final int[] marks;
        private int nextMark;

        Sender(RawSocket socket, UdpPacket packet, int[] marks) {
            this.socket = socket;
            this.marks = marks;
            this.packet = packet;
            batch = MessageBatch.marked(BATCH, socket.takesProtocol());
            for (int message = 0; message < BATCH; message++) {
                batch.packet(message, packet.address(), packet.length());
            }
        }

        long send(long endNs) {
            long total = 0;
            while (System.nanoTime() - endNs < 0) {
                writeMarks();
                total += sendWhole();
            }
            return total;
        }

        private void writeMarks() {
            final int destination = packet.destination();
            for (int message = 0; message < BATCH; message++) {
                batch.mark(message, destination, marks[nextMark], Ipv4Flyweight.PROTOCOL_UDP);
                nextMark = nextMark + 1 == marks.length ? 0 : nextMark + 1;
            }
        }

        private int sendWhole() {
            int sent = 0;
            int next = 0;
            while (next < BATCH) {
                final int count = socket.send(batch, next, BATCH - next);
                if (count <= 0 && count != -LinuxErrno.ENOBUFS) {
                    throw new IllegalStateException("sendmmsg in the bare loop: errno " + -count);
                }
                sent += Math.max(0, count);
                next += Math.max(1, count);
            }
            return sent;
        }
    }
}
