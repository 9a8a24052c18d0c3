// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.engine.packet.Ipv4Address;

/**
 * The trade between the ways to capture and to wait, and what comes of it in the service.
 *
 * <pre>
 *   sender 10.1.0.10 ---- eth1 gateway: reader, then service ---- ifb0, a sink
 * </pre>
 */
final class CaptureBench implements AutoCloseable {

    static final String SENDER = "sender";
    static final String LAN = "eth1";
    private static final String GROUP = "239.255.255.250";
    private static final int PACKET_LENGTH = 300;

    /** As slow as a LAN's own chatter: the processor and its caches have forgotten the service between two packets. */
    private static final int SLOW_PACE = 70;

    private final CaptureSettings settings;
    private final EmulatedNetwork network;

    CaptureBench(CaptureSettings settings) {
        this.settings = settings;
        network = EmulatedNetwork.builder().lan(SENDER).sink().withoutProbe().build();
    }

    CaptureReport run() throws IOException {
        final List<CaptureResult> captures = new ArrayList<>();
        for (final CaptureKind kind : CaptureKind.values()) {
            for (final Waiting waiting : Waiting.values()) {
                captures.add(measure(kind, waiting));
            }
        }
        return new CaptureReport(settings, captures, measureService());
    }

    private CaptureResult measure(CaptureKind kind, Waiting waiting) throws IOException {
        try (CaptureTrial trial = new CaptureTrial(kind, waiting, settings, network, packet())) {
            return trial.run();
        }
    }

    private List<ServiceLatency.Result> measureService() throws IOException {
        try (ServiceLatency service = new ServiceLatency(network, packet())) {
            service.warmUp();
            return List.of(
                    service.run(settings.servicePackets(), settings.pace()),
                    service.run(settings.slowServicePackets(SLOW_PACE), SLOW_PACE),
                    service.idle(settings.serviceIdleMs()));
        }
    }

    private UdpPacket packet() throws IOException {
        return new UdpPacket(PACKET_LENGTH, address(network.host(SENDER).address()), address(GROUP));
    }

    private static int address(String text) throws IOException {
        return Ipv4Address.of(InetAddress.getByName(text));
    }

    @Override
    public void close() {
        network.close();
    }
}
