// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.concurrent.TimeUnit;

/** An inside host's claim to an external address towards a server, granted or not. Belongs to the control thread. */
final class Lease {

    /** The address of who waits for one. */
    static final int NONE = 0;

    /** Whoever was never answered has no tunnel: after as long a silence it loses its address in any case. */
    private static final long UNANSWERED_NS = TimeUnit.MINUTES.toNanos(1);

    private final Peers peers;
    private final int address;
    private final boolean isFixed;
    private final long sinceMs;
    private final Count sent = new Count();
    private final Count received = new Count();

    private boolean isAnswered;
    private long lastPacketMs;
    private long activeNs;
    private long activeMs;

    /** Packets in one direction. */
    private static final class Count {
        private long packets;
        private long bytes;
        private long lastPackets;
        private long lastBytes;

        /** Returns whether there were any since the last time. Somebody else may have set it to 0. */
        boolean follow(long kernelPackets, long kernelBytes) {
            if (kernelPackets < lastPackets) {
                restart();
            }
            final long more = kernelPackets - lastPackets;
            packets += more;
            bytes += kernelBytes - lastBytes;
            lastPackets = kernelPackets;
            lastBytes = kernelBytes;
            return more > 0;
        }

        void restart() {
            lastPackets = 0;
            lastBytes = 0;
        }

        void skip(Count other) {
            lastPackets = other.lastPackets;
            lastBytes = other.lastBytes;
        }
    }

    /**
     * @param address in host order, or {@link #NONE}
     * @param isFixed whether the configuration says so
     * @param sinceMs when it was granted, or the wait began, by the wall clock
     */
    Lease(Peers peers, int address, boolean isFixed, long sinceMs, long nowNs) {
        this.peers = peers;
        this.address = address;
        this.isFixed = isFixed;
        this.sinceMs = sinceMs;
        activeNs = nowNs;
        activeMs = sinceMs;
    }

    Peers peers() {
        return peers;
    }

    int address() {
        return address;
    }

    boolean isFixed() {
        return isFixed;
    }

    boolean isGranted() {
        return address != NONE;
    }

    /** By the wall clock. */
    long sinceMs() {
        return sinceMs;
    }

    /** By the wall clock; 0 if there was none yet. */
    long lastPacketMs() {
        return lastPacketMs;
    }

    /** From when on it has been idle, by the wall clock. */
    long activeMs() {
        return activeMs;
    }

    long packetsOut() {
        return sent.packets;
    }

    long bytesOut() {
        return sent.bytes;
    }

    long packetsIn() {
        return received.packets;
    }

    long bytesIn() {
        return received.bytes;
    }

    /** Goes on as the lease of a former run, which was in use. */
    void resume(long latestPacketMs) {
        lastPacketMs = latestPacketMs;
        activeMs = Math.max(activeMs, latestPacketMs);
        isAnswered = true;
    }

    /** Takes over what another one for the same peers has seen. */
    void resume(Lease other) {
        lastPacketMs = other.lastPacketMs;
        activeNs = other.activeNs;
        activeMs = other.activeMs;
        isAnswered = other.isAnswered;
    }

    /** Takes what the kernel has counted of packets from the client. */
    void countOut(long packets, long bytes, long nowNs, long nowMs) {
        if (sent.follow(packets, bytes)) {
            use(nowNs, nowMs);
        }
    }

    /** Takes what the kernel has counted of packets from the server. */
    void countIn(long packets, long bytes, long nowNs, long nowMs) {
        if (received.follow(packets, bytes)) {
            isAnswered = true;
            use(nowNs, nowMs);
        }
    }

    /** What the kernel has counted for another lease of the same peers, which this one replaces, is not this one's. */
    void skipCounts(Lease other) {
        sent.skip(other.sent);
        received.skip(other.received);
    }

    /** What the kernel has counted begins with 0 again. */
    void restartCounts() {
        sent.restart();
        received.restart();
    }

    /** Nobody can tell whether there were packets in a time that ends now: that is no idleness. */
    void excuse(long sinceNs, long nowNs) {
        final long unseenNs = nowNs - Math.max(sinceNs, activeNs);
        if (unseenNs > 0) {
            activeNs += unseenNs;
            activeMs += TimeUnit.NANOSECONDS.toMillis(unseenNs);
        }
    }

    private void use(long nowNs, long nowMs) {
        activeNs = nowNs;
        activeMs = nowMs;
        lastPacketMs = nowMs;
    }

    /** Whether nobody needs it any more. */
    boolean isOver(long idleNs, long nowNs) {
        final boolean isIdle = nowNs - activeNs >= idleNs;
        return !isFixed && (isIdle || isGranted() && !isAnswered && nowNs - activeNs >= UNANSWERED_NS);
    }
}
