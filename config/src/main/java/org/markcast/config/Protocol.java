// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Names of IP protocols that occur in traffic selectors (IANA, Assigned Internet Protocol Numbers). */
final class Protocol {

    static final int ANY = 0;
    static final int ICMP = 1;
    static final int ICMPV6 = 58;

    private static final Map<String, Integer> NUMBERS = new LinkedHashMap<>();

    static {
        NUMBERS.put("any", ANY);
        NUMBERS.put("icmp", ICMP);
        NUMBERS.put("igmp", 2);
        NUMBERS.put("ipencap", 4);
        NUMBERS.put("tcp", 6);
        NUMBERS.put("udp", 17);
        NUMBERS.put("dccp", 33);
        NUMBERS.put("ipv6", 41);
        NUMBERS.put("gre", 47);
        NUMBERS.put("esp", 50);
        NUMBERS.put("ah", 51);
        NUMBERS.put("ipv6-icmp", ICMPV6);
        NUMBERS.put("ospf", 89);
        NUMBERS.put("pim", 103);
        NUMBERS.put("vrrp", 112);
        NUMBERS.put("l2tp", 115);
        NUMBERS.put("sctp", 132);
        NUMBERS.put("udplite", 136);
        NUMBERS.put("ipip", 4); // further names come last: the first of a number is the one we print
        NUMBERS.put("icmpv6", ICMPV6);
        NUMBERS.put("%any", ANY);
    }

    private Protocol() {}

    static int parse(String text) {
        final Integer number = NUMBERS.get(text.toLowerCase(Locale.ROOT));
        return number != null ? number : (int) Numbers.parse(text, "protocol's name or number", 0, 255);
    }

    static String format(int number) {
        return NUMBERS.entrySet().stream()
                .filter(entry -> entry.getValue() == number)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseGet(() -> Integer.toString(number));
    }
}
