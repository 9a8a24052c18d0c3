// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.counter.ForwarderCounters;
import org.markcast.engine.port.LanInterface;
import org.markcast.linux.LinuxErrno;

class InjectorTest {

    private static final LanInterface LAN = new LanInterface("eth1", 7, 0x0200_0000_0001L, 1500, List.of(0x0a01_ffff));

    private final FakeSocket raw = new FakeSocket();
    private final FakeSocket frames = new FakeSocket();
    private final ForwarderCounters counters = Counters.inMemory(64).forwarder(0);
    private final List<Integer> lookedUp = new ArrayList<>();
    private int routeMtu = 1500;
    private long nowNs = 1;

    private final Injector injector = new Injector(
            raw,
            true,
            frames,
            (mark, destination) -> {
                lookedUp.add(mark);
                return routeMtu;
            },
            () -> {},
            () -> nowNs,
            counters);

    private void sendToSas(TestPacket packet, int... marks) {
        injector.begin(packet.captured(false), packet.ip);
        for (final int mark : marks) {
            injector.toSa(mark);
        }
        injector.flush();
    }

    @Test
    void shouldSendEachCopyUnchangedWithItsMarkInOneBatch() {
        final TestPacket packet = TestPacket.udp(100);

        sendToSas(packet, 1, 2, 3);

        assertEquals(List.of(3), raw.batches);
        assertEquals(
                List.of(1, 2, 3), raw.sent.stream().map(FakeSocket.Sent::mark).toList());
        for (final FakeSocket.Sent sent : raw.sent) {
            assertArrayEquals(packet.bytes(), sent.packet());
            assertEquals(TestPacket.GROUP, sent.destination());
            assertEquals(17, sent.protocol());
        }
        assertEquals(3, counters.get(Counter.COPIES_SENT));
    }

    @Test
    void shouldGiveFragmentsWithoutIdentificationTheSameOne() {
        for (final int flagsAndOffset : new int[] {0x2000, 0x2000 | 185, 370}) {
            sendToSas(TestPacket.udp(100, flagsAndOffset, 0, new byte[0], TestPacket.GROUP), 1);
        }

        for (final FakeSocket.Sent sent : raw.sent) {
            assertEquals(
                    FragmentIdentification.REPLACEMENT,
                    ByteBuffer.wrap(sent.packet()).getShort(4) & 0xffff);
            assertEquals(0, TestPacket.checksum(Arrays.copyOf(sent.packet(), 20)));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "0x4000, 0", "0x6000, 0", "0x2000, 1", "0, 1"})
    void shouldLeaveOtherIdentificationsAsTheyAre(int flagsAndOffset, int identification) {
        final TestPacket packet = TestPacket.udp(100, flagsAndOffset, identification, new byte[0], TestPacket.GROUP);
        final byte[] before = packet.bytes();

        sendToSas(packet, 1);

        assertArrayEquals(before, raw.sent.get(0).packet());
    }

    @Test
    void shouldFlushByItselfWhenTheBatchIsFull() {
        injector.begin(TestPacket.udp(10).captured(false), TestPacket.udp(10).ip);
        for (int mark = 1; mark <= 200; mark++) {
            injector.toSa(mark);
        }
        injector.flush();

        assertEquals(List.of(64, 64, 64, 8), raw.batches);
        assertEquals(200, raw.sent.size());
    }

    @ParameterizedTest
    @CsvSource({
        "11, COPIES_NO_BUFFER", "105, COPIES_NO_BUFFER", "12, COPIES_NO_BUFFER", "1, COPIES_REFUSED",
        "13, COPIES_REFUSED", "101, COPIES_UNREACHABLE", "113, COPIES_UNREACHABLE", "100, COPIES_UNREACHABLE",
        "19, COPIES_UNREACHABLE", "6, COPIES_UNREACHABLE", "22, COPIES_FAILED"
    })
    void shouldCountARefusedCopyAndSendTheOthers(int errno, Counter outcome) {
        raw.refusal = message -> message.mark() == 2 || message.mark() == 4 ? errno : 0;

        sendToSas(TestPacket.udp(100), 1, 2, 3, 4);

        assertEquals(List.of(1, 3), raw.sent.stream().map(FakeSocket.Sent::mark).toList());
        assertEquals(2, counters.get(Counter.COPIES_SENT));
        assertEquals(2, counters.get(outcome));
    }

    @Test
    void shouldFragmentWhatTheKernelRefusesAsTooBig() {
        raw.mtu = 1500;
        final TestPacket packet = TestPacket.udp(9000 - 28);

        sendToSas(packet, 1, 2);

        for (final int mark : new int[] {1, 2}) {
            final List<byte[]> fragments = raw.sent.stream()
                    .filter(sent -> sent.mark() == mark)
                    .map(FakeSocket.Sent::packet)
                    .toList();
            assertEquals(7, fragments.size());
            assertReassembles(packet.bytes(), fragments);
        }
        assertEquals(2, counters.get(Counter.COPIES_SENT));
        assertEquals(2, counters.get(Counter.FRAGMENTED));
    }

