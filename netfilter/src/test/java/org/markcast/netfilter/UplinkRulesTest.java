// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.markcast.config.Prefix;
import org.markcast.config.Uplink;
import org.markcast.config.Uplinks;

class UplinkRulesTest {

    private static final int MASK = 0xff00_0000;
    private static final int ADDRESS = 0xc0000202;

    @Test
    void shouldRenderTwoUplinks() throws IOException {
        final Uplinks uplinks =
                uplinks(MASK, List.of(), uplink("dsl", null, null, true), uplink("cable", null, null, false));
        assertEquals(
                MarkRulesTest.golden("uplinks.nft"),
                installation(
                        uplinks, Map.of("dsl", List.of(ADDRESS, ADDRESS + 9), "cable", List.of(ADDRESS + 1, ADDRESS))));
    }

    @Test
    void shouldRenderNetworksAndAnAddressThatIsNotKnown() throws IOException {
        final Uplinks uplinks = uplinks(
                0xf0,
                List.of(Prefix.parse("10.0.0.0/8"), Prefix.parse("192.168.7.0/24")),
                uplink("dsl", 0x20, 201, true),
                uplink("cable", null, null, true));
        assertEquals(
                MarkRulesTest.golden("uplinks-networks.nft"),
                installation(uplinks, Map.of("cable", List.of(ADDRESS), "dsl", List.of())));
    }

    @Test
    void shouldRenderUplinksWithoutAddresses() {
        final String text = installation(uplinks(MASK, List.of(), uplink("dsl", null, null, true)), Map.of());
        assertFalse(text.contains("snat"), text);
        assertFalse(text.contains("saddr"), text);
        assertTrue(text.contains("masquerade"), text);
    }

    @Test
    void shouldPinNothingToWhatIsClosed() {
        final Uplinks uplinks =
                uplinks(MASK, List.of(), uplink("dsl", null, null, true), uplink("cable", null, null, true));
        final List<NumberedUplink> numbered = NumberedUplink.of(uplinks, List.of());
        final Map<String, List<Integer>> sources = Map.of("dsl", List.of(ADDRESS), "cable", List.of(ADDRESS + 1));
        final String one = UplinkRules.table(uplinks, numbered, sources, Set.of("dsl"), Set.of("dsl"), 0)
                .text();
        assertTrue(one.contains("iifname vmap { \"cable0\" : goto pin_0x2000000 }\n"), one);
        assertTrue(one.contains("oifname vmap { \"cable0\" : goto pin_0x2000000, \"dsl0\" : drop }\n"), one);
        assertTrue(one.contains("ip saddr vmap { 192.0.2.3 : goto claim_0x2000000 }"), one);
        assertTrue(one.contains("0x1000000 : goto restore_0x1000000"), one);
        final String none = UplinkRules.table(uplinks, numbered, sources, Set.of("dsl", "cable"), Set.of(), 0)
                .text();
        assertFalse(none.contains("ifname vmap"), none);
        assertFalse(none.contains("saddr vmap"), none);
    }

    @Test
    void shouldLeaveAloneWhatSasWithTheSameBitsMayHave() {
        final Uplinks uplinks = uplinks(MASK, List.of(), uplink("dsl", null, null, false));
        final List<NumberedUplink> numbered = NumberedUplink.of(uplinks, List.of());
        final String some = UplinkRules.table(uplinks, numbered, Map.of(), Set.of(), Set.of(), 0x0fff_ffff)
                .text();
        assertTrue(some.contains("chain inbound {\n\t\tct mark != 0 return\n"), some);
        assertTrue(some.contains("chain outbound {\n\t\tct mark != 0 return\n"), some);
        assertTrue(some.contains("ct mark & 0xff000000 vmap"), some);
        assertFalse(some.contains("meta ipsec exists jump restore"), some);
        final String few = UplinkRules.table(uplinks, numbered, Map.of(), Set.of(), Set.of(), 0x0f00_00ff)
                .text();
        assertTrue(few.contains("\t\tct mark & 0xff0000ff != 0 return\n"), few);
    }

    @Test
    void shouldGiveOutWhatIsFree() {
        final Uplinks uplinks = uplinks(
                0x90,
                List.of(),
                uplink("a", null, null, false),
                uplink("b", 0x10, 20_001, false),
                uplink("c", null, null, false));
        assertEquals(List.of("a 80 20002", "b 10 20001", "c 90 20003"), numbers(NumberedUplink.of(uplinks, List.of())));
    }

    @Test
    void shouldKeepNumbersWhenOthersComeAndGo() {
        final Uplinks after = uplinks(
                MASK,
                List.of(),
                uplink("c", null, null, false),
                uplink("d", null, null, false),
                uplink("b", 0x0500_0000, null, false),
                uplink("e", null, 20_003, false));
        assertEquals(
                List.of("c 3000000 20001", "d 1000000 20004", "b 5000000 20002", "e 2000000 20003"),
                numbers(NumberedUplink.of(after, threeUplinks())));
    }

    @Test
    void shouldHaveNumbersFollowTheInterface() {
        final Uplinks after = uplinks(
                MASK,
                List.of(),
                on("b0", "other"), // renamed
                on("a0", "b"), // the name has moved here
                on("d0", "c"), // on another interface
                on("e0", "a")); // the name was that of another one
        assertEquals(
                List.of("other 2000000 20002", "b 1000000 20001", "c 3000000 20003", "a 4000000 20004"),
                numbers(NumberedUplink.of(after, threeUplinks())));
    }

    private static List<NumberedUplink> threeUplinks() {
        final Uplinks three = uplinks(
                MASK,
                List.of(),
                uplink("a", null, null, false),
                uplink("b", null, null, false),
                uplink("c", null, null, false));
        return NumberedUplink.of(three, List.of());
    }

    private static Uplink on(String interfaceName, String name) {
        return new Uplink(name, interfaceName, Optional.empty(), Optional.empty(), Optional.empty(), false);
    }

    private static String installation(Uplinks uplinks, Map<String, List<Integer>> sources) {
        return TableText.installation(List.of(
                UplinkRules.table(uplinks, NumberedUplink.of(uplinks, List.of()), sources, Set.of(), Set.of(), 0)));
    }

    private static List<String> numbers(List<NumberedUplink> uplinks) {
        return uplinks.stream()
                .map(uplink -> uplink.uplink().name() + " " + Integer.toHexString(uplink.mark()) + " " + uplink.table())
                .toList();
    }

    private static Uplinks uplinks(int mask, List<Prefix> networks, Uplink... all) {
        return new Uplinks(mask, List.of("eth1", "br-lan"), networks, Duration.ofSeconds(60), List.of(all));
    }

    private static Uplink uplink(String name, Integer mark, Integer table, boolean masquerade) {
        return new Uplink(
                name, name + "0", Optional.ofNullable(mark), Optional.ofNullable(table), Optional.empty(), masquerade);
    }
}
