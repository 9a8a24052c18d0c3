// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.lab.RandomPackets.Conversation;
import org.markcast.lab.RandomPackets.Numbered;
import org.markcast.linux.NetworkNamespace;

/** What the firewall would drop while it watches, and what it drops. */
@NetworkNamespaceTest
class FirewallModesTest {

    private static final long SEED = 20_261_129;
    private static final int PACKETS = 240;

    /** From here come the packets that tell that another one has been dealt with. */
    private static final String SENTINEL = "192.0.2.1";

    private static final int SENTINEL_NUMBER = 9_999;
    private static final int TIMEOUT_MS = 5_000;

    private WanNetwork network;
    private ServiceProcess service;

    @BeforeEach
    void build() {
        network = new WanNetwork();
        network.addGatewayIpv6();
        network.silenceOutside();
        network.run("ip neigh replace " + WanNetwork.OUTSIDE6 + " lladdr 02:00:00:00:ff:02 dev eth0 nud permanent");
        network.gateway().nft("""
                table inet arrivals {
                    set ipv4 { typeof ip id; flags dynamic; size 1000; }
                    set ipv6 { typeof ip6 flowlabel; flags dynamic; size 1000; }
                    chain input { type filter hook input priority 10; iifname eth0 goto note; }
                    chain forward { type filter hook forward priority 10; iifname eth0 goto note; }
                    chain note { add @ipv4 { ip id }; add @ipv6 { ip6 flowlabel }; }
                    chain prerouting {
                        type nat hook prerouting priority dstnat;
                        iifname eth0 meta nfproto ipv4 meta l4proto { tcp, udp } th dport 8080 dnat ip to 10.1.0.10:7000
                    }
                }
                """);
    }

    @AfterEach
    void close() {
        if (service != null) {
            service.close();
        }
        network.close();
    }

    private ServiceConfig config(String mode) {
        return network.emulated()
                .serviceConfig()
                .firewall(
                        "interface = eth0",
                        "mode = " + mode,
                        "log = no",
                        "allow = udp/7001, tcp/7002",
                        "allow_forward = 10.1.0.10[/7001], 2001:db8:1::10[/7001]",
                        "management = " + SENTINEL);
    }

    /**
     * What became of each packet.
     *
     * @param verdicts by number: the counters that it moved
     * @param arrivals numbers of those that came past the firewall
     */
    private record Outcome(Map<Integer, Map<String, Long>> verdicts, Set<Integer> arrivals) {}

    @Test
    void shouldDropExactlyWhatItWouldHave() throws IOException {
        service = ServiceProcess.start(network.gateway(), config("monitor"));
        final Outcome monitored = pass(0);
        final Map<String, Long> before = verdicts(service.status(), "accepted", "refused");
        service.reload(config("enforce"));
        assertEquals(before, verdicts(service.status(), "accepted", "refused"), "the change keeps the counters");
        final Outcome enforced = pass(1);

        enforced.verdicts()
                .forEach((number, verdicts) ->
                        assertEquals(monitored.verdicts().get(number), verdicts, "packet " + number));
        final Set<Integer> refused = new HashSet<>();
        final Set<String> met = new TreeSet<>();
        monitored.verdicts().forEach((number, verdicts) -> {
            met.addAll(verdicts.keySet());
            assertTrue(
                    verdicts.values().stream().mapToLong(Long::longValue).sum() <= 1,
                    number + " counts as " + verdicts);
            if (verdicts.keySet().stream().anyMatch(Set.of("pretended", "to_gateway", "to_lan")::contains)) {
                refused.add(number);
            }
        });
        final Set<Integer> expected = new TreeSet<>(monitored.arrivals());
        expected.removeAll(refused);
        assertEquals(expected, enforced.arrivals());
        assertEquals(
                Set.of("allowed", "dnat", "esp", "established", "ike", "link", "pretended", "to_gateway", "to_lan"),
                met,
                "kinds of packets");
        assertTrue(monitored.arrivals().size() - expected.size() > PACKETS / 3, refused::toString);
    }

