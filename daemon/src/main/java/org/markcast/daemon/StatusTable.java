// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

/** The status as a person reads it. What is zero and would only be noise is left out. */
final class StatusTable {

    private final StringBuilder text = new StringBuilder();

    private StatusTable() {}

    static String of(Status status) {
        final StatusTable table = new StatusTable();
        table.head(status);
        table.interfaces(status);
        table.packets(status);
        table.sas(status);
        table.unhandled(status);
        return table.text.toString();
    }

    private void head(Status status) {
        line("markcast " + status.version() + " is " + status.state() + ", process " + status.pid() + ", for "
                + duration(status.uptimeSeconds()) + ", " + count(status.forwarders(), "forwarder") + ", "
                + count(status.reloads(), "reload"));
        line("configuration  " + status.config());
        line("groups         " + (status.groups().isEmpty() ? "none joined" : String.join(", ", status.groups()))
                + (status.strictGroups() ? " (no others are forwarded)" : ""));
        line("rules          " + status.rules().state()
                + (status.rules().leaks() > 0
                        ? ", " + status.rules().leaks() + " packets kept from leaving in clear"
                        : ""));
        if (!status.decapsulated().marks()) {
            line("tunnels        told by source address: this kernel does not tell marks (needs Linux 5.19)");
        }
    }

    private void interfaces(Status status) {
        if (status.interfaces().isEmpty()) {
            return;
        }
        final TextTable table = new TextTable("LAN", "STATE", "INDEX", "MTU", "MAC", "BROADCAST", "KERNEL DROPS");
        for (final Status.Interface lan : status.interfaces()) {
            final String broadcasts = lan.broadcasts() == null ? null : String.join(", ", lan.broadcasts());
            table.row(lan.name(), lan.state(), lan.index(), lan.mtu(), lan.mac(), broadcasts, lan.kernelDrops());
        }
        line("");
        text.append(table.text(0));
        if (status.decapsulated().kernelDrops() > 0) {
            line("kernel drops of decapsulated packets: "
                    + status.decapsulated().kernelDrops());
        }
    }

    private void packets(Status status) {
        line("");
        line("packets  captured " + status.packets().captured() + ", forwarded "
                + status.packets().forwarded() + ", dropped "
                + reasons(status.packets().dropped()));
        line("copies   queued " + status.copies().queued() + ", sent "
                + status.copies().sent() + ", failed " + reasons(status.copies().failed()));
        line("         "
                + status.events().entrySet().stream()
                        .map(event -> event.getKey().replace('_', ' ') + " " + event.getValue())
                        .collect(Collectors.joining(", ")));
    }

    private static String reasons(Map<String, Long> counts) {
        final long sum = counts.values().stream().mapToLong(Long::longValue).sum();
        final String nonzero = counts.entrySet().stream()
                .filter(count -> count.getValue() > 0)
                .map(count -> count.getKey().replace('_', ' ') + " " + count.getValue())
                .collect(Collectors.joining(", "));
        return nonzero.isEmpty() ? "0" : sum + " (" + nonzero + ")";
    }

    private void sas(Status status) {
        line("");
        if (status.sas().isEmpty()) {
            line("no SAs");
            return;
        }
        final TextTable table = new TextTable(
                "SA", "CHILD", "MARK IN", "MARK OUT", "LOCAL", "REMOTE", "REINJECT", "PACKETS IN", "COPIES");
        for (final Status.Tunnel sa : status.sas()) {
            table.row(
                    sa.name(),
                    sa.child(),
                    sa.markIn(),
                    sa.markOut(),
                    String.join(" ", sa.localTs()),
                    String.join(" ", sa.remoteTs()),
                    sa.reinject() ? "yes" : "no",
                    sa.packetsIn(),
                    sa.copies());
        }
        text.append(table.text(0));
    }

    private void unhandled(Status status) {
        if (status.unhandled().isEmpty()) {
            return;
        }
        final TextTable table = new TextTable("NOT HANDLED", "BECAUSE");
        status.unhandled().forEach(sa -> table.row(sa.name(), sa.reason()));
        line("");
        text.append(table.text(0));
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private static String count(int count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }

    private static String duration(long seconds) {
        final Duration duration = Duration.ofSeconds(seconds);
        if (duration.toDays() > 0) {
            return duration.toDays() + " d " + duration.toHoursPart() + " h";
        }
        if (duration.toHours() > 0) {
            return duration.toHours() + " h " + duration.toMinutesPart() + " min";
        }
        return duration.toMinutes() > 0
                ? duration.toMinutes() + " min " + duration.toSecondsPart() + " s"
                : seconds + " s";
    }
}
