// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.capture.CapturedFrame;
import org.markcast.config.AddressLiteral;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Address;

/** Builds a UDP packet and the frame around it. */
final class TestFrame {

    private static final int ETHERNET_LENGTH = 14;
    private static final int HEADERS_LENGTH = 28;

    private final int source;
    private final int destination;
    private int sourcePort = 5353;
    private int destinationPort = 5353;
    private int length = HEADERS_LENGTH + 4;
    private int capturedLength = length;
    private Instant time = Instant.EPOCH;
    private boolean isBroadcast;
    private boolean isOutgoing;
    private int interfaceIndex;
    private long sourceMac = 0x0200_0000_0005L;

    private TestFrame(String source, String destination) {
        this.source = Ipv4Address.of(AddressLiteral.parse(source));
        this.destination = Ipv4Address.of(AddressLiteral.parse(destination));
    }

    static TestFrame from(String source, String destination) {
        return new TestFrame(source, destination);
    }

    TestFrame ports(int source, int destination) {
        sourcePort = source;
        destinationPort = destination;
        return this;
    }

    TestFrame cutTo(int bytes) {
        capturedLength = bytes;
        return this;
    }

    TestFrame at(long milliseconds) {
        time = Instant.ofEpochMilli(milliseconds);
        return this;
    }

    TestFrame broadcast() {
        isBroadcast = true;
        return this;
    }

    TestFrame outgoing() {
        isOutgoing = true;
        return this;
    }

    TestFrame on(int index) {
        interfaceIndex = index;
        return this;
    }

    TestFrame withMac(long mac) {
        sourceMac = mac;
        return this;
    }

    private ByteBuffer packet() {
        return ByteBuffer.allocateDirect(length)
                .putShort(0, (short) 0x4500)
                .putShort(2, (short) length)
                .put(8, (byte) 64)
                .put(9, (byte) 17)
                .putInt(12, source)
                .putInt(16, destination)
                .putShort(20, (short) sourcePort)
                .putShort(22, (short) destinationPort)
                .putShort(24, (short) (length - 20));
    }

    /** As a capture file would give it. */
    CapturedFrame frame() {
        final CapturedPacket packet = new CapturedPacket()
                .set(new UnsafeBuffer(packet()), 0, capturedLength, length, 0, interfaceIndex, sourceMac, false);
        return new CapturedFrame(1, time, isBroadcast, isOutgoing, Optional.empty(), packet);
    }

    /** As a capture file would hold it. */
    byte[] toEthernet() {
        final ByteBuffer frame = ByteBuffer.allocate(ETHERNET_LENGTH + length);
        frame.putShort((short) -1).putInt(isBroadcast ? -1 : 0x5e00_00fb);
        frame.putShort((short) (sourceMac >>> 32)).putInt((int) sourceMac).putShort((short) 0x0800);
        return frame.put(packet()).array();
    }
}
