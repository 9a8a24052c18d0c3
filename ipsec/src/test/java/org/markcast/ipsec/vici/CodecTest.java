// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.markcast.ipsec.vici.ViciPacket.Type;

class CodecTest {

    private static final ViciMessage MESSAGE = ViciMessage.builder()
            .value("version", "2")
            .section(
                    "home",
                    ViciMessage.builder()
                            .list("ts", List.of("a", ""))
                            .section("", ViciMessage.EMPTY)
                            .build())
            .build();

    private static final ViciPacket EVENT = new ViciPacket(Type.EVENT, "log", MESSAGE);

    private static final byte[] EVENT_BYTES = bytes(
            0, 0, 0, 41, 7, 3, 'l', 'o', 'g', 3, 7, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0, 1, '2', 1, 4, 'h', 'o', 'm',
            'e', 4, 2, 't', 's', 5, 0, 1, 'a', 5, 0, 0, 6, 1, 0, 2, 2, 0, 0, 0, 1, 5);

    private static byte[] bytes(int... values) {
        final byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static ViciPacket decode(byte[] segment) throws ViciException {
        return ViciDecoder.decode(segment, 0, segment.length);
    }

    private static byte[] hex(String text) {
        final String digits = text.replace(" ", "");
        final byte[] bytes = new byte[digits.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), 16);
        }
        return bytes;
    }

    @Test
    void shouldEncodeEveryKindOfElement() {
        final ByteBuffer expected = ByteBuffer.wrap(EVENT_BYTES, 0, EVENT_BYTES.length - 5);
        final byte[] actual = ViciEncoder.encode(EVENT);
        assertEquals(expected.putInt(0, actual.length - 4), ByteBuffer.wrap(actual));
    }

    @Test
    void shouldReadPacketsHoweverTheyAreTorn() throws ViciException {
        final byte[] stream = EVENT_BYTES.clone();
        ByteBuffer.wrap(stream).putInt(0, stream.length - 4 - 5);
        for (int piece = 1; piece <= stream.length; piece++) {
            final PacketReader reader = new PacketReader();
            final List<ViciPacket> packets = new ArrayList<>();
            for (int at = 0; at < stream.length; at += piece) {
                reader.append(ByteBuffer.wrap(stream, at, Math.min(piece, stream.length - at)));
                for (ViciPacket packet = reader.next(); packet != null; packet = reader.next()) {
                    packets.add(packet);
                }
            }
            assertEquals(List.of(EVENT, CharonMessages.CONFIRM), packets);
        }
    }

    @Test
    void shouldReadLargePacketsInARow() throws ViciException {
        final String value = "x".repeat(0xffff);
        final ViciMessage.Builder message = ViciMessage.builder();
        for (int i = 0; i < 7; i++) {
            message.value("key" + i, value);
        }
        final ViciPacket large = new ViciPacket(Type.CMD_RESPONSE, "", message.build());
        final byte[] bytes = ViciEncoder.encode(large);
        final PacketReader reader = new PacketReader();
        for (int i = 0; i < 3; i++) {
            reader.append(ByteBuffer.wrap(bytes, 0, 100_000));
            assertNull(reader.next());
            reader.append(ByteBuffer.wrap(bytes, 100_000, bytes.length - 100_000));
            assertEquals(large, reader.next());
            assertNull(reader.next());
        }
    }

    @Test
    void shouldRefuseToEncodeWhatTheProtocolCannotCarry() {
        final String longName = "n".repeat(256);
        assertThrows(IllegalArgumentException.class, () -> ViciEncoder.encode(ViciPacket.request(longName)));
        final ViciMessage longValue =
                ViciMessage.builder().value("k", "v".repeat(0x10000)).build();
        assertThrows(
                IllegalArgumentException.class,
                () -> ViciEncoder.encode(new ViciPacket(Type.CMD_RESPONSE, "", longValue)));
        final ViciMessage.Builder large = ViciMessage.builder();
        for (int i = 0; i < 9; i++) {
            large.value("k" + i, "v".repeat(0xffff));
        }
        final ViciPacket oversized = new ViciPacket(Type.CMD_RESPONSE, "", large.build());
        assertThrows(IllegalArgumentException.class, () -> ViciEncoder.encode(oversized));
    }

    @ParameterizedTest
    @CsvSource({
        "'', a packet ends in the middle of a packet type",
        "08, unknown packet type 8",
        "ff, unknown packet type 255",
        "07, a packet ends in the middle of a name",
        "07 03 6c 6f, a packet ends in the middle of a name",
        "05 00, 1 bytes behind the end of a packet EVENT_CONFIRM",
        "01 00, element type 0 in a section",
        "01 07, element type 7 in a section",
        "01 05 00 00, element type 5 in a section",
        "01 06, element type 6 in a section",
        "01 02, end of a section that never started",
        "01 01 01 61, a section does not end",
        "01 03 01 61, a packet ends in the middle of a value",
        "01 03 01 61 00, a packet ends in the middle of a value",
        "01 03 01 61 00 02 62, a packet ends in the middle of a value",
        "01 04 01 61, a packet ends in the middle of a list",
        "01 04 01 61 05 00, a packet ends in the middle of a value",
        "01 04 01 61 04 01 61, element type 4 in a list",
        "01 04 01 61 03 01 61 00 00, element type 3 in a list",
    })
    void shouldSayWhatIsMalformed(String segment, String problem) {
        final ViciException e = assertThrows(ViciException.class, () -> decode(hex(segment)));
        assertEquals(problem, e.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"00000000, 0", "00080001, 524289", "ffffffff, 4294967295"})
    void shouldRefuseImpossibleLengthsAtOnce(String header, String length) {
        final PacketReader reader = new PacketReader();
        reader.append(ByteBuffer.wrap(hex(header)));
        final ViciException e = assertThrows(ViciException.class, reader::next);
        assertEquals("a packet of " + length + " bytes, where 1 to 524288 are possible", e.getMessage());
    }

    @Test
    void shouldBearSectionsInSectionsUpToALimit() throws ViciException {
        final int limit = ViciDecoder.MAX_DEPTH;
        assertEquals(limit, depth(decode(nested(limit)).message()));
        final ViciException e = assertThrows(ViciException.class, () -> decode(nested(limit + 1)));
        assertEquals("sections nested deeper than 32", e.getMessage());
        assertThrows(ViciException.class, () -> decode(nested(100_000)));
    }

    private static byte[] nested(int depth) {
        final ByteBuffer bytes = ByteBuffer.allocate(1 + 3 * depth).put((byte) 1);
        for (int i = 0; i < depth; i++) {
            bytes.put((byte) 1).put((byte) 0);
        }
        for (int i = 0; i < depth; i++) {
            bytes.put((byte) 2);
        }
        return bytes.array();
    }

    private static int depth(ViciMessage message) {
        return message.sections().isEmpty()
                ? 0
                : 1 + depth(message.sections().get(0).content());
    }

    @Test
    void shouldTakeTheLastOfRepeatedKeysAndAllRepeatedSections() throws ViciException {
        final ViciMessage message = decode(hex("01 03 01 61 00 01 62 03 01 61 00 01 63 01 01 73 02 01 01 73 02"))
                .message();
        assertEquals("c", message.value("a").orElseThrow());
        assertEquals(2, message.sections().size());
    }

    @Test
    void shouldReplaceWhatIsNoUtf8() throws ViciException {
        assertEquals(
                "\ufffd",
                decode(hex("01 03 01 61 00 01 ff")).message().value("a").orElseThrow());
    }

    @Test
    void shouldBearRandomBytes() {
        final Random random = new Random(20261121);
        int readable = 0;
        for (int i = 0; i < 50_000; i++) {
            final byte[] segment = new byte[1 + random.nextInt(40)];
            for (int at = 0; at < segment.length; at++) {
                segment[at] = (byte) random.nextInt(random.nextInt(4) == 0 ? 256 : 8);
            }
            readable += DecoderProperty.hold(segment) ? 1 : 0;
        }
        assertEquals(true, readable > 500, "readable: " + readable);
    }

    @Test
    void shouldBearRealPacketsWithErrors() {
        final byte[] packet = ViciEncoder.encode(CharonMessages.listed(ScriptedSa.client(1)));
        final Random random = new Random(20261121);
        for (int i = 0; i < 15_000; i++) {
            final byte[] segment = new byte[packet.length - 4 - random.nextInt(3)];
            System.arraycopy(packet, 4, segment, 0, segment.length);
            for (int errors = random.nextInt(4); errors > 0; errors--) {
                segment[random.nextInt(segment.length)] = (byte) random.nextInt(256);
            }
            DecoderProperty.hold(segment);
        }
        assertArrayEquals(packet, ViciEncoder.encode(CharonMessages.listed(ScriptedSa.client(1))));
    }
}
