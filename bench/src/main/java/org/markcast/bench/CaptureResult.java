// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

/**
 * What one way to capture and wait costs and gives. Names with underscores in JSON.
 *
 * @param isUsed whether the service's forwarders capture and wait so on the LAN
 * @param readNsPerPacket time to take a packet of a backlog, where nobody waits
 * @param floodCpuNsPerPacket the reader's CPU time, with what it spends waiting, for each packet of a flood
 * @param floodTakenPerSecond packets taken meanwhile
 * @param floodDroppedPerSecond packets that the kernel dropped meanwhile because the reader was slow
 * @param missing of the packets at the moderate pace
 * @param p50Us from before the sender's system call until the reader has the packet in hand, CLOCK_MONOTONIC
 * @param cpuPercent share of a core at the moderate pace
 * @param idleCpuPercent share of a core when nothing arrives
 */
record CaptureResult(
        String capture,
        String waiting,
        boolean isUsed,
        long readNsPerPacket,
        double floodCpuNsPerPacket,
        long floodTakenPerSecond,
        long floodDroppedPerSecond,
        int missing,
        double p50Us,
        double p99Us,
        double maxUs,
        double cpuPercent,
        double idleCpuPercent) {}
