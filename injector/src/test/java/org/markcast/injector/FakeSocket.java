// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.linux.LinuxErrno;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.MessageSocket;

/** A kernel that takes every message but those that it is told to refuse, and those above its MTU. */
final class FakeSocket implements MessageSocket {

    /** A message as it left. */
    record Sent(byte[] packet, int mark, int destination, int protocol, int interfaceIndex, long mac) {}

    /** Refuses a message with an errno, or takes it with 0. */
    @FunctionalInterface
    interface Refusal {
        int errnoFor(Sent message);
    }

    final List<Sent> sent = new ArrayList<>();
    final List<Integer> batches = new ArrayList<>();
    Refusal refusal = message -> 0;
    int mtu = Integer.MAX_VALUE;

    @Override
    public int send(MessageBatch batch, int first, int count) {
        batches.add(count);
        for (int i = 0; i < count; i++) {
            final Sent message = read(batch, first + i);
            final int errno = message.packet().length > mtu ? LinuxErrno.EMSGSIZE : refusal.errnoFor(message);
            if (errno != 0) {
                return i > 0 ? i : -errno;
            }
            sent.add(message);
        }
        return count;
    }

    private static Sent read(MessageBatch batch, int i) {
        final byte[] packet = new byte[batch.packetLength(i)];
        new UnsafeBuffer(batch.packetAddress(i), packet.length).getBytes(0, packet);
        return new Sent(
                packet,
                batch.mark(i),
                batch.destination(i),
                batch.protocol(i),
                batch.interfaceIndex(i),
                batch.destinationMac(i));
    }

    @Override
    public void close() {}
}
