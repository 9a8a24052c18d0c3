// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Ipv4Packet;

/** The packets that the tests judge by, against bytes worked out by hand. */
@Tag("lab")
class Ipv4PacketTest {

    private static final byte[] PAYLOAD = {1, 2, 3};

    @Test
    void shouldLayOutAUdpPacketWithBothChecksums() {
        final Ipv4Packet packet = Ipv4Packet.udp("10.1.0.10", 9, "224.0.0.251", 5353, PAYLOAD)
                .timeToLive(255)
                .build();
        // 4500 + 001f + 0001 + ff11 + 0a01 + 000a + e000 + 00fb = 22f37, folded 2f39, complement d0c6
        // 0a01 + 000a + e000 + 00fb + 0011 + 000b + 0009 + 14e9 + 000b + 0102 + 0300 = 10421, folded 0422, complement
        // fbdd
        assertEquals(
                "4500001f00010000ff11" + "d0c6" + "0a01000a" + "e00000fb" + "000914e9000b" + "fbdd" + "010203",
                HexFormat.of().formatHex(packet.bytes()));
        assertTrue(packet.isHeaderChecksumValid());
        assertTrue(packet.isUdpChecksumValid());
    }

    @Test
    void shouldNoticeEveryWrongByte() {
        final byte[] bytes = Ipv4Packet.udp("10.1.0.10", 9, "224.0.0.251", 5353, PAYLOAD)
                .build()
                .bytes();
        for (int i = 20; i < bytes.length; i++) {
            if (i != 24 && i != 25) { // the UDP length takes part twice, but only as far as the packet reaches
                final byte[] wrong = bytes.clone();
                wrong[i] ^= 0x10;
                assertFalse(Ipv4Packet.parse(wrong).isUdpChecksumValid(), "byte " + i);
            }
        }
        bytes[8]--;
        assertFalse(Ipv4Packet.parse(bytes).isHeaderChecksumValid());
    }

    @Test
    void shouldFragmentAndReassemble() {
        final Ipv4Packet packet = Ipv4Packet.udp("10.1.0.10", 9, "224.0.0.251", 5353, new byte[4000])
                .identification(77)
                .options((byte) 0x94, (byte) 4, (byte) 0, (byte) 0)
                .build();
        final List<Ipv4Packet> fragments = packet.fragments(1500);
        assertEquals(3, fragments.size());
        assertEquals(1496, fragments.get(0).totalLength());
        assertEquals(1472, fragments.get(1).fragmentOffset());
        assertFalse(fragments.get(2).hasMoreFragments());
        assertTrue(fragments.stream().allMatch(Ipv4Packet::isHeaderChecksumValid));
        Collections.reverse(fragments);
        assertEquals(packet, Ipv4Packet.reassemble(fragments));
        assertThrows(IllegalArgumentException.class, () -> Ipv4Packet.reassemble(fragments.subList(0, 2)));
        assertThrows(IllegalArgumentException.class, () -> Ipv4Packet.reassemble(fragments.subList(1, 3)));
    }

    @Test
    void shouldLeavePaddingOutAndRefuseWhatIsNoPacket() {
        final Ipv4Packet packet =
                Ipv4Packet.icmpEcho("10.1.0.10", "224.0.0.1", 1, 2, PAYLOAD).build();
        final byte[] padded = Arrays.copyOf(packet.bytes(), 60);
        assertArrayEquals(packet.bytes(), Ipv4Packet.parse(padded).bytes());
        assertThrows(IllegalArgumentException.class, () -> Ipv4Packet.parse(new byte[60]));
        assertThrows(IllegalArgumentException.class, () -> Ipv4Packet.parse(Arrays.copyOf(padded, 30)));
    }
}
