// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.markcast.ipsec.vici.ViciPacket.Type;

/** Reads the packet in one segment of the stream. Bytes that are no UTF-8 become replacement characters. */
final class ViciDecoder {

    /** Sections in sections; charon's own messages have about five. */
    static final int MAX_DEPTH = 32;

    private static final Type[] TYPES = Type.values();

    private final byte[] bytes;
    private final int end;

    private int at;

    private ViciDecoder(byte[] bytes, int offset, int length) {
        this.bytes = bytes;
        this.at = offset;
        this.end = offset + length;
    }

    /** Reads the packet in a segment, whose length field is not among the bytes. */
    static ViciPacket decode(byte[] bytes, int offset, int length) throws ViciException {
        return new ViciDecoder(bytes, offset, length).packet();
    }

    private ViciPacket packet() throws ViciException {
        final int code = unsignedByte("packet type");
        if (code >= TYPES.length) {
            throw new ViciException("unknown packet type " + code);
        }
        final Type type = TYPES[code];
        final String name = type.isNamed() ? name() : "";
        final ViciMessage message = type.hasMessage() ? section(0) : ViciMessage.EMPTY;
        if (at < end) {
            throw new ViciException(end - at + " bytes behind the end of a packet " + type);
        }
        return new ViciPacket(type, name, message);
    }

    /** Reads to the end of the section, or of the message at depth 0. */
    private ViciMessage section(int depth) throws ViciException {
        final ViciMessage.Builder section = ViciMessage.builder();
        while (at < end) {
            final int element = unsignedByte("element type");
            switch (element) {
                case ElementType.KEY_VALUE -> section.value(name(), value());
                case ElementType.LIST_START -> section.list(name(), list());
                case ElementType.SECTION_START -> {
                    if (depth == MAX_DEPTH) {
                        throw new ViciException("sections nested deeper than " + MAX_DEPTH);
                    }
                    section.section(name(), section(depth + 1));
                }
                case ElementType.SECTION_END -> {
                    if (depth == 0) {
                        throw new ViciException("end of a section that never started");
                    }
                    return section.build();
                }
                default -> throw new ViciException("element type " + element + " in a section");
            }
        }
        if (depth > 0) {
            throw new ViciException("a section does not end");
        }
        return section.build();
    }

    private List<String> list() throws ViciException {
        final List<String> items = new ArrayList<>();
        for (int element = unsignedByte("list"); element != ElementType.LIST_END; element = unsignedByte("list")) {
            if (element != ElementType.LIST_ITEM) {
                throw new ViciException("element type " + element + " in a list");
            }
            items.add(value());
        }
        return items;
    }

    private String name() throws ViciException {
        return text(unsignedByte("name"), "name");
    }

    private String value() throws ViciException {
        return text(unsignedByte("value") << 8 | unsignedByte("value"), "value");
    }

    private int unsignedByte(String what) throws ViciException {
        need(1, what);
        return bytes[at++] & 0xff;
    }

    private String text(int length, String what) throws ViciException {
        need(length, what);
        at += length;
        return new String(bytes, at - length, length, StandardCharsets.UTF_8);
    }

    private void need(int count, String what) throws ViciException {
        if (end - at < count) {
            throw new ViciException("a packet ends in the middle of a " + what);
        }
    }
}
