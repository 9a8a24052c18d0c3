// SPDX-License-Identifier: Apache-2.0
package org.markcast.engine.packet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.markcast.engine.packet.TestPacket.address;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Ipv4AddressTest {

    @ParameterizedTest
    @CsvSource({
        "223.255.255.255, true, false",
        "224.0.0.0, false, true",
        "239.255.255.255, false, true",
        "240.0.0.1, true, false",
        "255.255.255.255, false, false",
        "0.0.0.0, false, false",
        "126.255.255.255, true, false",
        "127.0.0.1, false, false",
        "127.255.255.255, false, false",
        "128.0.0.0, true, false"
    })
    void shouldTellHostsAndGroups(String text, boolean isHost, boolean isMulticast) {
        assertEquals(isHost, Ipv4Address.isHost(address(text)));
        assertEquals(isMulticast, Ipv4Address.isMulticast(address(text)));
        assertEquals(text, Ipv4Address.text(address(text)));
    }

    @Test
    void shouldRefuseIpv6() throws Exception {
        final InetAddress ipv6 = InetAddress.getByName("2001:db8::1");

        assertThrows(IllegalArgumentException.class, () -> Ipv4Address.of(ipv6));
    }
}
