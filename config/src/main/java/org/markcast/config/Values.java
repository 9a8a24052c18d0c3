// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.markcast.config.Config.Source;
import org.markcast.config.StaticSa.Mode;

/** Single values from their text. Each method throws IllegalArgumentException with what is expected instead. */
final class Values {

    private static final Set<String> TRUE = Set.of("yes", "true", "1", "enabled");
    private static final Set<String> FALSE = Set.of("no", "false", "0", "disabled");

    private static final int MAX_INTERFACE_NAME_BYTES = 15; // IFNAMSIZ without the final zero
    private static final int MAX_SOCKET_PATH_BYTES = 107; // sun_path of unix(7) without the final zero
    private static final Pattern NOT_IN_INTERFACE_NAME = Pattern.compile("[/:\\s\\p{Cntrl}]");

    private static final Pattern NOT_IN_RULES = Pattern.compile("[\"*\\\\]");
    private static final Set<Integer> RESERVED_TABLES = Set.of(253, 254, 255); // linux/rtnetlink.h

    private static final String UNIX = "unix://";
    private static final long MAX_SECONDS = 365L * 24 * 3600;

    private Values() {}

    static boolean flag(String text) {
        final String word = text.toLowerCase(Locale.ROOT);
        if (!TRUE.contains(word) && !FALSE.contains(word)) {
            throw new IllegalArgumentException("'" + text + "' is not yes or no");
        }
        return TRUE.contains(word);
    }

    /** The plugin's {@code load}: yes, no, or a priority. */
    static String load(String text) {
        if (!text.matches("-?[0-9]{1,9}")) {
            flag(text);
        }
        return text;
    }

    static int forwarders(String text) {
        if (text.equals("auto")) {
            return Math.min(Runtime.getRuntime().availableProcessors(), Config.MAX_FORWARDERS);
        }
        try {
            return (int) Numbers.parse(text, "number", 1, Config.MAX_FORWARDERS);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not auto or a number from 1 to " + Config.MAX_FORWARDERS, e);
        }
    }

