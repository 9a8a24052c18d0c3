// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UdpPacketTest {

    private static final int LENGTH = 301;

    private final UdpPacket packet = new UdpPacket(LENGTH, 0x0a01000a, 0xeffffffa);
    private final UnsafeBuffer buffer = new UnsafeBuffer(packet.address(), LENGTH);

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65_535, 65_536, 123_456_789})
    void shouldHaveAValidChecksumWhateverItsNumber(int number) {
        packet.number(number);

        long sum = 17 + LENGTH - 20; // the rest of the pseudo header: protocol and length
        for (int i = 12; i < LENGTH; i++) {
            sum += (long) (buffer.getByte(i) & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        assertEquals(0xffff, sum);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 123_456_789})
    void shouldTellItsNumber(int number) {
        packet.number(number);

        assertEquals(number, UdpPacket.numberOf(buffer, 0, LENGTH));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 20, 35})
    void shouldSeeNoNumberInAPacketThatIsTooShort(int length) {
        assertEquals(UdpPacket.NONE, UdpPacket.numberOf(buffer, 0, length));
    }
}
