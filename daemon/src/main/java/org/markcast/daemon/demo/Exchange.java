// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon.demo;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.Tap;

/** One packet that one host sends and all others shall receive once: what became of it. */
final class Exchange {

    /** Offset of the checksum in the UDP header. */
    private static final int UDP_CHECKSUM = 6;

    private final SamplePacket packet;
    private final Host sender;
    private final Map<Host, Integer> copies = new LinkedHashMap<>();
    private final Map<Host, String> faults = new LinkedHashMap<>();

    Exchange(SamplePacket packet, Host sender) {
        this.packet = packet;
        this.sender = sender;
    }

    SamplePacket packet() {
        return packet;
    }

    Host sender() {
        return sender;
    }

    /**
     * Sends the packet and waits until all receivers have it.
     *
     * @return how many got it before the time was over
     */
    int run(Map<Host, Tap> taps, Duration timeout) {
        packet.sendFrom(sender);
        final long deadlineNs = System.nanoTime() + timeout.toNanos();
        int reached = 0;
        for (final Map.Entry<Host, Tap> tap : taps.entrySet()) {
            final Duration left = Duration.ofNanos(Math.max(0, deadlineNs - System.nanoTime()));
            if (tap.getKey() != sender && hasReached(tap.getValue(), left)) {
                reached++;
            }
        }
        return reached;
    }

    private boolean hasReached(Tap tap, Duration timeout) {
        try {
            tap.before(arrival -> packet.isSentBy(sender, arrival), timeout);
            return true;
        } catch (IllegalStateException e) {
            return false; // judged from what did arrive, later
        }
    }

    /**
     * Compares what a host received with what the gateway got.
     *
     * @param originals what arrived at the gateway from the sender
     */
    void judge(Host host, List<Arrival> arrivals, List<Arrival> originals) {
        final List<Arrival> received = mine(arrivals);
        copies.put(host, received.size());
        final int expected = host == sender ? 0 : 1;
        if (received.size() != expected) {
            faults.put(host, "got " + received.size() + " copies instead of " + expected);
            return;
        }
        final List<Arrival> sent = mine(originals);
        for (final Arrival copy : received) {
            if (sent.size() != 1) {
                faults.put(host, "cannot be compared: the gateway got " + sent.size() + " originals");
            } else if (!packet.isIntact(copy)) {
                faults.put(host, "wrong payload, TTL or checksum: " + copy);
            } else if (!isSame(copy.packet(), sent.get(0).packet())) {
                faults.put(host, "differs from the original: " + copy + " from " + sent.get(0));
            }
        }
    }

    private List<Arrival> mine(List<Arrival> arrivals) {
        return arrivals.stream()
                .filter(arrival -> packet.isSentBy(sender, arrival))
                .toList();
    }

    /** Byte by byte, but for the UDP checksum that the original still lacked. */
    private static boolean isSame(Ipv4Packet copy, Ipv4Packet original) {
        return Arrays.equals(withoutUdpChecksum(copy), withoutUdpChecksum(original));
    }

    private static byte[] withoutUdpChecksum(Ipv4Packet packet) {
        final byte[] bytes = packet.bytes();
        bytes[packet.headerLength() + UDP_CHECKSUM] = 0;
        bytes[packet.headerLength() + UDP_CHECKSUM + 1] = 0;
        return bytes;
    }

    /** What the host got: a number of copies, and {@code !} if that is wrong or they are. */
    String cell(Host host) {
        final int received = copies.getOrDefault(host, 0);
        final String count = received == 0 && host == sender ? "sent" : Integer.toString(received);
        return faults.containsKey(host) ? count + "!" : count;
    }

    /** How many of some hosts got what they should, out of those that should get anything. */
    String summary(List<? extends Host> hosts) {
        final List<? extends Host> receivers =
                hosts.stream().filter(host -> host != sender).toList();
        final long right =
                receivers.stream().filter(host -> !faults.containsKey(host)).count();
        return right + "/" + receivers.size() + (hosts.stream().anyMatch(faults::containsKey) ? "!" : "");
    }

    boolean isRight() {
        return faults.isEmpty();
    }

    /** One line each. */
    List<String> faults() {
        return faults.entrySet().stream()
                .map(fault -> packet + " from " + sender + ": " + fault.getKey() + " " + fault.getValue())
                .toList();
    }
}
