// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import org.markcast.config.Mark;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.engine.packet.Ipv4Address;

/** The whole service at a moderate pace: how long from the LAN interface to the first copy's departure, and what it costs. */
final class ServiceLatency implements AutoCloseable {

    private static final int SAS = 10;
    private static final int FIRST_CLIENT = 0x0a020001; // 10.2.0.1
    /** Packets until the service's code is compiled. */
    private static final int WARM_UP_PACKETS = 30_000;

    private static final int WARM_UP_PACE = 20_000;

    private final EmulatedNetwork network;
    private final UdpPacket packet;
    private final MeasuredService service;

    /**
     * What came out at one pace. Names with underscores in JSON.
     *
     * @param pace packets a second; 0: none, and so no latency
     * @param p50Us from the kernel's timestamp of the packet's arrival to the one of its first copy's departure
     * @param cpuPercent share of a core of the whole service, told in ticks of 10 ms
     */
    record Result(int pace, int samples, double p50Us, double p99Us, double cpuPercent) {}

    ServiceLatency(EmulatedNetwork network, UdpPacket packet) throws IOException {
        this.network = network;
        this.packet = packet;
        service = MeasuredService.start(network.gateway(), config());
    }

    private String config() {
        final ServiceConfig config = network.serviceConfig();
        for (int i = 0; i < SAS; i++) {
            final String address = Ipv4Address.text(FIRST_CLIENT + i);
            final Mark mark = new Mark(i + 1, Mark.FULL_MASK);
            config.with(network.tunnel("client" + i, mark, mark, address));
        }
        return config.text();
    }

    void warmUp() {
        run(WARM_UP_PACKETS, WARM_UP_PACE);
    }

    Result run(int packets, int pace) {
        try (LatencyProbe probe = new LatencyProbe(
                network.host(CaptureBench.SENDER).namespace(),
                network.gateway().namespace(),
                CaptureBench.LAN,
                Gateway.SINK,
                packet)) {
            final long startNs = System.nanoTime();
            final long startCpuNs = service.cpuNs();
            final LatencyProbe.Latency latency = probe.run(packets, pace);
            return new Result(
                    pace, latency.samples(), latency.p50Us(), latency.p99Us(), cpuPercent(startNs, startCpuNs));
        }
    }

    Result idle(long durationMs) {
        final long startNs = System.nanoTime();
        final long startCpuNs = service.cpuNs();
        Threads.sleepMs(durationMs);
        return new Result(0, 0, 0, 0, cpuPercent(startNs, startCpuNs));
    }

    private double cpuPercent(long startNs, long startCpuNs) {
        return 100.0 * (service.cpuNs() - startCpuNs) / (System.nanoTime() - startNs);
    }

    @Override
    public void close() throws IOException {
        service.close();
    }
}
