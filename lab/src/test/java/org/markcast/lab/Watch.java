// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Tap;

/** Watches which {@link NumberedPacket}s reach some hosts. */
final class Watch implements AutoCloseable {

    static final Duration SOON = Duration.ofSeconds(10);

    private final Map<Host, Tap> taps = new LinkedHashMap<>();

    Watch(Host... hosts) {
        for (final Host host : hosts) {
            taps.put(host, host.tap(NumberedPacket::isOne));
        }
    }

    /** Waits for as many packets, and demands that exactly these have reached the host since the watch began, in this order. */
    void expect(Host host, Integer... numbers) {
        final List<Arrival> arrivals = taps.get(host).awaitPackets(numbers.length, SOON);
        assertEquals(List.of(numbers), numbers(arrivals), "packets at " + host);
    }

    /** What has reached the host so far. */
    List<Integer> numbers(Host host) {
        return numbers(taps.get(host).packets());
    }

    private static List<Integer> numbers(List<Arrival> arrivals) {
        return arrivals.stream().map(NumberedPacket::numberOf).toList();
    }

    @Override
    public void close() {
        taps.values().forEach(Tap::close);
    }
}
