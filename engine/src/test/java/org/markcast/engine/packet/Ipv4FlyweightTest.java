// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.engine.packet.Ipv4Flyweight.NO_PORT;
import static org.markcast.engine.packet.Ipv4Flyweight.PROTOCOL_ICMP;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Ipv4FlyweightTest {

    private static final int IGMP = 2;

    @Test
    void shouldReadPortsBehindOptions() {
        final Ipv4Flyweight ip =
                wrap(TestPacket.mdns("10.1.0.10").ports(1234, 56789).optionWords(10));

        assertEquals(60, ip.headerLength());
        assertTrue(ip.hasPorts());
        assertEquals(1234, ip.sourcePort());
        assertEquals(56789, ip.destinationPort());
        assertEquals(1234, ip.selectorSourcePort());
        assertEquals(56789, ip.selectorDestinationPort());
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 17, 33, 132, 136})
    void shouldKnowTheProtocolsWithPorts(int protocol) {
        final Ipv4Flyweight ip =
                wrap(TestPacket.of(protocol, "10.1.0.10", "224.0.0.251").ports(7, 8));

        assertEquals(7, ip.selectorSourcePort());
        assertEquals(8, ip.selectorDestinationPort());
    }

    @Test
    void shouldFindNoPortsInOtherProtocols() {
        final Ipv4Flyweight ip =
                wrap(TestPacket.of(IGMP, "10.1.0.10", "224.0.0.22").ports(7, 8));

        assertFalse(ip.hasPorts());
        assertEquals(NO_PORT, ip.selectorSourcePort());
        assertEquals(NO_PORT, ip.selectorDestinationPort());
    }

    @Test
    void shouldTakeTypeAndCodeOfIcmpForPorts() {
        final Ipv4Flyweight ip =
                wrap(TestPacket.of(PROTOCOL_ICMP, "10.1.0.10", "224.0.0.1").payload(200, 130, 0, 0));

        assertFalse(ip.hasPorts());
        assertEquals(200, ip.selectorSourcePort());
        assertEquals(130, ip.selectorDestinationPort());
    }

    @Test
    void shouldFindPortsInTheFirstFragmentButNotForSelectors() {
        final Ipv4Flyweight first = wrap(TestPacket.mdns("10.1.0.10").fragment(0, true));
        final Ipv4Flyweight second = wrap(TestPacket.mdns("10.1.0.10").fragment(1480, false));

        assertTrue(first.hasPorts());
        assertEquals(NO_PORT, first.selectorSourcePort());
        assertFalse(second.hasPorts());
        assertEquals(1480, second.fragmentOffset());
        assertEquals(NO_PORT, second.selectorDestinationPort());
    }

    @Test
    void shouldFindNoPortsInAPayloadTooShortForThem() {
        assertFalse(wrap(TestPacket.of(17, "10.1.0.10", "224.0.0.1").payload(0, 67, 0))
                .hasPorts());
        assertEquals(
                NO_PORT,
                wrap(TestPacket.of(PROTOCOL_ICMP, "10.1.0.10", "224.0.0.1").payload(8))
                        .selectorSourcePort());
    }

    @Test
    void shouldRefuseInconsistentHeaders() {
        final Ipv4Flyweight ip = new Ipv4Flyweight();
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[64]);
        for (final int first :
                new int[] {0x65, 0x44, 0x40, 0x00, 0x4f}) { // version 6, short headers, header past the end
            buffer.putByte(0, (byte) first);
            buffer.putByte(3, (byte) 40);
            assertFalse(ip.tryWrap(buffer, 0, 40), "first byte " + first);
        }
        buffer.putByte(0, (byte) 0x45);
        assertTrue(ip.tryWrap(buffer, 0, 40));
        assertFalse(ip.tryWrap(buffer, 0, 19));
        buffer.putByte(3, (byte) 19);
        assertFalse(ip.tryWrap(buffer, 0, 40), "total length below header length");
    }

    private static Ipv4Flyweight wrap(TestPacket packet) {
        final CapturedPacket captured = packet.build();
        final Ipv4Flyweight ip = new Ipv4Flyweight();
        assertTrue(ip.tryWrap(captured.buffer(), captured.offset(), captured.capturedLength()));
        return ip;
    }
}
