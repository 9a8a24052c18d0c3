// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.demo;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.Host;

/** Who received what: a line for each packet, a column for each host, or for all clients if there are many. */
final class DeliveryTable {

    private static final int MAX_CLIENT_COLUMNS = 6;

    private final Host lanHost;
    private final List<Client> clients;
    private final List<List<String>> rows = new ArrayList<>();

    DeliveryTable(Host lanHost, List<Client> clients) {
        this.lanHost = lanHost;
        this.clients = clients;
        final List<String> header = new ArrayList<>(List.of("packet", "to", "from", lanHost.name()));
        if (isSummarised()) {
            header.add("clients");
        } else {
            clients.forEach(client -> header.add(client.name()));
        }
        header.add("verdict");
        rows.add(header);
    }

    private boolean isSummarised() {
        return clients.size() > MAX_CLIENT_COLUMNS;
    }

    void add(Exchange exchange) {
        final SamplePacket packet = exchange.packet();
        final List<String> row = new ArrayList<>(List.of(
                packet.name(),
                packet.destination() + ":" + packet.port(),
                exchange.sender().name(),
                exchange.cell(lanHost)));
        if (isSummarised()) {
            row.add(exchange.summary(clients));
        } else {
            clients.forEach(client -> row.add(exchange.cell(client)));
        }
        row.add(exchange.isRight() ? "ok" : "WRONG");
        rows.add(row);
    }

    void print(PrintStream out) {
        final int[] widths = new int[rows.get(0).size()];
        for (final List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (final List<String> row : rows) {
            final StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append("  ")
                        .append(row.get(i))
                        .append(" ".repeat(widths[i] - row.get(i).length()));
            }
            out.println(line.toString().stripTrailing());
            if (row == rows.get(0)) {
                out.println("  " + "-".repeat(line.toString().stripTrailing().length() - 2));
            }
        }
    }
}
