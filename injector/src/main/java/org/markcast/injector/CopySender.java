// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.ForwarderCounters;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.LinuxErrno;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.MessageSocket;

/**
 * Sends a batch so that a copy that the kernel refuses costs itself alone: sendmmsg stops there, the error is counted, and the
 * rest is sent from the next one on. Copies that must be fragmented leave at once, behind what was queued before them.
 */
abstract class CopySender implements AutoCloseable {

    /** Larger batches are no faster (measured: 64, 256 and 1024 cost the same a copy). */
    static final int BATCH = 64;

    static final int UNKNOWN_MTU = 0;

    final MessageBatch batch;

    private final MessageSocket socket;
    private final MessageBatch fragments;
    private final ForwarderCounters counters;
    private final Fragmenter fragmenter = new Fragmenter();
    private final UnsafeBuffer failedMemory = new UnsafeBuffer(0, 0);
    private final Ipv4Flyweight failed = new Ipv4Flyweight();

    private int queued;

    CopySender(MessageSocket socket, MessageBatch batch, MessageBatch fragments, ForwarderCounters counters) {
        this.socket = socket;
        this.batch = batch;
        this.fragments = fragments;
        this.counters = counters;
    }

    /** Copies the addressing of a queued message to a fragment of it. */
    abstract void address(MessageBatch fragments, int fragment, int message);

    /** How large packets to where a queued message goes may be, found out anew; 0 if that cannot be known. */
    abstract int mtuFor(int message);

    /** The MTU that a queued message was fragmented to has turned out too large. */
    abstract void forgetMtu(int message);

    /** The message to be filled in next. */
    final int nextMessage() {
        if (queued == BATCH) {
            flush();
        }
        return queued;
    }

    /** Adds the message that was filled in. */
    final void enqueue(long address, int length) {
        batch.packet(queued++, address, length);
    }

    /** Sends the message that was filled in as fragments, or counts why it cannot be. */
    final void sendFragmented(Ipv4Flyweight ip, int mtu) {
        final int message = queued;
        flush();
        fragment(ip, mtu, message);
    }

    final void flush() {
        final int count = queued;
        queued = 0;
        int next = 0;
        while (next < count) {
            final int sent = socket.send(batch, next, count - next);
            if (sent > 0) {
                counters.add(Counter.COPIES_SENT, sent);
                next += sent;
            } else {
                onRefused(next++, -sent);
            }
        }
    }

    private void onRefused(int message, int errno) {
        if (errno != LinuxErrno.EMSGSIZE) {
            counters.increment(outcomeOf(errno));
            return;
        }
        failedMemory.wrap(batch.packetAddress(message), batch.packetLength(message));
        failed.tryWrap(failedMemory, 0, failedMemory.capacity());
        fragment(failed, failed.isDontFragment() ? UNKNOWN_MTU : mtuFor(message), message);
    }

    private void fragment(Ipv4Flyweight ip, int mtu, int message) {
        if (mtu >= ip.totalLength() || !fragmenter.begin(ip, mtu)) {
            counters.increment(Counter.COPIES_TOO_BIG);
            return;
        }
        boolean isSent = true;
        while (isSent && fragmenter.hasNext()) {
            final int count = fragmenter.fill(fragments);
            for (int i = 0; i < count; i++) {
                address(fragments, i, message);
            }
            isSent = sendFragments(count, message);
        }
        if (isSent) {
            counters.increment(Counter.COPIES_SENT);
            counters.increment(Counter.FRAGMENTED);
        }
    }

    /** A packet that lacks a fragment is lost: the first error ends it. */
    private boolean sendFragments(int count, int message) {
        int next = 0;
        while (next < count) {
            final int sent = socket.send(fragments, next, count - next);
            if (sent <= 0) {
                if (-sent == LinuxErrno.EMSGSIZE) {
                    forgetMtu(message);
                }
                counters.increment(-sent == LinuxErrno.EMSGSIZE ? Counter.COPIES_TOO_BIG : outcomeOf(-sent));
                return false;
            }
            next += sent;
        }
        return true;
    }

    private static Counter outcomeOf(int errno) {
        return switch (errno) {
            case LinuxErrno.EAGAIN, LinuxErrno.ENOBUFS, LinuxErrno.ENOMEM -> Counter.COPIES_NO_BUFFER;
            case LinuxErrno.EPERM, LinuxErrno.EACCES -> Counter.COPIES_REFUSED;
            case LinuxErrno.ENETUNREACH,
                    LinuxErrno.EHOSTUNREACH,
                    LinuxErrno.ENETDOWN,
                    LinuxErrno.ENODEV,
                    LinuxErrno.ENXIO -> Counter.COPIES_UNREACHABLE;
            default -> Counter.COPIES_FAILED;
        };
    }

    @Override
    public void close() {
        socket.close();
    }
}
