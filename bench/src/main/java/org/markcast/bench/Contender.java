// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;

/**
 * A way to turn what the sender offers into copies, to be measured beside others: runs only between {@link #resume()} and
 * {@link #pause()}, and its counts can be read at any time without disturbing it. Paused at first.
 */
interface Contender extends AutoCloseable {

    /** As the tables call it. */
    String name();

    SaPlan plan();

    /** Whether it makes copies of packets that it has taken, or out of nothing. */
    boolean takesPackets();

    void resume();

    /** Returns when it does nothing any more. */
    void pause();

    /** Packets taken so far. */
    long packets();

    /** Copies given to the kernel so far. */
    long copiesQueued();

    /** Of these, the copies that the kernel is known to have refused. */
    long copiesRefused();

    /** CPU time of all its threads so far. */
    long cpuNs();

    /** How often its threads have gone to sleep so far, the first one of those that there are as many of as forwarders. */
    long sleeps();

    /** Whether it waits for packets. */
    boolean isIdle();

    /** Packets that the kernel dropped so far because it was too slow. Asking may disturb it. */
    long kernelDrops() throws IOException;

    @Override
    void close() throws IOException;
}
