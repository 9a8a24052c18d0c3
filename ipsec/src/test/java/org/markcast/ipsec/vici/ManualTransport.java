// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** A transport whose other end is the test. */
final class ManualTransport implements Transport {

    /** The packets sent on the newest connection and not looked at yet. */
    final Deque<ViciPacket> sent = new ArrayDeque<>();

    int attempts;
    boolean isClosed;

    private final List<Receiver> receivers = new ArrayList<>();

    @Override
    public Connection connect(Receiver receiver) {
        attempts++;
        isClosed = false;
        sent.clear();
        receivers.add(receiver);
        final int attempt = attempts;
        final PacketReader packets = new PacketReader();
        return new Connection() {
            @Override
            public void send(byte[] bytes) {
                packets.append(ByteBuffer.wrap(bytes));
                try {
                    sent.add(packets.next());
                } catch (ViciException e) {
                    throw new AssertionError(e);
                }
            }

            @Override
            public void close() {
                isClosed |= attempt == attempts;
            }
        };
    }

    /** The newest attempt. */
    Receiver receiver() {
        return receivers.get(receivers.size() - 1);
    }

    /** The attempt of that number, from 1. */
    Receiver receiver(int attempt) {
        return receivers.get(attempt - 1);
    }

    void deliver(ViciPacket... packets) {
        for (final ViciPacket packet : packets) {
            receiver().onBytes(ByteBuffer.wrap(ViciEncoder.encode(packet)));
        }
    }
}
