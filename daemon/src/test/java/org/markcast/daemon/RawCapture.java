// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Writes a little-endian pcap file of Ethernet frames, one a second. */
final class RawCapture {

    private static final int ETHERNET = 1;
    private static final int SNAP_LENGTH = 0x40000;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private int seconds = 1_000_000_000;

    RawCapture() {
        write(buffer(24)
                .putInt(0xa1b2c3d4)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(SNAP_LENGTH)
                .putInt(ETHERNET));
    }

    RawCapture frame(byte[] frame) {
        return frame(frame, frame.length);
    }

    RawCapture frame(byte[] captured, int wireLength) {
        write(buffer(16)
                .putInt(seconds++)
                .putInt(250_000)
                .putInt(captured.length)
                .putInt(wireLength));
        file.writeBytes(captured);
        return this;
    }

    byte[] toBytes() {
        return file.toByteArray();
    }

    private static ByteBuffer buffer(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void write(ByteBuffer buffer) {
        file.writeBytes(buffer.array());
    }
}