    /** Seconds, or a number with one of the units s, m, h, d. */
    static Duration duration(String text) {
        final int unit = text.isEmpty() ? -1 : "smhd".indexOf(text.charAt(text.length() - 1));
        final long seconds = new long[] {1, 60, 3600, 86_400}[Math.max(unit, 0)];
        final String number = unit < 0 ? text : text.substring(0, text.length() - 1);
        try {
            return Duration.ofSeconds(seconds * Numbers.parse(number, "number", 0, MAX_SECONDS / seconds));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + "' is not a time such as 30s, 5m or 1h, at most 365d", e);
        }
    }

    static Duration durationOfSecondsOrMore(String text) {
        final Duration duration = duration(text);
        if (duration.isZero()) {
            throw new IllegalArgumentException("'" + text + "' is no time: at least 1s");
        }
        return duration;
    }

    static String interfaceName(String text) {
        final int lengthBytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (lengthBytes == 0 || lengthBytes > MAX_INTERFACE_NAME_BYTES) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not the name of an interface: it has more than 15 bytes");
        }
        if (NOT_IN_INTERFACE_NAME.matcher(text).find() || text.equals(".") || text.equals("..")) {
            throw new IllegalArgumentException("'" + text + "' is not the name of an interface");
        }
        return text;
    }

    /** One that rules may name: nft takes quotes and wildcards for something else. */
    static String interfaceInRules(String text) {
        if (NOT_IN_RULES.matcher(text).find()) {
            throw new IllegalArgumentException("'" + text + "' has a character that no rule can name");
        }
        return interfaceName(text);
    }

    /** An address that a host may have, in host order. */
    static int unicast(String text) {
        final int address = ipv4(text);
        if (!Ipv4Range.isUnicast(address)) {
            throw new IllegalArgumentException(text + " is no address that a host may have");
        }
        return address;
    }

    /** In host order. */
    static int ipv4(String text) {
        return toInt(AddressLiteral.parse(text));
    }

    static Prefix ipv4Prefix(String text) {
        final Prefix prefix = Prefix.parse(text);
        toInt(prefix.address());
        return prefix;
    }

    /** In host order. */
    static int toInt(InetAddress address) {
        if (address instanceof Inet4Address ipv4) {
            return ByteBuffer.wrap(ipv4.getAddress()).getInt();
        }
        throw new IllegalArgumentException(
                AddressLiteral.format(address) + " is no IPv4 address: masquerade is for IPv4, IPv6 needs no NAT");
    }

    /** Dotted decimal. */
    static String text(int address) {
        return AddressLiteral.format(AddressLiteral.of(
                ByteBuffer.allocate(Integer.BYTES).putInt(address).array()));
    }

    static Inet4Address group(String text) {
        final InetAddress address = AddressLiteral.parse(text);
        if (address instanceof Inet4Address group && group.isMulticastAddress()) {
            return group;
        }
        throw new IllegalArgumentException(text + " is not an IPv4 multicast group (224.0.0.0 to 239.255.255.255)");
    }

    static Path socket(String text) {
        if (!text.startsWith(UNIX + "/")) {
            throw new IllegalArgumentException("'" + text + "' is not unix:// with an absolute path");
        }
        final String path = text.substring(UNIX.length());
        if (path.getBytes(StandardCharsets.UTF_8).length > MAX_SOCKET_PATH_BYTES) {
            throw new IllegalArgumentException("the path has more than " + MAX_SOCKET_PATH_BYTES + " bytes: " + path);
        }
        return Path.of(path);
    }

    static int spi(String text) {
        return (int) Numbers.parse(text, "SPI", 1, 0xffff_ffffL);
    }

    static int port(String text) {
        return (int) Numbers.parse(text, "port", 1, Connmark.MAX_PORT);
    }

    static NumberRange ports(String text) {
        return NumberRange.parse(text, "port", 1, Connmark.MAX_PORT);
    }

    /** Bytes, or 0 for {@code no}. */
    static int tcpMss(String text) {
        return text.equals("no")
                ? 0
                : (int) Numbers.parse(text, "TCP segment size", Connmark.MIN_TCP_MSS, Connmark.MAX_TCP_MSS);
    }

    static NumberRange zones(String text) {
        return NumberRange.parse(text, "conntrack zone", 1, Connmark.MAX_ZONE);
    }

    static Mark mark(String text) {
        final Mark mark = Mark.parse(text);
        if (mark.value() == 0) {
            throw new IllegalArgumentException("mark 0 tells nothing apart: every packet without a mark has it");
        }
        return mark;
    }

    static int mask(String text) {
        return (int) Numbers.parse(text, "mask", 1, 0xffff_ffffL);
    }

    static Prefix network(String text) {
        final Prefix network = Prefix.parse(text);
        if (!(network.address() instanceof Inet4Address)) {
            throw new IllegalArgumentException(text + " is not an IPv4 network");
        }
        return network;
    }

    static Inet4Address host(String text) {
        final InetAddress address = AddressLiteral.parse(text);
        if (address instanceof Inet4Address host && !host.isMulticastAddress() && !host.isAnyLocalAddress()) {
            return host;
        }
        throw new IllegalArgumentException(text + " is not the IPv4 address of a host");
    }

    static int routingTable(String text) {
        final int table = (int) Numbers.parse(text, "routing table", 1, 0xffff_ffffL);
        if (RESERVED_TABLES.contains(table)) {
            throw new IllegalArgumentException(
                    text + " is the system's default, main or local table: write another number");
        }
        return table;
    }

    static String childName(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("an empty name");
        }
        return text;
    }

    static Source source(String text) {
        return oneOf(Source.values(), text);
    }

    static Mode mode(String text) {
        return oneOf(Mode.values(), text);
    }

    static <E extends Enum<E>> E oneOf(E[] values, String text) {
        for (final E value : values) {
            if (nameOf(value).equals(text)) {
                return value;
            }
        }
        throw new IllegalArgumentException("'" + text + "' is not one of "
                + String.join(", ", Arrays.stream(values).map(Values::nameOf).toList()));
    }

    /** The constant as it is written. */
    static String nameOf(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
