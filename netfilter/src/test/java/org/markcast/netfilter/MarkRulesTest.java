// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.markcast.config.Config;
import org.markcast.config.Connmark;
import org.markcast.engine.sa.Sa;

/** The rules as text; what they do to packets, the lab shows. */
class MarkRulesTest {

    private static final Connmark CONNMARK_OFF = Config.defaults().connmark();

    private static final int LAN_BROADCAST = 0x0a01ffff;
    private static final List<Integer> BROADCASTS = List.of(LAN_BROADCAST);

    private static final Sa CAROL = TestSa.of("carol", "7", "10.1.0.129", "224.0.0.0/4", "10.1.255.255")
            .markIn("1")
            .esp("192.168.0.1", "192.168.0.100", 0xc15e5a4d)
            .build();

    private static final Sa DAVE = TestSa.of("dave", "8", "10.1.0.130", "10.2.0.0/16", "10.2.9.0/24[udp/53]")
            .markIn("2")
            .natt("192.168.0.1", "203.0.113.7", 34567, 0xc0000002)
            .natt("192.168.0.1", "203.0.113.7", 34567, 0xc0000003)
            .build();

    @Test
    void shouldRenderTwoSas() throws IOException {
        assertEquals(golden("two-sas.nft"), MarkRules.text(List.of(CAROL, DAVE), BROADCASTS, true, CONNMARK_OFF));
    }

    @Test
    void shouldRenderAFixedNumberOfRulesWithoutSas() throws IOException {
        assertEquals(golden("no-sas.nft"), MarkRules.text(List.of(), List.of(), false, CONNMARK_OFF));
    }

    @Test
    void shouldRenderMasksAndIpv6Endpoints() throws IOException {
        final Sa erin = TestSa.of("erin", "0x200/0xff00", "10.1.0.131", "172.16.0.1[gre]", "172.16.0.1[udp/1701]")
                .esp("2001:db8::1", "2001:db8::2", 0xc0000004)
                .build();
        assertEquals(golden("masked.nft"), MarkRules.text(List.of(CAROL, erin), BROADCASTS, true, CONNMARK_OFF));
    }

    @Test
    void shouldRenderTheDifference() throws IOException {
        final Sa moved = TestSa.of("carol", "7", "10.1.0.129")
                .markIn("1")
                .esp("192.168.0.1", "192.168.0.101", 0xc15e5a4d)
                .build();
        assertEquals(golden("difference.nft"), difference(List.of(CAROL, DAVE), List.of(moved)));
        assertEquals("", difference(List.of(CAROL, DAVE), List.of(DAVE, CAROL)));
    }

    @Test
    void shouldGiveTheLaterSaWhatTwoClaim() {
        final Sa old = TestSa.of("old", "20", "10.1.0.129", "10.3.0.0/16").build();
        final Sa young = TestSa.of("young", "21", "10.1.0.129", "10.3.0.0/16").build();
        final Map<String, Map<String, String>> sets =
                sets(MarkRules.text(List.of(old, young), BROADCASTS, true, CONNMARK_OFF));
        assertEquals(Map.of("10.1.0.129", "0x15"), sets.get("ip client_marks"));
        assertEquals(Map.of("10.3.0.0/16", "0x15"), sets.get("ip subnet_marks"));
    }

    @Test
    void shouldKeepEverySpiOfAnSaUntilItIsGone() {
        final Map<String, String> natt = sets(MarkRules.text(List.of(DAVE), BROADCASTS, true, CONNMARK_OFF))
                .get("ip natt_marks");
        assertEquals(2, natt.size());
        assertTrue(natt.values().stream().allMatch("0x2"::equals), natt.toString());
    }

