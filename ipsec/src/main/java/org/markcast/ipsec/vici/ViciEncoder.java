// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.markcast.ipsec.vici.ViciMessage.Section;

/** Writes a packet as a segment of the stream, length field included. */
final class ViciEncoder {

    private static final int MAX_NAME = 0xff;
    private static final int MAX_VALUE = 0xffff;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private ViciEncoder() {}

    /**
     * The segment's bytes.
     *
     * @throws IllegalArgumentException if a name, a value or the whole exceeds the protocol's limits
     */
    static byte[] encode(ViciPacket packet) {
        final ViciEncoder encoder = new ViciEncoder();
        encoder.packet(packet);
        final int length = encoder.out.size();
        checkLength(length, ViciPacket.MAX_LENGTH, "packet");
        return ByteBuffer.allocate(Integer.BYTES + length)
                .putInt(length)
                .put(encoder.out.toByteArray())
                .array();
    }

    private void packet(ViciPacket packet) {
        out.write(packet.type().ordinal());
        if (packet.type().isNamed()) {
            name(packet.name());
        }
        if (packet.type().hasMessage()) {
            content(packet.message());
        }
    }

    private void content(ViciMessage message) {
        message.values().forEach((key, value) -> {
            out.write(ElementType.KEY_VALUE);
            name(key);
            value(value);
        });
        message.lists().forEach((key, items) -> {
            out.write(ElementType.LIST_START);
            name(key);
            for (final String item : items) {
                out.write(ElementType.LIST_ITEM);
                value(item);
            }
            out.write(ElementType.LIST_END);
        });
        for (final Section section : message.sections()) {
            out.write(ElementType.SECTION_START);
            name(section.name());
            content(section.content());
            out.write(ElementType.SECTION_END);
        }
    }

    private void name(String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        checkLength(bytes.length, MAX_NAME, "name");
        out.write(bytes.length);
        out.writeBytes(bytes);
    }

    private void value(String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        checkLength(bytes.length, MAX_VALUE, "value");
        out.write(bytes.length >> 8);
        out.write(bytes.length);
        out.writeBytes(bytes);
    }

    private static void checkLength(int length, int max, String what) {
        if (length > max) {
            throw new IllegalArgumentException("a " + what + " of " + length + " bytes exceeds VICI's limit " + max);
        }
    }
}