    @Test
    void shouldRememberTheMtuOfATunnelForAWhile() {
        raw.mtu = 1500;
        sendToSas(TestPacket.udp(3000), 1);
        sendToSas(TestPacket.udp(3000), 1);
        assertEquals(List.of(1), lookedUp);

        raw.mtu = 9000;
        routeMtu = 9000;
        raw.sent.clear();
        nowNs += TimeUnit.SECONDS.toNanos(11);
        sendToSas(TestPacket.udp(3000), 1);

        assertEquals(1, raw.sent.size());
    }

    @Test
    void shouldNotHoldARememberedMtuAgainstAPacketThatMustNotBeFragmented() {
        raw.mtu = 1500;
        sendToSas(TestPacket.udp(3000), 1);
        raw.sent.clear();
        raw.mtu = 9000;

        sendToSas(TestPacket.udp(3000, 0x4000, 1, new byte[0], TestPacket.GROUP), 1);

        assertEquals(1, raw.sent.size());
        assertEquals(0, counters.get(Counter.COPIES_TOO_BIG));
    }

    @Test
    void shouldKeepTheOrderAroundAFragmentedCopy() {
        raw.mtu = 1500;
        sendToSas(TestPacket.udp(3000), 2);
        raw.sent.clear();
        final TestPacket small = TestPacket.udp(10);
        final TestPacket large = TestPacket.udp(3000);

        injector.begin(small.captured(false), small.ip);
        injector.toSa(2);
        injector.begin(large.captured(false), large.ip);
        injector.toSa(2);
        injector.begin(small.captured(false), small.ip);
        injector.toSa(2);
        injector.flush();

        final List<Integer> lengths =
                raw.sent.stream().map(sent -> sent.packet().length).toList();
        assertEquals(List.of(38, 1500, 1500, 68, 38), lengths);
    }

    @Test
    void shouldCountWhatMustNotBeFragmented() {
        raw.mtu = 1500;
        sendToSas(TestPacket.udp(3000, 0x4000, 1, new byte[0], TestPacket.GROUP), 1);

        assertTrue(raw.sent.isEmpty());
        assertEquals(1, counters.get(Counter.COPIES_TOO_BIG));
        assertEquals(0, counters.get(Counter.COPIES_SENT));
    }

    @Test
    void shouldCountWhatIsTooBigForAnUnknownMtu() {
        raw.mtu = 1500;
        routeMtu = 0;

        sendToSas(TestPacket.udp(3000), 1);

        assertEquals(1, counters.get(Counter.COPIES_TOO_BIG));
    }

    @Test
    void shouldGiveUpACopyWithItsFirstLostFragment() {
        raw.mtu = 1500;
        raw.refusal = message -> message.mark() == 1 && message.packet().length < 1500 ? LinuxErrno.EPERM : 0;

        sendToSas(TestPacket.udp(3000), 1, 2);

        assertEquals(1, counters.get(Counter.COPIES_REFUSED));
        assertEquals(1, counters.get(Counter.COPIES_SENT));
    }

    @ParameterizedTest
    @ValueSource(ints = {68, 100, 576, 1280, 1499, 1500})
    void shouldReassembleWithAnyMtu(int mtu) {
        raw.mtu = mtu;
        routeMtu = mtu;
        final byte[] options = {(byte) 0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0
        }; // router alert is copied, record route is not
        final TestPacket packet = TestPacket.udp(65_535 - 40, 0, 77, options, TestPacket.GROUP);

        sendToSas(packet, 1);

        assertReassembles(
                packet.bytes(), raw.sent.stream().map(FakeSocket.Sent::packet).toList());
        final byte[] second = raw.sent.get(1).packet();
        assertEquals(24, (second[0] & 0x0f) * 4);
        assertArrayEquals(Arrays.copyOf(options, 4), Arrays.copyOfRange(second, 20, 24));
        assertTrue(raw.sent.stream().allMatch(sent -> sent.packet().length <= mtu));
    }

    @Test
    void shouldFragmentAFragment() {
        raw.mtu = 576;
        routeMtu = 576;
        final TestPacket middle = TestPacket.udp(1472, 0x2000 | 185, 9, new byte[0], TestPacket.GROUP);

        sendToSas(middle, 1);

        int expectedOffset = 185 * 8;
        for (final FakeSocket.Sent sent : raw.sent) {
            final int flagsAndOffset = ByteBuffer.wrap(sent.packet()).getShort(6) & 0xffff;
            assertEquals(expectedOffset, (flagsAndOffset & 0x1fff) * 8);
            assertEquals(0x2000, flagsAndOffset & 0x2000); // the last one of a middle fragment has followers too
            expectedOffset += sent.packet().length - 20;
        }
        assertEquals(185 * 8 + 1480, expectedOffset);
    }

