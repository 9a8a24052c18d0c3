// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.capture.CaptureBytes.COOKED;
import static org.markcast.capture.CaptureBytes.COOKED_V2;
import static org.markcast.capture.CaptureBytes.ETHERNET;
import static org.markcast.capture.CaptureBytes.MDNS;
import static org.markcast.capture.CaptureBytes.RAW;
import static org.markcast.capture.CaptureBytes.bytes;
import static org.markcast.capture.CaptureBytes.concat;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.engine.packet.CapturedPacket;

class CaptureFileTest {

    private static final byte[] TO_MDNS_GROUP = bytes("01005e0000fb 020000000005 0800");
    private static final byte[] TO_EVERYBODY = bytes("ffffffffffff 020000000005 0800");
    private static final String LITTLE = "LITTLE_ENDIAN";

    @TempDir
    Path directory;

    private CaptureFile open(byte[] content) throws CaptureFileException {
        try {
            return CaptureFile.open(Files.write(directory.resolve("test.pcap"), content));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private CaptureFile open(CaptureBytes content) throws CaptureFileException {
        return open(content.toBytes());
    }

    /** What {@code check} says about the only frame. */
    private void withFrame(CaptureBytes content, FrameCheck check) throws CaptureFileException {
        try (CaptureFile file = open(content)) {
            check.on(file.next().orElseThrow());
            assertEquals(Optional.empty(), file.next());
        }
    }

    @FunctionalInterface
    private interface FrameCheck {
        void on(CapturedFrame frame);
    }

    private static void assertMdns(CapturedFrame frame) {
        assertEquals(Optional.empty(), frame.notIpv4());
        assertArrayEquals(MDNS, bytesOf(frame.packet()));
        assertEquals(MDNS.length, frame.packet().wireLength());
    }

    private static byte[] bytesOf(CapturedPacket packet) {
        final byte[] bytes = new byte[packet.capturedLength()];
        packet.buffer().getBytes(packet.offset(), bytes);
        return bytes;
    }

    private static ByteOrder order(String name) {
        return LITTLE.equals(name) ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    }

    @ParameterizedTest
    @CsvSource({
        "LITTLE_ENDIAN, false, 2001-09-09T01:46:40.123456Z",
        "BIG_ENDIAN,    false, 2001-09-09T01:46:40.123456Z",
        "LITTLE_ENDIAN, true,  2001-09-09T01:46:40.000123456Z",
        "BIG_ENDIAN,    true,  2001-09-09T01:46:40.000123456Z"
    })
    void shouldReadPcapOfBothByteOrdersAndPrecisions(String order, boolean isNano, Instant time)
            throws CaptureFileException {
        final byte[] frame = concat(TO_MDNS_GROUP, MDNS);
        final CaptureBytes content =
                CaptureBytes.pcap(order(order), isNano, ETHERNET).frame(1_000_000_000, 123_456, frame.length, frame);
        withFrame(content, read -> {
            assertMdns(read);
            assertEquals(time, read.time());
            assertEquals(1, read.number());
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {LITTLE, "BIG_ENDIAN"})
    void shouldReadPcapng(String order) throws CaptureFileException {
        final byte[] frame = concat(TO_MDNS_GROUP, MDNS);
        withFrame(
                CaptureBytes.pcapng(order(order), ETHERNET).frame(1_000_000_000, 123_456, frame.length, frame),
                read -> {
                    assertMdns(read);
                    assertEquals(Instant.parse("2001-09-09T01:46:40.123456Z"), read.time());
                });
    }

    @Test
    void shouldSayWhatAnEthernetHeaderSays() throws CaptureFileException {
        withFrame(CaptureBytes.pcap(ETHERNET).frame(TO_MDNS_GROUP, MDNS), frame -> {
            assertFalse(frame.isBroadcast());
            assertFalse(frame.isOutgoing());
            assertEquals(0x0200_0000_0005L, frame.packet().sourceMac());
            assertEquals(0, frame.packet().mark());
            assertEquals(0, frame.packet().interfaceIndex());
        });
        withFrame(CaptureBytes.pcap(ETHERNET).frame(TO_EVERYBODY, MDNS), frame -> assertTrue(frame.isBroadcast()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"8100 0005 0800", "88a8 0005 8100 0006 0800", "9100 0005 0800"})
    void shouldLookBehindVlanTags(String tagsAndType) throws CaptureFileException {
        final byte[] addresses = bytes("ffffffffffff 020000000005");
        withFrame(CaptureBytes.pcap(ETHERNET).frame(addresses, bytes(tagsAndType), MDNS), frame -> {
            assertMdns(frame);
            assertTrue(frame.isBroadcast());
        });
    }

    @ParameterizedTest
    @CsvSource({
        "0000, false, false, 0006 020000000005 0000 0800,           0x020000000005",
        "0001, true,  false, 0006 020000000005 0000 0800,           0x020000000005",
        "0004, false, true,  0006 020000000005 0000 0800,           0x020000000005",
        "0000, false, false, 0000 000000000000 0000 0800,           0",
        "0001, true,  false, 0006 020000000005 0000 8100 0005 0800, 0x020000000005"
    })
    void shouldReadCookedCaptures(String type, boolean isBroadcast, boolean isOutgoing, String rest, String mac)
            throws CaptureFileException {
        withFrame(CaptureBytes.pcap(COOKED).frame(bytes(type + "0001" + rest), MDNS), frame -> {
            assertMdns(frame);
            assertEquals(isBroadcast, frame.isBroadcast());
            assertEquals(isOutgoing, frame.isOutgoing());
            assertEquals(Long.decode(mac), frame.packet().sourceMac());
        });
    }

    @ParameterizedTest
    @CsvSource({"00, false, false", "01, true, false", "02, false, false", "04, false, true"})
    void shouldReadCookedCapturesOfVersion2(String type, boolean isBroadcast, boolean isOutgoing)
            throws CaptureFileException {
        final byte[] header = bytes("0800 0000 00000007 0001" + type + "06 020000000005 0000");
        withFrame(CaptureBytes.pcap(COOKED_V2).frame(header, MDNS), frame -> {
            assertMdns(frame);
            assertEquals(isBroadcast, frame.isBroadcast());
            assertEquals(isOutgoing, frame.isOutgoing());
            assertEquals(7, frame.packet().interfaceIndex());
            assertEquals(0x0200_0000_0005L, frame.packet().sourceMac());
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 14, RAW, 228})
    void shouldReadRawIp(int linkType) throws CaptureFileException {
        withFrame(CaptureBytes.pcap(linkType).frame(MDNS), frame -> {
            assertMdns(frame);
            assertFalse(frame.isBroadcast());
            assertEquals(0, frame.packet().sourceMac());
        });
    }

    @ParameterizedTest
    @CsvSource({"0, 02000000", "0, 00000002", "108, 00000002"})
    void shouldReadLoopbackOfEitherByteOrder(int linkType, String family) throws CaptureFileException {
        withFrame(CaptureBytes.pcap(linkType).frame(bytes(family), MDNS), CaptureFileTest::assertMdns);
    }

    @ParameterizedTest
    @CsvSource({
        "1,   ffffffffffff 020000000005 0806 0001,           ARP",
        "1,   333300000001 020000000005 86dd 60000000,       IPv6",
        "1,   333300000001 020000000005 8100 0005 86dd 6000, IPv6",
        "1,   0180c2000000 020000000005 0026 424203,         IEEE 802.2 LLC",
        "1,   0180c200000e 020000000005 88cc 0207,           LLDP",
        "1,   0180c200000e 020000000005 1234 0207,           EtherType 0x1234",
        "113, 0000 0001 0006 020000000005 0000 0806 0001,    ARP",
        "276, 0806 0000 00000007 0001 00 06 020000000005 0000 0001, ARP",
        "101, 60000000,                                      IPv6",
        "101, 00000000,                                      neither IPv4 nor IPv6",
        "0,   0a000000 60000000,                             IPv6",
        "0,   1e000000 60000000,                             IPv6",
        "0,   07000000 60000000,                             neither IPv4 nor IPv6",
        "1,   ffffffffffff 020000000005 08,                  cut off in its link-layer header",
        "1,   ffffffffffff 020000000005 8100 0005 08,        cut off in its link-layer header",
        "113, 0000 0001 0006 020000000005 0000 08,           cut off in its link-layer header",
        "276, 0806 0000 00000007 0001 00 06 020000000005,    cut off in its link-layer header",
        "0,   0a0000,                                        cut off in its link-layer header"
    })
    void shouldSayWhatIsNoIpv4(int linkType, String frame, String what) throws CaptureFileException {
        withFrame(
                CaptureBytes.pcap(linkType).frame(bytes(frame)),
                read -> assertEquals(Optional.of(what), read.notIpv4()));
    }

    @Test
    void shouldKnowAnEmptyFrame() throws CaptureFileException {
        withFrame(
                CaptureBytes.pcap(RAW).frame(new byte[0]),
                frame -> assertEquals(Optional.of("cut off in its link-layer header"), frame.notIpv4()));
    }

    @ParameterizedTest
    @CsvSource({"14, true", "33, true", "34, false", "40, false"})
    void shouldTellHowMuchTheSnapLengthCutOff(int snapLength, boolean isHeaderCut) throws CaptureFileException {
        final byte[] frame = concat(TO_MDNS_GROUP, MDNS);
        final byte[] captured = Arrays.copyOf(frame, snapLength);
        withFrame(CaptureBytes.pcap(ETHERNET).frame(0, 0, frame.length, captured), read -> {
            assertEquals(isHeaderCut, read.notIpv4().equals(Optional.of("cut off in its IPv4 header")));
            assertEquals(snapLength - TO_MDNS_GROUP.length, read.packet().capturedLength());
            assertEquals(MDNS.length, read.packet().wireLength());
        });
    }

    @Test
    void shouldLeaveTooShortAPacketToTheRule() throws CaptureFileException {
        withFrame(
                CaptureBytes.pcap(RAW).frame(bytes("4500 0010")),
                frame -> assertEquals(Optional.empty(), frame.notIpv4()));
    }

    @Test
    void shouldNotBelieveAWireLengthBelowWhatWasCaptured() throws CaptureFileException {
        withFrame(
                CaptureBytes.pcap(RAW).frame(0, 0, 1, MDNS),
                frame -> assertEquals(MDNS.length, frame.packet().wireLength()));
        withFrame(
                CaptureBytes.pcap(RAW).frame(0, 0, -1, MDNS),
                frame -> assertEquals(Integer.MAX_VALUE, frame.packet().wireLength()));
    }

    @Test
    void shouldReadFramesOfAnySizeInOrder() throws CaptureFileException {
        final IntFunction<byte[]> packet = size -> concat(new byte[] {0x45}, new byte[size - 1]);
        final int[] sizes = {20, 65_535, 200_000, 21};
        final CaptureBytes content = CaptureBytes.pcap(RAW);
        Arrays.stream(sizes).mapToObj(packet).forEach(content::frame);
        try (CaptureFile file = open(content)) {
            for (int i = 0; i < sizes.length; i++) {
                final CapturedFrame frame = file.next().orElseThrow();
                assertEquals(i + 1, frame.number());
                assertArrayEquals(packet.apply(sizes[i]), bytesOf(frame.packet()));
            }
            assertEquals(Optional.empty(), file.next());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "00", "a1b2", "6e6f7420612063617074757265206174206f6e6365", "d4c3b2a1020004"})
    void shouldRefuseWhatIsNoCapture(String content) {
        final CaptureFileException e = assertThrows(CaptureFileException.class, () -> open(bytes(content)));
        assertTrue(e.getMessage().contains("test.pcap: not a capture file that libpcap can read: "), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }

    @Test
    void shouldRefuseAnUnknownLinkType() {
        final CaptureFileException e = assertThrows(CaptureFileException.class, () -> open(CaptureBytes.pcap(127)));
        assertTrue(e.getMessage().contains("test.pcap: link type 127 "), e.getMessage());
    }

    @Test
    void shouldReadWhatStandsBeforeTheDamage() throws CaptureFileException {
        final byte[] content = CaptureBytes.pcap(RAW).frame(MDNS).frame(MDNS).toBytes();
        try (CaptureFile file = open(Arrays.copyOf(content, content.length - 1))) {
            assertMdns(file.next().orElseThrow());
            final CaptureFileException e = assertThrows(CaptureFileException.class, file::next);
            assertTrue(e.getMessage().contains("test.pcap: damaged after packet 1: truncated"), e.getMessage());
        }
    }

    @Test
    void shouldRefuseAnImpossibleTime() throws CaptureFileException {
        try (CaptureFile file = open(CaptureBytes.pcap(RAW).frame(0, 2_000_000, MDNS.length, MDNS))) {
            final CaptureFileException e = assertThrows(CaptureFileException.class, file::next);
            assertTrue(e.getMessage().endsWith("damaged in its first packet: impossible time"), e.getMessage());
        }
    }

    /** Whatever the bytes: frames, then the end or the one exception; no crash of the process either. */
    @Test
    void shouldSurviveDamagedFiles() {
        final Random random = new Random(20_261_120);
        final byte[] ethernet = concat(TO_MDNS_GROUP, MDNS);
        final byte[][] sound = {
            CaptureBytes.pcap(ETHERNET)
                    .frame(ethernet)
                    .frame(ethernet)
                    .frame(ethernet)
                    .toBytes(),
            CaptureBytes.pcap(ByteOrder.BIG_ENDIAN, true, RAW)
                    .frame(MDNS)
                    .frame(MDNS)
                    .toBytes(),
            CaptureBytes.pcapng(ByteOrder.LITTLE_ENDIAN, ETHERNET)
                    .frame(ethernet)
                    .frame(ethernet)
                    .toBytes(),
            CaptureBytes.pcapng(ByteOrder.BIG_ENDIAN, COOKED)
                    .frame(ethernet)
                    .frame(ethernet)
                    .toBytes()
        };
        int read = 0;
        int refused = 0;
        for (int i = 0; i < 4_000; i++) {
            try (CaptureFile file = open(damaged(sound[i % sound.length], random))) {
                for (Optional<CapturedFrame> frame = file.next(); frame.isPresent(); frame = file.next()) {
                    final CapturedPacket packet = frame.get().packet();
                    assertTrue(packet.capturedLength() >= 0 && packet.wireLength() >= packet.capturedLength());
                    bytesOf(packet);
                    read++;
                }
            } catch (CaptureFileException e) {
                assertEquals(1, e.getMessage().lines().count(), e.getMessage());
                refused++;
            }
        }
        assertTrue(read > 1_000 && refused > 1_000, read + " frames read, " + refused + " files refused");
    }

    private static byte[] damaged(byte[] sound, Random random) {
        final byte[] content =
                random.nextInt(4) == 0 ? Arrays.copyOf(sound, random.nextInt(sound.length)) : sound.clone();
        for (int flips = random.nextInt(8); flips > 0 && content.length > 0; flips--) {
            content[random.nextInt(content.length)] = (byte) random.nextInt(256);
        }
        return content;
    }
}
