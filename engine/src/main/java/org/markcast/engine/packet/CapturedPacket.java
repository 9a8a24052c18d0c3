// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.packet;

import org.agrona.MutableDirectBuffer;

/**
 * A packet as a source captured it: where its bytes are and what the kernel said about it. One mutable instance a source,
 * moved from packet to packet; owned by the forwarder thread that polls the source.
 */
public final class CapturedPacket {

    private MutableDirectBuffer buffer;
    private int offset;
    private int capturedLength;
    private int wireLength;
    private int mark;
    private int interfaceIndex;
    private long sourceMac;
    private boolean isChecksumUnfinished;

    /**
     * Moves to another packet.
     *
     * @param buffer off-heap memory that holds the packet, from the first byte of the IP header
     * @param offset where the IP header starts
     * @param capturedLength bytes available from there; link-layer padding included
     * @param wireLength bytes that the packet had from its IP header on; more than captured if it was cut off
     * @param mark the Netfilter mark, 0 for none
     * @param interfaceIndex interface it was received on
     * @param sourceMac link-layer source address in the low 48 bits, 0 if there is none
     * @param isChecksumUnfinished the sender left its UDP or TCP checksum to the hardware (TP_STATUS_CSUMNOTREADY)
     */
    public CapturedPacket set(
            MutableDirectBuffer buffer,
            int offset,
            int capturedLength,
            int wireLength,
            int mark,
            int interfaceIndex,
            long sourceMac,
            boolean isChecksumUnfinished) {
        this.buffer = buffer;
        this.offset = offset;
        this.capturedLength = capturedLength;
        this.wireLength = wireLength;
        this.mark = mark;
        this.interfaceIndex = interfaceIndex;
        this.sourceMac = sourceMac;
        this.isChecksumUnfinished = isChecksumUnfinished;
        return this;
    }

    public MutableDirectBuffer buffer() {
        return buffer;
    }

    public int offset() {
        return offset;
    }

    public int capturedLength() {
        return capturedLength;
    }

    public int wireLength() {
        return wireLength;
    }

    public int mark() {
        return mark;
    }

    public int interfaceIndex() {
        return interfaceIndex;
    }

    public long sourceMac() {
        return sourceMac;
    }

    public boolean isChecksumUnfinished() {
        return isChecksumUnfinished;
    }
}
