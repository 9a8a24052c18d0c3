// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.netfilter.TestMasquerade.masquerade;
import static org.markcast.netfilter.TestMasquerade.pair;
import static org.markcast.netfilter.TestMasquerade.peers;
import static org.markcast.netfilter.TestMasquerade.pool;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The rules as text; what they do to packets, the lab shows. */
class MasqueradeRulesTest {

    private static final String SERVER = "198.51.100.1";

    @Test
    void shouldRenderPairsAndLeases() throws IOException {
        final Leases leases = new Leases(
                masquerade(
                        List.of("wan0", "ppp0"),
                        2,
                        pair("10.0.0.5", SERVER, "203.0.113.9"),
                        pair("10.0.0.6", "", "203.0.113.8")),
                0,
                0);
        leases.restore(peers("10.0.0.7", SERVER), TestMasquerade.address("203.0.113.10"), 0, 0, 0);
        leases.ask(peers("10.0.0.8", SERVER), 0, 0);
        leases.ask(peers("10.0.0.9", SERVER), 0, 0);
        assertEquals(
                golden("masquerade.nft"), MasqueradeRules.table(leases, true).text());
    }

    @Test
    void shouldRenderAPoolThatNobodyUses() throws IOException {
        assertEquals(
                golden("masquerade-pool.nft"), MasqueradeRules.table(pool(5)).text());
    }

    @Test
    void shouldAskNobodyWithoutAPool() {
        final String text = MasqueradeRules.table(pool(0, pair("10.0.0.5", SERVER, "203.0.113.9")))
                .text();
        assertFalse(text.contains("drop"), text);
        assertTrue(text.contains("log group 28003"), text); // of connections that leave by the wrong address
    }

    @Test
    void shouldDropNothingThatNobodyAnswers() {
        final String text =
                MasqueradeRules.table(new Leases(pool(2), 0, 0), false).text();
        assertFalse(text.contains("log") || text.contains("drop"), text);
        assertTrue(text.contains("set waiting"), text);
    }

    /** The kernel gets the changes since then as such. */
    @Test
    void shouldRenderTheLeasesOfThen() {
        final Leases leases = new Leases(pool(1), 0, 0);
        final TableText table = MasqueradeRules.table(leases, true);
        leases.ask(peers("10.0.0.7", SERVER), 0, 0);
        assertFalse(table.text().contains("10.0.0.7"), table::text);
        assertFalse(table.equals(MasqueradeRules.table(leases, true)));
    }

    @Test
    void shouldRenderTheDifference() throws IOException {
        final Leases leases = new Leases(pool(1), 0, 0);
        leases.ask(peers("10.0.0.7", SERVER), 0, 0);
        leases.ask(peers("10.0.0.8", SERVER), 0, 0);
        leases.takeChange();
        final long nowNs = leases.config().idle().toNanos();
        leases.count(
                peers("10.0.0.8", SERVER).client(), peers("10.0.0.8", SERVER).server(), 1, 100, nowNs, 0);
        leases.expire(nowNs, 0);
        leases.ask(peers("10.0.0.9", SERVER), nowNs, 0);
        assertEquals(golden("masquerade-difference.nft"), MasqueradeRules.change(leases.takeChange(), true));
    }

    private static String golden(String name) throws IOException {
        try (InputStream in = MasqueradeRulesTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
