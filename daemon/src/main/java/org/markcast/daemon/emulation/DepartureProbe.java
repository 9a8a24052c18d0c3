// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.emulation;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.markcast.daemon.emulation.Gateway.Departure;

/**
 * Counts in the kernel what leaves the gateway, by device, mark and destination. At the egress hook of the device (Linux
 * 5.16), because the postrouting hook sees every packet to 255.255.255.255 twice: once more when ip_mc_output() loops it
 * back.
 *
 * <p>Elements are spread over several sets by the mark's low bits: while a set grows, beyond about 3,000 elements, the kernel
 * silently fails to add some.
 */
final class DepartureProbe {

    private static final String TABLE = "probe";
    private static final int SETS = 32;
    private static final int MAX_ELEMENTS = 65_536;

    private final Gateway gateway;

    DepartureProbe(Gateway gateway) {
        this.gateway = gateway;
    }

    void install(List<String> devices) {
        final StringBuilder rules = new StringBuilder("table netdev " + TABLE + " {\n");
        final StringBuilder choice = new StringBuilder("meta mark & " + (SETS - 1) + " vmap { ");
        for (int i = 0; i < SETS; i++) {
            rules.append(" set ")
                    .append(set(i))
                    .append(" { type mark . ipv4_addr . ifname; flags dynamic; counter; size ");
            rules.append(MAX_ELEMENTS)
                    .append("; }\n chain count")
                    .append(i)
                    .append(" {\n  update @")
                    .append(set(i));
            rules.append(" { meta mark . ip daddr . meta oifname counter }\n }\n");
            choice.append(i == 0 ? "" : ", ").append(i).append(" : goto count").append(i);
        }
        Devices.appendChains(rules, devices, "egress", choice.append(" }").toString());
        gateway.nft(rules.append("}\n").toString());
    }

    private static String set(int number) {
        return "seen" + number;
    }

    Map<Departure, Long> sent() {
        final Map<Departure, Long> sent = new HashMap<>();
        final JsonArray objects = JsonParser.parseString(gateway.run("nft", "-j", "list", "table", "netdev", TABLE))
                .getAsJsonObject()
                .getAsJsonArray("nftables");
        for (final JsonElement object : objects) {
            final JsonObject set = object.getAsJsonObject().getAsJsonObject("set");
            if (set != null && set.has("elem")) {
                set.getAsJsonArray("elem")
                        .forEach(element -> add(sent, element.getAsJsonObject().getAsJsonObject("elem")));
            }
        }
        return sent;
    }

    private static void add(Map<Departure, Long> sent, JsonObject element) {
        final JsonArray key = element.getAsJsonObject("val").getAsJsonArray("concat");
        sent.put(
                new Departure(
                        key.get(2).getAsString(),
                        key.get(0).getAsNumber().intValue(),
                        key.get(1).getAsString()),
                element.getAsJsonObject("counter").get("packets").getAsLong());
    }

    void reset() {
        final StringBuilder commands = new StringBuilder();
        for (int i = 0; i < SETS; i++) {
            commands.append("flush set netdev ")
                    .append(TABLE)
                    .append(' ')
                    .append(set(i))
                    .append('\n');
        }
        gateway.nft(commands.toString());
    }
}
