// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.linux.LinuxException;
import org.markcast.linux.NetfilterLog;

/** Packets that a rule hands over; the kernel has done so when sending returns. */
@NetworkNamespaceTest
class NetfilterLogTest {

    private static final int GROUP = 4711;
    private static final int ESP = 50;

    private RulesNetwork network;

    @BeforeEach
    void open() {
        network = new RulesNetwork();
        network.nft("table ip handover { chain out { type filter hook postrouting priority 0;"
                + " ip protocol esp log group 4711 drop; ip protocol ah log group 4712 drop; }; }");
    }

    @AfterEach
    void close() {
        network.close();
    }

    private NetfilterLog listen() {
        return network.call(() -> new NetfilterLog(GROUP));
    }

    private void send(int protocol, int host) {
        network.send(
                0,
                Ipv4Packet.of(protocol, RulesNetwork.LOCAL, "198.51.100." + host, new byte[900])
                        .build());
    }

    private static List<String> drain(NetfilterLog log) {
        final List<String> packets = new ArrayList<>();
        log.drain((buffer, offset, length) -> {
            assertTrue(length >= 20 && length < 100, () -> length + " bytes");
            packets.add((buffer.getByte(offset + 9) & 0xff) + " to "
                    + (buffer.getInt(offset + 16, ByteOrder.BIG_ENDIAN) & 0xff));
        });
        return packets;
    }

    @Test
    void shouldTakeThePacketsOfItsGroupAtOnceAndInOrder() {
        try (NetfilterLog log = listen()) {
            assertEquals(List.of(), drain(log));
            send(ESP, 1);
            send(51, 2);
            send(ESP, 3);
            assertEquals(List.of("50 to 1", "50 to 3"), drain(log));
            assertEquals(List.of(), drain(log));
        }
    }

    @Test
    void shouldSurviveMoreThanItCanHold() {
        try (NetfilterLog log = listen()) {
            for (int i = 0; i < 2_000; i++) {
                send(ESP, 1);
            }
            assertTrue(drain(log).size() > 10);
            send(ESP, 7);
            assertEquals(List.of("50 to 7"), drain(log));
        }
    }

    @Test
    void shouldSayThatAnotherHasTheGroup() {
        try (NetfilterLog first = listen()) {
            final LinuxException refusal = assertThrows(LinuxException.class, this::listen);
            assertTrue(
                    refusal.getMessage()
                            .startsWith("listening to nftables' log group 4711, to which another program may listen: "),
                    refusal.getMessage());
            send(ESP, 1);
            assertEquals(List.of("50 to 1"), drain(first));
        }
        listen().close();
    }
}