    @Test
    void shouldGiveFragmentsACommonIdentificationIfThePacketHasNone() {
        raw.mtu = 1500;
        sendToSas(TestPacket.udp(3000, 0, 0, new byte[0], TestPacket.GROUP), 1);

        final List<Short> identifications = raw.sent.stream()
                .map(sent -> ByteBuffer.wrap(sent.packet()).getShort(4))
                .distinct()
                .toList();
        assertEquals(1, identifications.size());
        assertNotEquals((short) 0, identifications.get(0));
    }

    /** F17: what a local virtual machine or container left to the hardware is completed, once for all copies. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 300, 1472})
    void shouldCompleteAnUnfinishedUdpChecksum(int payloadLength) {
        final TestPacket packet = TestPacket.udp(payloadLength);
        packet.buffer.putShort(26, (short) 0x5555);

        injector.begin(packet.captured(true), packet.ip);
        injector.toSa(1);
        injector.toSa(2);
        injector.flush();

        for (final FakeSocket.Sent sent : raw.sent) {
            assertEquals(0, TestPacket.verifyUdp(sent.packet()));
            assertNotEquals(0, ByteBuffer.wrap(sent.packet()).getShort(26));
        }
        assertEquals(1, counters.get(Counter.CHECKSUMS_COMPLETED));
    }

    @Test
    void shouldLeaveAChecksumAloneThatIsFinished() {
        final TestPacket packet = TestPacket.udp(100);
        packet.buffer.putShort(26, (short) 0x5555);

        sendToSas(packet, 1);

        assertEquals(0x5555, ByteBuffer.wrap(raw.sent.get(0).packet()).getShort(26));
    }

    @Test
    void shouldLeaveAChecksumAloneThatWouldReachBehindThePacket() {
        final TestPacket packet = TestPacket.udp(10);
        packet.buffer.putShort(24, (short) 0x7fff); // UDP length, whatever the byte order: more than there is

        injector.begin(packet.captured(true), packet.ip);

        assertEquals(0, counters.get(Counter.CHECKSUMS_COMPLETED));
    }

    @ParameterizedTest
    @CsvSource({
        "224.0.0.251, 01005e0000fb",
        "239.255.255.250, 01005e7ffffa",
        "255.255.255.255, ffffffffffff",
        "10.1.255.255, ffffffffffff"
    })
    void shouldSendToTheLanWithTheRightHardwareAddress(String destination, String mac) throws Exception {
        final int address = ByteBuffer.wrap(
                        java.net.InetAddress.getByName(destination).getAddress())
                .getInt();
        final TestPacket packet = TestPacket.udp(100, 0, 1, new byte[0], address);

        injector.begin(packet.captured(false), packet.ip);
        injector.toLan(LAN);
        injector.flush();

        assertEquals(Long.parseLong(mac, 16), frames.sent.get(0).mac());
        assertEquals(7, frames.sent.get(0).interfaceIndex());
        assertArrayEquals(packet.bytes(), frames.sent.get(0).packet());
    }

    @Test
    void shouldFragmentForTheLanByItsMtu() {
        final TestPacket packet = TestPacket.udp(4000);

        injector.begin(packet.captured(false), packet.ip);
        injector.toLan(LAN);
        injector.flush();

        assertEquals(3, frames.sent.size());
        assertReassembles(
                packet.bytes(),
                frames.sent.stream().map(FakeSocket.Sent::packet).toList());
        assertTrue(
                frames.sent.stream().allMatch(sent -> sent.interfaceIndex() == 7 && sent.mac() == 0x0100_5e00_00fbL));
    }

    /** Puts fragments together in the order in which they were sent; each must continue where the one before ended. */
    private static void assertReassembles(byte[] packet, List<byte[]> fragments) {
        final ByteArrayOutputStream payload = new ByteArrayOutputStream();
        for (int i = 0; i < fragments.size(); i++) {
            final byte[] fragment = fragments.get(i);
            final int headerLength = (fragment[0] & 0x0f) * 4;
            final ByteBuffer header = ByteBuffer.wrap(fragment);
            assertEquals(0, TestPacket.checksum(Arrays.copyOf(fragment, headerLength)), "header checksum");
            assertEquals(fragment.length, header.getShort(2) & 0xffff);
            assertEquals(ByteBuffer.wrap(packet).getShort(4), header.getShort(4));
            assertEquals(payload.size(), (header.getShort(6) & 0x1fff) * 8);
            assertEquals(i < fragments.size() - 1, (header.getShort(6) & 0x2000) != 0);
            assertEquals(packet[8], fragment[8], "TTL");
            payload.write(fragment, headerLength, fragment.length - headerLength);
        }
        final int headerLength = (packet[0] & 0x0f) * 4;
        assertArrayEquals(Arrays.copyOfRange(packet, headerLength, packet.length), payload.toByteArray());
    }
}
