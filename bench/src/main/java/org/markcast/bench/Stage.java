// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RouteNetlink;

/**
 * Where contenders meet: a network of its own with a sender on the LAN and sinks that the kernel counts at.
 *
 * <pre>
 *   sender 10.1.0.10 ---- eth1 10.1.0.1 gateway: contenders ---- ifb0, ifb1, ... one for each forwarder
 * </pre>
 */
final class Stage implements AutoCloseable {

    static final String LAN = "eth1";

    private static final String SENDER = "sender";
    private static final String GROUP = "239.255.255.250";
    private static final int MAX_STATISTICS_BYTES = 1 << 16;

    private final EmulatedNetwork network;
    private final List<String> sinks;
    private final RandomAccessFile statistics;
    private final byte[] statisticsText = new byte[MAX_STATISTICS_BYTES];

    Stage(int forwarders) {
        network = EmulatedNetwork.builder()
                .lan(SENDER)
                .sinks(forwarders)
                .withoutProbe()
                .build();
        sinks = IntStream.range(0, forwarders).mapToObj(Gateway::sink).toList();
        // Opened inside, it tells of the namespace for ever.
        statistics = gateway().call(() -> new RandomAccessFile("/proc/thread-self/net/dev", "r"));
    }

    EmulatedNetwork network() {
        return network;
    }

    NetworkNamespace sender() {
        return network.host(SENDER).namespace();
    }

    NetworkNamespace gateway() {
        return network.gateway().namespace();
    }

    /** A packet from the sender to its group, length bytes with the IP header. */
    UdpPacket packet(int length) throws IOException {
        return new UdpPacket(length, address(network.host(SENDER).address()), address(GROUP));
    }

    private static int address(String text) throws IOException {
        return Ipv4Address.of(InetAddress.getByName(text));
    }

    LatencyProbe latencyProbe(int length) throws IOException {
        return new LatencyProbe(sender(), gateway(), LAN, sinks, packet(length));
    }

    /** The index of the LAN interface at the gateway. */
    int lanIndex() {
        return gateway().call(() -> {
            try (RouteNetlink netlink = new RouteNetlink()) {
                return netlink.links().stream()
                        .filter(link -> link.name().equals(LAN))
                        .findFirst()
                        .orElseThrow()
                        .index();
            }
        });
    }

    /** What the kernel has counted at the sinks: an ifb counts as received what is sent to it. One thread only. */
    long sinkPackets() {
        try {
            statistics.seek(0);
            int length = 0;
            int count = statistics.read(statisticsText, 0, statisticsText.length);
            while (count > 0) {
                length += count;
                count = statistics.read(statisticsText, length, statisticsText.length - length);
            }
            return receivedBy(sinks, new String(statisticsText, 0, length, StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Packets received by some interfaces, from the text of /proc/net/dev (proc(5)): NAME: BYTES PACKETS ... */
    static long receivedBy(List<String> interfaces, String text) {
        return text.lines()
                .map(line -> line.split(":"))
                .filter(parts -> interfaces.contains(parts[0].strip()))
                .mapToLong(parts -> Long.parseLong(parts[1].strip().split(" +")[1]))
                .sum();
    }

    /** Ends the network, as far as no process is left in it. */
    @Override
    public void close() throws IOException {
        try (statistics) {
            network.close();
        }
    }
}
