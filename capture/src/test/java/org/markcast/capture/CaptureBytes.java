// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/** Writes capture files: pcap (draft-ietf-opsawg-pcap) and the least of pcapng (draft-ietf-opsawg-pcapng). */
final class CaptureBytes {

    static final int ETHERNET = 1;
    static final int RAW = 101;
    static final int COOKED = 113;
    static final int COOKED_V2 = 276;

    /** 10.1.0.5 to 224.0.0.251, UDP 5353 to 5353, payload "hello": 33 bytes. */
    static final byte[] MDNS = bytes("4500 0021 1234 4000 ff11 0000 0a010005 e00000fb 14e9 14e9 000d 0000 68656c6c6f");

    private static final int SNAP_LENGTH = 0x40000;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final ByteOrder order;
    private final boolean isPcapng;

    private CaptureBytes(ByteOrder order, boolean isPcapng) {
        this.order = order;
        this.isPcapng = isPcapng;
    }

    /** Bytes from hexadecimal digits, spaces ignored. */
    static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replaceAll("\\s", ""));
    }

    static byte[] concat(byte[]... parts) {
        final ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (final byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    static CaptureBytes pcap(int linkType) {
        return pcap(ByteOrder.LITTLE_ENDIAN, false, linkType);
    }

    static CaptureBytes pcap(ByteOrder order, boolean isNano, int linkType) {
        final CaptureBytes capture = new CaptureBytes(order, false);
        capture.write(capture.buffer(24)
                .putInt(isNano ? 0xa1b23c4d : 0xa1b2c3d4)
                .putShort((short) 2)
                .putShort((short) 4)
                .putLong(0)
                .putInt(SNAP_LENGTH)
                .putInt(linkType));
        return capture;
    }

    /** One section, one interface, microseconds. */
    static CaptureBytes pcapng(ByteOrder order, int linkType) {
        final CaptureBytes capture = new CaptureBytes(order, true);
        capture.block(
                0x0a0d0d0a,
                capture.buffer(16)
                        .putInt(0x1a2b3c4d)
                        .putShort((short) 1)
                        .putShort((short) 0)
                        .putLong(-1));
        capture.block(
                1,
                capture.buffer(8).putShort((short) linkType).putShort((short) 0).putInt(SNAP_LENGTH));
        return capture;
    }

    /** A whole frame at a time that does not matter. */
    CaptureBytes frame(byte[]... parts) {
        final byte[] frame = concat(parts);
        return frame(0, 0, frame.length, frame);
    }

    /** @param fraction microseconds, or nanoseconds in a file that has those */
    CaptureBytes frame(long seconds, int fraction, int wireLength, byte[] captured) {
        if (isPcapng) {
            final long time = seconds * 1_000_000 + fraction;
            final int padded = captured.length + 3 & ~3;
            block(
                    6,
                    buffer(20 + padded)
                            .putInt(0)
                            .putInt((int) (time >>> 32))
                            .putInt((int) time)
                            .putInt(captured.length)
                            .putInt(wireLength)
                            .put(captured));
        } else {
            write(buffer(16)
                    .putInt((int) seconds)
                    .putInt(fraction)
                    .putInt(captured.length)
                    .putInt(wireLength));
            file.writeBytes(captured);
        }
        return this;
    }

    byte[] toBytes() {
        return file.toByteArray();
    }

    private void block(int type, ByteBuffer body) {
        final int length = 12 + body.capacity();
        write(buffer(8).putInt(type).putInt(length));
        write(body);
        write(buffer(4).putInt(length));
    }

    private ByteBuffer buffer(int length) {
        return ByteBuffer.allocate(length).order(order);
    }

    private void write(ByteBuffer buffer) {
        file.writeBytes(buffer.array());
    }
}
