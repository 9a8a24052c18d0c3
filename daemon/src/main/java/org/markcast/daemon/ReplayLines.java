// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.markcast.config.Config;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.port.LanInterface;

/** Writes {@link Verdict}s for people: one line each, in columns that need not wait for the last packet to be aligned. */
final class ReplayLines {

    private static final String COLUMNS = "%6s  %-15s  %-34s  %-17s  %6s  %s";
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS", Locale.ROOT);

    private static final Map<Integer, String> PROTOCOLS = Map.of(
            1, "icmp", 2, "igmp", 6, "tcp", 17, "udp", 47, "gre", 50, "esp", 89, "ospf", 103, "pim", 112, "vrrp", 132,
            "sctp");

    private final ZoneId zone;

    /** @param zone of the times, as tcpdump prints them: local */
    ReplayLines(ZoneId zone) {
        this.zone = zone;
    }

    /** What the verdicts rest on, and the titles of the columns. */
    static String header(Config config, ReplayLans lans, int saCount) {
        final StringBuilder text = new StringBuilder();
        text.append("# LAN: ")
                .append(lans.all().stream().map(LanInterface::name).collect(Collectors.joining(", ")));
        text.append("; broadcast: ").append(broadcasts(lans)).append('\n');
        text.append("# SAs: ").append(saCount);
        if (!config.sources().contains(Config.Source.STATIC)) {
            text.append(" (sources has no static: those of an IKE daemon are not known here)");
        }
        text.append("\n# A capture holds no marks: a packet whose source is in an SA's remote selectors counts as from")
                .append(" that SA, any other as from the LAN.\n");
        if (!config.forward()) {
            text.append("# forward = no: the service would do nothing of this\n");
        }
        return text.append(String.format(
                        Locale.ROOT, COLUMNS, "#", "time", "source -> destination", "protocol", "length", "verdict"))
                .append('\n')
                .toString();
    }

    private static String broadcasts(ReplayLans lans) {
        return "255.255.255.255"
                + lans.all().stream()
                        .flatMap(lan -> lan.broadcasts().stream())
                        .map(address -> ", " + Ipv4Address.text(address))
                        .collect(Collectors.joining())
                + (lans.hasUnknown() ? ", and where broadcast frames go (an interface is not on this machine)" : "");
    }

    String line(Verdict verdict) {
        return String.format(
                Locale.ROOT,
                COLUMNS,
                verdict.number(),
                TIME.format(verdict.time().atZone(zone)),
                verdict.source() == null ? "-" : verdict.source() + " -> " + verdict.destination(),
                protocol(verdict),
                verdict.length(),
                outcome(verdict));
    }

    private static String protocol(Verdict verdict) {
        if (verdict.protocol() == null) {
            return "-";
        }
        final String name = PROTOCOLS.getOrDefault(verdict.protocol(), "protocol " + verdict.protocol());
        if (verdict.sourcePort() == null) {
            return verdict.fragment() ? name + " fragment" : name;
        }
        return name + " " + verdict.sourcePort() + " > " + verdict.destinationPort();
    }

    private static String outcome(Verdict verdict) {
        if (verdict.isForwarded()) {
            return "forwarded " + verdict.reason();
        }
        return (verdict.isIgnored() ? "ignored: " : "dropped: ") + verdict.reason();
    }
}
