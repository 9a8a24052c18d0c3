// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.LinuxErrno;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RawSocket;

/**
 * The ceiling: what the kernel takes when nobody captures, decides or counts. Sends the copies that the service would send,
 * the same packet with the same marks by the same route in batches of the same size; the loop does nothing but write the next
 * 64 marks and call sendmmsg(2). Batches laid out beforehand would be slower: many of them do not fit the cache. As many
 * threads as the service has forwarders, each with the marks that are the forwarder's.
 */
final class BareLoop implements Contender {

    private static final int BATCH = 64; // as the injector's

    private final SaPlan plan;
    private final List<Sender> senders = new ArrayList<>();

    BareLoop(NetworkNamespace gateway, UdpPacket packet, SaPlan plan) {
        this.plan = plan;
        for (int forwarder = 0; forwarder < plan.forwarders(); forwarder++) {
            final int[] marks = plan.marks(forwarder);
            if (marks.length > 0) {
                senders.add(new Sender(gateway.call(RawSocket::new), packet, marks));
            }
        }
    }

    @Override
    public String name() {
        return "ceiling";
    }

    @Override
    public SaPlan plan() {
        return plan;
    }

    @Override
    public boolean takesPackets() {
        return false;
    }

    @Override
    public void resume() {
        senders.forEach(sender -> sender.thread.resume());
    }

    @Override
    public void pause() {
        senders.forEach(sender -> sender.thread.pause());
    }

    @Override
    public long packets() {
        return 0;
    }

    @Override
    public long copiesQueued() {
        return sum(sender -> sender.queued);
    }

    @Override
    public long copiesRefused() {
        return sum(sender -> sender.refused);
    }

    @Override
    public long cpuNs() {
        return sum(sender -> sender.thread.cpuNs());
    }

    private long sum(ToLongFunction<Sender> count) {
        return senders.stream().mapToLong(count).sum();
    }

    /** Never: it waits for nothing. */
    @Override
    public long sleeps() {
        return 0;
    }

    @Override
    public boolean isIdle() {
        return true;
    }

    @Override
    public long kernelDrops() {
        return 0;
    }

    @Override
    public void close() {
        senders.forEach(Sender::close);
    }

    /** One thread with its share of the marks. */
    private static final class Sender implements AutoCloseable {

        private final RawSocket socket;
        private final MessageBatch batch;
        private final UdpPacket packet; // the messages know only its address
        private final int[] marks;
        private final PausableThread thread;
        private int nextMark;
        private volatile long queued;
        private volatile long refused;

        Sender(RawSocket socket, UdpPacket packet, int[] marks) {
            this.socket = socket;
            this.marks = marks;
            this.packet = packet;
            batch = MessageBatch.marked(BATCH, socket.takesProtocol());
            for (int message = 0; message < BATCH; message++) {
                batch.packet(message, packet.address(), packet.length());
            }
            thread = new PausableThread("bare-loop", this::send);
        }

        private void send() {
            writeMarks();
            final int sent = sendWhole();
            refused = refused + BATCH - sent;
            queued = queued + BATCH;
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

        @Override
        public void close() {
            thread.close();
            socket.close();
        }
    }
}
