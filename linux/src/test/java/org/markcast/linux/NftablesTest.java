// SPDX-License-Identifier: Apache-2.0
package org.markcast.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class NftablesTest {

    @Test
    void shouldFindWhatTheLibraryComplainsAbout() {
        assertEquals("syntax error, unexpected string", Nftables.firstError("""
                        <cmdline>:1:1-8: Error: syntax error, unexpected string
                        nonsense
                        ^^^^^^^^
                        """));
    }

    @Test
    void shouldPassOnWhatItCannotRead() {
        assertEquals("netlink: cannot talk", Nftables.firstError("netlink: cannot\n talk\n"));
        assertEquals("refused for no reason given", Nftables.firstError(""));
    }
}
