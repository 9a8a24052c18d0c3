// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.markcast.engine.port.LanInterface;

class LocalLansTest {

    @Test
    void shouldFindAnInterfaceThatIsThere() throws SocketException {
        final LanInterface loopback = LocalLans.find("lo").orElseThrow();
        assertEquals("lo", loopback.name());
        assertEquals(NetworkInterface.getByName("lo").getIndex(), loopback.index());
        assertEquals(0, loopback.mac());
    }

    @Test
    void shouldFindNoOther() {
        assertEquals(Optional.empty(), LocalLans.find("no-such-lan"));
    }
}
