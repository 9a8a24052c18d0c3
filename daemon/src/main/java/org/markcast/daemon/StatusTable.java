// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The status as a person reads it. What is zero and would only be noise is left out. */
final class StatusTable {

    private static final List<String> SA_TITLES = List.of("SA", "CHILD", "MARK IN", "MARK OUT", "LOCAL", "REMOTE");
    private static final List<String> FORWARDING_TITLES = List.of("REINJECT", "PACKETS IN", "COPIES");
    private static final List<String> ZONE_TITLES = List.of("ZONE");

    private final StringBuilder text = new StringBuilder();

    private StatusTable() {}

    /** In pieces that are made one after the other. */
    static Stream<String> of(Status status) {
        final StatusTable head = new StatusTable();
        head.head(status);
        head.interfaces(status);
        head.uplinks(status);
        head.masquerade(status.masquerade());
        head.packets(status);
        head.line("");
        final StatusTable tail = new StatusTable();
        tail.unhandled(status);
        // Not flatMap: its iterator makes all elements of an inner stream at once.
        return Stream.concat(
                Stream.concat(Stream.of(head.text.toString()), sas(status)), Stream.of(tail.text.toString()));
    }

    private void head(Status status) {
        line("markcast " + status.version() + " is " + status.state() + ", process " + status.pid() + ", for "
                + duration(status.uptimeSeconds())
                + (status.isForwarding() ? ", " + count(status.forwarders(), "forwarder") : "") + ", "
                + count(status.reloads(), "reload"));
        line("configuration  " + status.config());
        if (status.isForwarding()) {
            line("groups         " + (status.groups().isEmpty() ? "none joined" : String.join(", ", status.groups()))
                    + (status.strictGroups() ? " (no others are forwarded)" : ""));
        } else {
            line("forwarding     off");
        }
        line("rules          " + status.rules().state()
                + (status.rules().connmark().equals("off")
                        ? ""
                        : ", connmark " + status.rules().connmark())
                + (status.rules().leaks() > 0
                        ? ", " + status.rules().leaks() + " packets kept from leaving in clear"
                        : "")
                + (status.rules().orphans() > 0
                        ? ", " + status.rules().orphans() + " packets of clients without an SA dropped"
                        : "")
                + (status.rules().floods() > 0
                        ? ", " + status.rules().floods() + " packets of clients with too many connections dropped"
                        : ""));
        if (status.firewall() != null) {
            firewall(status.firewall());
        }
        if (status.isForwarding() && !status.decapsulated().marks()) {
            line("tunnels        told by source address: this kernel does not tell marks (needs Linux 5.19)");
        }
    }

    private void firewall(Status.Firewall firewall) {
        line("firewall       " + firewall.mode() + " on " + String.join(", ", firewall.interfaces()) + ", accepted "
                + reasons(firewall.accepted()));
        line("               " + (firewall.mode().equals("enforce") ? "dropped " : "would have dropped ")
                + reasons(firewall.refused()));
    }

    private void interfaces(Status status) {
        if (!status.isForwarding() || status.interfaces().isEmpty()) {
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

    private void uplinks(Status status) {
        if (status.uplinks().isEmpty()) {
            return;
        }
        final TextTable table =
                new TextTable("UPLINK", "STATE", "INTERFACE", "ADDRESS", "GATEWAY", "MARK", "TABLE", "CONNECTIONS");
        for (final Status.Uplink uplink : status.uplinks()) {
            table.row(
                    uplink.name(),
                    uplink.state(),
                    uplink.interfaceName(),
                    uplink.address(),
                    uplink.gateway(),
                    uplink.mark(),
                    uplink.table(),
                    uplink.connections());
        }
        line("");
        text.append(table.text(0));
    }

    private void masquerade(Status.Masquerade masquerade) {
        if (masquerade == null) {
            return;
        }
        line("");
        line("masquerade " + masquerade.state()
                + (masquerade.pool() == 0
                        ? ""
                        : ", " + masquerade.pool() + (masquerade.pool() == 1 ? " address" : " addresses")
                                + " in the pool"));
        masquerade.problems().forEach(problem -> line("  " + problem));
        for (final Status.MasqueradeServer server : masquerade.servers()) {
            line("  to " + server.server() + ": " + server.leased() + " leased, " + server.free() + " free, "
                    + server.waiting() + " waiting");
        }
        if (masquerade.clients().isEmpty()) {
            return;
        }
        final TextTable table = new TextTable(
                "CLIENT",
                "SERVER",
                "ADDRESS",
                "KIND",
                "SINCE",
                "LAST PACKET",
                "PACKETS OUT",
                "PACKETS IN",
                "BYTES OUT",
                "BYTES IN");
        for (final Status.MasqueradeClient client : masquerade.clients()) {
            table.row(
                    client.client(),
                    client.server(),
                    client.address(),
                    client.kind(),
                    duration(client.sinceSeconds()),
                    client.idleSeconds() == null ? null : duration(client.idleSeconds()) + " ago",
                    client.packetsOut(),
                    client.packetsIn(),
                    client.bytesOut(),
                    client.bytesIn());
        }
        text.append(table.text(0));
    }

    private void packets(Status status) {
        if (!status.isForwarding()) {
            return;
        }
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

    /** Looks at all twice, for the widths and for the lines, and keeps none. */
    private static Stream<String> sas(Status status) {
        if (status.sas().isEmpty()) {
            return Stream.of("no SAs\n");
        }
        final boolean hasZones = status.rules().connmark().equals("l2tp");
        final String[] titles = row(
                SA_TITLES, status.isForwarding() ? FORWARDING_TITLES : List.of(), hasZones ? ZONE_TITLES : List.of());
        final TextColumns columns = new TextColumns(titles);
        status.sas().forEach(sa -> columns.fit(cells(sa, hasZones)));
        return Stream.concat(Stream.<String[]>of(titles), status.sas().stream().map(sa -> cells(sa, hasZones)))
                .map(cells -> columns.line(cells) + "\n");
    }

    private static String[] cells(Status.Tunnel sa, boolean hasZones) {
        final List<String> ofAll = List.of(
                sa.name(),
                sa.child(),
                sa.markIn(),
                sa.markOut(),
                String.join(" ", sa.localTs()),
                String.join(" ", sa.remoteTs()));
        final List<String> ofForwarding = sa.reinject() == null
                ? List.of()
                : List.of(
                        sa.reinject() ? "yes" : "no", TextColumns.cell(sa.packetsIn()), TextColumns.cell(sa.copies()));
        return row(ofAll, ofForwarding, hasZones ? List.of(TextColumns.cell(sa.zone())) : List.of());
    }

    private static String[] row(List<String> ofAll, List<String> ofForwarding, List<String> ofL2tp) {
        final List<String> row = new ArrayList<>(ofAll);
        row.addAll(ofForwarding);
        row.addAll(ofL2tp);
        return row.toArray(String[]::new);
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

    /** As in "1 forwarder" or "2 forwarders". */
    static String count(int count, String what) {
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