    /** The oracle: the sets in the full text, as a reader of the text understands them. */
    @Test
    void shouldLeadFromAnyContentToAnyOther() {
        final Random random = new Random(20_26);
        int changes = 0;
        for (int i = 0; i < 2_000; i++) {
            final boolean isMasked = i % 2 == 0;
            final MarkTables tables =
                    MarkRules.tables(TestSa.random(random, isMasked, 12), BROADCASTS, true, CONNMARK_OFF);
            final Map<String, Map<String, String>> model =
                    sets(MarkRules.installation(tables, EnumSet.of(Table.MARKS_IP6)));
            final MarkTables.Shape shape = tables.shape();
            changeTo(tables, TestSa.random(random, isMasked, 12));
            if (!tables.shape().equals(shape)) {
                continue;
            }
            changes++;
            applyTo(model, MarkRules.change(tables.changes(), shape));
            assertEquals(sets(MarkRules.installation(tables, EnumSet.of(Table.MARKS_IP6))), model);
        }
        assertTrue(changes > 500, changes + " pairs of one shape");
    }

    private static String difference(List<Sa> from, List<Sa> to) {
        final MarkTables tables = MarkRules.tables(from, BROADCASTS, true, CONNMARK_OFF);
        changeTo(tables, to);
        return MarkRules.change(tables.changes(), tables.shape());
    }

    /** What is gone is forgotten at once. */
    private static void changeTo(MarkTables tables, List<Sa> sas) {
        tables.settle();
        tables.follow(sas, BROADCASTS, 0);
        tables.forget(0);
    }

    /** Sets and chains by family and name, with what they hold. */
    private static Map<String, Map<String, String>> sets(String text) {
        final Map<String, Map<String, String>> sets = new TreeMap<>();
        final Matcher tables =
                Pattern.compile("(?s)table (ip6?) markcast \\{(.*?)\\n}").matcher(text);
        while (tables.find()) {
            final Matcher parts = Pattern.compile("(?s)\\t(map|set|chain) (\\S+) \\{(.*?)\\n\\t}")
                    .matcher(tables.group(2));
            while (parts.find()) {
                final String name = tables.group(1) + " " + parts.group(2);
                if (parts.group(1).equals("chain")) {
                    sets.put(name, Map.of("rules", parts.group(3).strip()));
                } else {
                    final Matcher elements =
                            Pattern.compile("(?s)elements = \\{(.*?)}").matcher(parts.group(3));
                    sets.put(name, elements.find() ? elements(elements.group(1)) : new TreeMap<>());
                }
            }
        }
        return sets;
    }

    private static Map<String, String> elements(String text) {
        final Map<String, String> elements = new TreeMap<>();
        for (final String element : text.split(",")) {
            final String[] parts = element.split(" : ", 2);
            elements.put(parts[0].strip(), parts.length == 1 ? "" : parts[1].strip());
        }
        return elements;
    }

    /** Fails where the kernel would: what is added must not be there, what is deleted must be. */
    private static void applyTo(Map<String, Map<String, String>> sets, String script) {
        final Matcher commands = Pattern.compile(
                        "(?s)(add|delete) (element|chain) (ip6?) markcast (\\S+)(?: \\{(.*?)})?\\n")
                .matcher(script);
        int end = 0;
        while (commands.find()) {
            assertEquals(end, commands.start(), script);
            end = commands.end();
            final boolean isAdded = commands.group(1).equals("add");
            final String name = commands.group(3) + " " + commands.group(4);
            if (commands.group(2).equals("chain")) {
                final String rules =
                        isAdded ? commands.group(5).replace(";", "").strip() : "";
                assertEquals(isAdded, sets.remove(name) == null, script);
                if (isAdded) {
                    sets.put(name, Map.of("rules", rules));
                }
            } else {
                elements(commands.group(5)).forEach((key, value) -> {
                    assertEquals(isAdded, sets.get(name).remove(key) == null, name + " " + key);
                    if (isAdded) {
                        sets.get(name).put(key, value);
                    }
                });
            }
        }
        assertEquals(script.length(), end, script);
    }

    static String golden(String name) throws IOException {
        try (InputStream in = MarkRulesTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