    private Outcome pass(int number) throws IOException {
        final RandomPackets packets = new RandomPackets(SEED, number);
        final List<DatagramSocket> sockets = new ArrayList<>();
        try {
            for (final Conversation conversation : packets.conversations()) {
                begin(conversation, sockets);
            }
            network.run("nft flush set inet arrivals ipv4; nft flush set inet arrivals ipv6");
            final Map<Integer, Map<String, Long>> outcome = new TreeMap<>();
            Map<String, Long> last = settled();
            for (int i = 0; i < PACKETS; i++) {
                final Numbered packet = packets.next();
                final Consumer<byte[]> sender = packet.isIpv6() ? network.outside()::sendIpv6 : network.outside()::send;
                packet.fragments().forEach(sender);
                final Map<String, Long> now = settled();
                outcome.put(packet.number(), difference(last, now));
                last = now;
            }
            final Set<Integer> arrivals = new TreeSet<>(arrivals("ipv4"));
            arrivals.remove(SENTINEL_NUMBER);
            final Set<Integer> ipv6 = arrivals("ipv6");
            assertTrue(Math.min(arrivals.size(), ipv6.size()) > PACKETS / 20, arrivals + " and " + ipv6 + " arrive");
            arrivals.addAll(ipv6);
            return new Outcome(outcome, arrivals);
        } finally {
            sockets.forEach(DatagramSocket::close);
        }
    }

    /** A datagram and its answer; the outside's is sent as it is. */
    private void begin(Conversation conversation, List<DatagramSocket> sockets) throws IOException {
        final InetSocketAddress from = new InetSocketAddress(conversation.from(), conversation.fromPort());
        final InetSocketAddress to = new InetSocketAddress(conversation.to(), conversation.toPort());
        final boolean isOutside = conversation.toPort() == 7;
        final DatagramSocket asking =
                open(isOutside ? network.gateway().namespace() : network.alice().namespace(), from, sockets);
        final DatagramPacket question = new DatagramPacket(new byte[5], 5, to);
        if (!isOutside) {
            final DatagramSocket asked = open(network.gateway().namespace(), to, sockets);
            asking.send(question);
            final DatagramPacket request = new DatagramPacket(new byte[100], 100);
            asked.receive(request);
            asked.send(request);
        } else {
            asking.send(question);
            answer(conversation);
        }
        asking.receive(new DatagramPacket(new byte[100], 100));
    }

    private void answer(Conversation asked) {
        if (asked.to().contains(":")) {
            network.outside()
                    .sendIpv6(Ipv6Packet.udp(asked.to(), asked.toPort(), asked.from(), asked.fromPort(), new byte[5]));
        } else {
            network.outside()
                    .send(Ipv4Packet.udp(asked.to(), asked.toPort(), asked.from(), asked.fromPort(), new byte[5])
                            .build());
        }
    }

    private static DatagramSocket open(NetworkNamespace namespace, InetSocketAddress at, List<DatagramSocket> sockets) {
        final DatagramSocket socket = namespace.call(() -> new DatagramSocket(at));
        sockets.add(socket);
        namespace.call(() -> {
            socket.setSoTimeout(TIMEOUT_MS);
            return null;
        });
        return socket;
    }

    /** The counters once a sentinel has come behind everything else. */
    private Map<String, Long> settled() throws IOException {
        final long before = verdicts(service.status(), "accepted").get("management");
        network.outside()
                .send(Ipv4Packet.udp(SENTINEL, 9, WanNetwork.WAN, 9, new byte[5])
                        .identification(SENTINEL_NUMBER)
                        .build());
        final ServiceStatus status = service.awaitStatus(
                "count the sentinel", now -> verdicts(now, "accepted").get("management") > before);
        return verdicts(status, "accepted", "refused");
    }

    private static Map<String, Long> verdicts(ServiceStatus status, String... kinds) {
        final Map<String, Long> verdicts = new TreeMap<>();
        for (final String kind : kinds) {
            status.json()
                    .getAsJsonObject("firewall")
                    .getAsJsonObject(kind)
                    .entrySet()
                    .forEach(verdict ->
                            verdicts.put(verdict.getKey(), verdict.getValue().getAsLong()));
        }
        return verdicts;
    }

    /** Without the sentinel. */
    private static Map<String, Long> difference(Map<String, Long> before, Map<String, Long> after) {
        final Map<String, Long> difference = new TreeMap<>();
        after.forEach((verdict, count) -> difference.put(verdict, count - before.get(verdict)));
        difference.remove("management");
        difference.values().removeIf(count -> count == 0);
        return difference;
    }

    private Set<Integer> arrivals(String set) {
        final Set<Integer> numbers = new TreeSet<>();
        JsonParser.parseString(network.run("nft -j list set inet arrivals " + set))
                .getAsJsonObject()
                .getAsJsonArray("nftables")
                .forEach(object -> {
                    final JsonElement found = object.getAsJsonObject().get("set");
                    if (found != null && found.getAsJsonObject().has("elem")) {
                        found.getAsJsonObject()
                                .getAsJsonArray("elem")
                                .forEach(element -> numbers.add(element.getAsInt()));
                    }
                });
        return numbers;
    }
}
