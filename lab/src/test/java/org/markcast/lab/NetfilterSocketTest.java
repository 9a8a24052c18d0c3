// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.markcast.linux.LinuxErrno;
import org.markcast.linux.LinuxException;
import org.markcast.linux.NetfilterFamily;
import org.markcast.linux.NetfilterSocket;

@NetworkNamespaceTest
class NetfilterSocketTest {

    private static final String TABLE = "probe";

    /** More than one datagram holds. */
    @Test
    void shouldVisitWhatEachElementHasCounted() {
        try (RulesNetwork network = new RulesNetwork();
                NetfilterSocket socket = network.call(NetfilterSocket::new)) {
            final StringBuilder elements = new StringBuilder();
            for (int i = 0; i < 2_000; i++) {
                elements.append("10.0." + i / 250 + "." + i % 250 + " . 192.0.2.1 counter packets " + i + " bytes "
                        + 100L * i + ", ");
            }
            network.nft("table ip probe { set some { typeof ip saddr . ip daddr; counter; elements = { " + elements
                    + " }; }; set none { type ipv4_addr; counter; }; }");
            final Set<Long> seen = new HashSet<>();
            socket.visitCounters(NetfilterFamily.IP, TABLE, "some", (key, packets, bytes) -> {
                assertEquals(8, key.length);
                assertEquals(packets, 250L * key[2] + (key[3] & 0xff));
                assertEquals(100 * packets, bytes);
                assertTrue(seen.add(packets));
            });
            assertEquals(2_000, seen.size());
            for (final String empty : List.of("none", "absent")) {
                socket.visitCounters(NetfilterFamily.IP, TABLE, empty, (key, packets, bytes) -> fail(empty));
            }
            assertEquals(OptionalLong.empty(), socket.counterPackets(NetfilterFamily.IP, TABLE, "other"));
        }
    }

    /** Each of so many answers tells what failed and quotes it: far more than a socket holds by default (212,992 bytes). */
    @Test
    void shouldStayInStepWhenTheKernelHasMoreAnswersThanTheSocketHolds() {
        try (RulesNetwork network = new RulesNetwork();
                NetfilterSocket socket = network.call(NetfilterSocket::new)) {
            network.nft("add set ip probe some { type ipv4_addr; }; add counter ip probe none");
            socket.begin();
            for (int i = 0; i < NetfilterSocket.MAX_CHANGES; i++) {
                final byte[] absent =
                        ByteBuffer.allocate(Integer.BYTES).putInt(i).array();
                socket.delete(NetfilterFamily.IP, TABLE, "some", absent, false);
            }
            final LinuxException refusal = assertThrows(LinuxException.class, socket::commit);

            assertEquals(LinuxErrno.ENOBUFS, refusal.errno());
            assertTrue(socket.hasTable(NetfilterFamily.IP, TABLE));
            assertFalse(socket.hasTable(NetfilterFamily.IP6, TABLE));
            assertEquals(OptionalLong.of(0), socket.counterPackets(NetfilterFamily.IP, TABLE, "none"));
            assertEquals(OptionalLong.empty(), socket.counterPackets(NetfilterFamily.IP, TABLE, "other"));
        }
    }
}
