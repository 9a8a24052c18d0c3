// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Asks the kernel for what takes no privilege. */
class NetlinkDialogueTest {

    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_GETROUTE = 26;
    private static final int BODY_LENGTH = 12;
    private static final int RTA_TABLE = 15;
    private static final int NO_TABLE = 0x7fff_1234;

    /** A dump that fails ends like any other one, and says so there. */
    @Test
    void shouldTellADumpThatFailedFromAnEmptyOne() {
        try (NetlinkDialogue dialogue = new NetlinkDialogue(Netlink.NETLINK_ROUTE)) {
            final LinuxException failure = assertThrows(LinuxException.class, () -> routes(dialogue, NO_TABLE));
            assertEquals(LinuxErrno.ENOENT, failure.errno());
            assertEquals(
                    List.of(),
                    routes(dialogue, RoutingTables.MAIN).stream()
                            .filter(Boolean.FALSE::equals)
                            .toList());
        }
    }

    private static List<Boolean> routes(NetlinkDialogue dialogue, int table) {
        final RouteMessage message = new RouteMessage(dialogue.buffer());
        return dialogue.list(
                "routes",
                () -> {
                    message.begin(RTM_GETROUTE, Netlink.NLM_F_DUMP, Libc.AF_INET, BODY_LENGTH);
                    message.putInt(RTA_TABLE, table);
                    return message.end();
                },
                RTM_NEWROUTE,
                (body, end) -> message.number(RTA_TABLE, body + BODY_LENGTH, end) == table);
    }
}
