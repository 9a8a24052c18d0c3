// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.markcast.capture.Capture;
import org.markcast.config.Connmark;
import org.markcast.config.Firewall;
import org.markcast.engine.ForwardingState;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.counter.SaCounters;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.port.LanInterface;
import org.markcast.engine.sa.SaTable;
import org.markcast.netfilter.KernelRules;
import org.markcast.netfilter.MasqueradedClient;
import org.markcast.netfilter.Masquerading;

/** Gathers the parts of a {@link Status} from those who know them. Control thread only. */
final class StatusParts {

    private StatusParts() {}

    /** All LAN interfaces that are configured, there or not. */
    static List<Status.Interface> interfaces(Capture capture) {
        final List<Status.Interface> interfaces = new ArrayList<>();
        for (final String name : capture.names()) {
            final Optional<LanInterface> usable = capture.usable().stream()
                    .filter(lan -> lan.name().equals(name))
                    .findFirst();
            interfaces.add(new Status.Interface(
                    name,
                    usable.isPresent() ? "up" : "waiting",
                    usable.map(LanInterface::index).orElse(null),
                    usable.map(lan -> mac(lan.mac())).orElse(null),
                    usable.map(LanInterface::mtu).orElse(null),
                    usable.map(lan -> lan.broadcasts().stream()
                                    .map(Ipv4Address::text)
                                    .sorted()
                                    .toList())
                            .orElse(null),
                    capture.drops(name)));
        }
        return interfaces;
    }

    private static String mac(long mac) {
        return String.join(
                ":",
                LongStream.of(40, 32, 24, 16, 8, 0)
                        .mapToObj(shift -> String.format("%02x", mac >>> shift & 0xff))
                        .toList());
    }

    static Status.Decapsulated decapsulated(Capture capture) {
        return new Status.Decapsulated(capture.hasMarks(), capture.decapsulatedDrops());
    }

    static Status.Packets packets(Counters counters) {
        return new Status.Packets(
                counters.total(Counter.CAPTURED),
                counters.total(Counter.FORWARDED),
                counts(counters, Counter.Kind.OUTCOME, Counter.FORWARDED, "dropped_"));
    }

    static Status.Copies copies(Counters counters) {
        return new Status.Copies(
                counters.total(Counter.COPIES_QUEUED),
                counters.total(Counter.COPIES_SENT),
                counts(counters, Counter.Kind.COPY_OUTCOME, Counter.COPIES_SENT, "copies_"));
    }

    static Map<String, Long> events(Counters counters) {
        return counts(counters, Counter.Kind.EVENT, null, "");
    }

    /** All counters of a kind but one, by name without the prefix. */
    private static Map<String, Long> counts(Counters counters, Counter.Kind kind, Counter but, String prefix) {
        final Map<String, Long> counts = new LinkedHashMap<>();
        for (final Counter counter : Counter.values()) {
            if (counter.kind() == kind && counter != but) {
                final String name = counter.name().toLowerCase(Locale.ROOT);
                counts.put(name.startsWith(prefix) ? name.substring(prefix.length()) : name, counters.total(counter));
            }
        }
        return counts;
    }

    static Status.Rules rules(KernelRules rules, Connmark connmark) {
        return rules == null
                ? new Status.Rules("off", "off", 0, 0, 0)
                : new Status.Rules(
                        rules.problem().orElse("in place"),
                        wordFor(connmark),
                        rules.leaks(),
                        rules.orphans(),
                        rules.floods());
    }

    /** Null if there is none. */
    static Status.Firewall firewall(KernelRules rules, Firewall firewall) {
        if (rules == null || !firewall.isEnabled()) {
            return null;
        }
        final Map<String, Long> accepted = new LinkedHashMap<>();
        final Map<String, Long> refused = new LinkedHashMap<>();
        rules.verdicts()
                .forEach(
                        (verdict, packets) -> (verdict.isAccepted() ? accepted : refused).put(verdict.word(), packets));
        return new Status.Firewall(
                firewall.mode().name().toLowerCase(Locale.ROOT), firewall.interfaces(), accepted, refused);
    }

    private static String wordFor(Connmark connmark) {
        final String enabled = connmark.l2tp() ? "l2tp" : "on";
        return connmark.enabled() ? enabled : "off";
    }

    static Status.Masquerade masquerade(Masquerading masquerading) {
        final List<MasqueradedClient> clients = masquerading.clients();
        final long nowMs = System.currentTimeMillis();
        final List<String> problems = masquerading.problems();
        return new Status.Masquerade(
                problems.isEmpty() ? "on" : "degraded",
                problems,
                masquerading.poolSize(),
                servers(clients, masquerading.poolSize()),
                clients.stream().map(client -> client(client, nowMs)).toList());
    }

    private static List<Status.MasqueradeServer> servers(List<MasqueradedClient> clients, int poolSize) {
        final Map<String, List<MasqueradedClient>> byServer = new LinkedHashMap<>();
        for (final MasqueradedClient client : clients) {
            if (!client.isFixed()) {
                byServer.computeIfAbsent(client.server().orElseThrow(), first -> new ArrayList<>())
                        .add(client);
            }
        }
        final List<Status.MasqueradeServer> servers = new ArrayList<>();
        byServer.forEach((server, some) -> {
            final int leased = (int)
                    some.stream().filter(client -> client.address().isPresent()).count();
            servers.add(new Status.MasqueradeServer(server, leased, poolSize - leased, some.size() - leased));
        });
        return servers;
    }

    private static Status.MasqueradeClient client(MasqueradedClient client, long nowMs) {
        final String unfixed = client.address().isPresent() ? "leased" : "waiting";
        return new Status.MasqueradeClient(
                client.client(),
                client.server().orElse("any"),
                client.address().orElse(null),
                client.isFixed() ? "fixed" : unfixed,
                seconds(nowMs - client.sinceMs()),
                client.lastPacketMs() == 0 ? null : seconds(nowMs - client.lastPacketMs()),
                client.packetsOut(),
                client.bytesOut(),
                client.packetsIn(),
                client.bytesIn());
    }

    /** The wall clock may have been set back. */
    private static long seconds(long ms) {
        return Math.max(0, TimeUnit.MILLISECONDS.toSeconds(ms));
    }

    /**
     * The SAs of a table, with counters if it is the one that the forwarders work by.
     *
     * @param state null if nothing is forwarded
     */
    static List<Status.Tunnel> tunnels(SaTable sas, ForwardingState state, KernelRules rules) {
        final SaCounters counters =
                state != null && state.sas() == sas ? state.saCounters() : SaCounters.none(sas.slots());
        return new TunnelList(
                sas, state == null ? null : counters, sa -> rules == null ? OptionalInt.empty() : rules.zone(sa));
    }
}
