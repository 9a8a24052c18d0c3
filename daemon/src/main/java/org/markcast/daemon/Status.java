// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import com.google.gson.ExclusionStrategy;
import com.google.gson.FieldAttributes;
import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.annotations.SerializedName;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.markcast.engine.sa.SaSet.Unhandled;

/**
 * What the service does now, as {@code status --json} prints it: field names become snake_case, a value that is not known is left
 * out. With {@code forward = no} neither forwarders, interfaces, groups nor anything about packets and copies is there.
 *
 * @param state always {@code running}: who answers runs
 * @param uptimeSeconds since the start
 * @param reloads how often the configuration was read again
 * @param forwarders how many threads forward; null if nothing is forwarded
 * @param firewall null if there is none
 * @param masquerade {@code null} if no inside hosts have external addresses of their own
 * @param packets what was captured and what became of it
 * @param copies what was queued and what became of it
 * @param events what else was counted
 * @param unhandled SAs that exist but get nothing, with the reason
 */
record Status(
        String version,
        long pid,
        String state,
        long uptimeSeconds,
        String config,
        int reloads,
        Integer forwarders,
        Rules rules,
        Firewall firewall,
        Masquerade masquerade,
        List<Interface> interfaces,
        List<Uplink> uplinks,
        Decapsulated decapsulated,
        List<String> groups,
        Boolean strictGroups,
        Packets packets,
        Copies copies,
        Map<String, Long> events,
        List<Tunnel> sas,
        List<Unhandled> unhandled) {

    private static final GsonBuilder JSON = new GsonBuilder()
            .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
            .disableHtmlEscaping();

    private static final Gson GSON = JSON.create();

    /** Leaves out what {@link #json} adds piece by piece. */
    private static final Gson HEAD_GSON =
            JSON.setExclusionStrategies(new Lists()).create();

    /**
     * The nftables rules.
     *
     * @param state {@code in place}, {@code off} if the configuration says so, else why they are not in place
     * @param connmark {@code off}, {@code on}, or {@code l2tp} where L2TP clients have zones of their own
     * @param leaks packets with an SA's mark that the guard kept from leaving in clear
     * @param orphans packets of clients' connections that were dropped because their SA is gone
     * @param floods packets of L2TP clients with too many connections that were dropped
     */
    record Rules(String state, String connmark, long leaks, long orphans, long floods) {}

    /**
     * The firewall, with the packets of each verdict since the service started.
     *
     * @param mode {@code monitor} or {@code enforce}
     * @param refused what is dropped, or in mode monitor would be
     */
    record Firewall(String mode, List<String> interfaces, Map<String, Long> accepted, Map<String, Long> refused) {}

    /**
     * Inside hosts that have external addresses of their own.
     *
     * @param state {@code on}, or {@code degraded} while there are problems
     * @param problems what does not work now, and why
     * @param pool how many addresses there are to lease
     * @param servers those that clients have leases for, or wait for them
     */
    record Masquerade(
            String state,
            List<String> problems,
            int pool,
            List<MasqueradeServer> servers,
            List<MasqueradeClient> clients) {}

    /** How many of its clients have leases and wait for them, and how many addresses of the pool none of them has. */
    record MasqueradeServer(String server, int leased, int free, int waiting) {}

    /**
     * An inside host.
     *
     * @param server {@code any} for all that have no entry of their own
     * @param address external; {@code null} while it waits
     * @param kind {@code fixed} by the configuration, {@code leased}, or {@code waiting}
     * @param sinceSeconds how long ago it came to that
     * @param idleSeconds how long ago its last packet was, to a few seconds; {@code null} if there was none yet
     */
    record MasqueradeClient(
            String client,
            String server,
            String address,
            String kind,
            long sinceSeconds,
            Long idleSeconds,
            long packetsOut,
            long bytesOut,
            long packetsIn,
            long bytesIn) {}

    /**
     * A LAN interface.
     *
     * @param state {@code up}, or {@code waiting} while it does not exist or is down
     * @param kernelDrops packets that the kernel dropped because the forwarders were too slow
     */
    record Interface(
            String name,
            String state,
            Integer index,
            String mac,
            Integer mtu,
            List<String> broadcasts,
            long kernelDrops) {}

    /**
     * A way to the outside that connections are pinned to.
     *
     * @param state {@code up}, or why it cannot be used
     * @param mark with its mask
     * @param connections how many are pinned to it
     */
    record Uplink(
            String name,
            @SerializedName("interface") String interfaceName,
            String state,
            String address,
            String gateway,
            String mark,
            long table,
            Integer connections) {}

    /** @param marks whether the kernel tells each packet's mark; without, the source address decides where it came from */
    record Decapsulated(boolean marks, long kernelDrops) {}

    /** At every quiet moment {@code captured} is {@code forwarded} and the sum of {@code dropped}. */
    record Packets(long captured, long forwarded, Map<String, Long> dropped) {}

    /** At every quiet moment {@code queued} is {@code sent} and the sum of {@code failed}. */
    record Copies(long queued, long sent, Map<String, Long> failed) {}

    /**
     * An SA.
     *
     * @param zone conntrack zone of an L2TP client, {@code null} if it has none
     * @param reinject whether what comes from it goes to the other SAs too; null if nothing is forwarded
     * @param packetsIn packets that came from it
     * @param copies copies that were queued for it
     */
    record Tunnel(
            String name,
            String child,
            String mode,
            String markIn,
            String markOut,
            List<String> localTs,
            List<String> remoteTs,
            Boolean reinject,
            Integer zone,
            Long packetsIn,
            Long copies) {}

    boolean isForwarding() {
        return forwarders != null;
    }

    /** One JSON object, in pieces that are made one after the other. */
    Stream<String> json() {
        final String head = HEAD_GSON.toJson(this);
        // Not flatMap: its iterator makes all elements of an inner stream at once.
        return Stream.concat(
                Stream.concat(
                        Stream.of(head.substring(0, head.length() - 1), ",\"sas\":["),
                        IntStream.range(0, sas.size()).mapToObj(i -> (i == 0 ? "" : ",") + GSON.toJson(sas.get(i)))),
                Stream.of("],\"unhandled\":", GSON.toJson(unhandled), "}\n"));
    }

    /** For a person, in pieces that are made one after the other. */
    Stream<String> table() {
        return StatusTable.of(this);
    }

    private static final class Lists implements ExclusionStrategy {

        @Override
        public boolean shouldSkipField(FieldAttributes field) {
            return field.getDeclaringClass() == Status.class
                    && List.of("sas", "unhandled").contains(field.getName());
        }

        @Override
        public boolean shouldSkipClass(Class<?> type) {
            return false;
        }
    }
}
