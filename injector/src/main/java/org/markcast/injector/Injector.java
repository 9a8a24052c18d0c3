// SPDX-License-Identifier: Apache-2.0
package org.markcast.injector;

import org.agrona.concurrent.NanoClock;
import org.markcast.engine.counter.Counter;
import org.markcast.engine.counter.ForwarderCounters;
import org.markcast.engine.packet.CapturedPacket;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.engine.port.LanInterface;
import org.markcast.engine.port.PacketSink;
import org.markcast.linux.FrameSocket;
import org.markcast.linux.MessageSocket;
import org.markcast.linux.RawSocket;
import org.markcast.linux.RouteMtu;

/** Sends the copies of one forwarder, packets where they lie: nothing is copied but what must be fragmented. */
public final class Injector implements PacketSink, AutoCloseable {

    private final TunnelSender tunnels;
    private final LanSender lans;
    private final ForwarderCounters counters;
    private final AutoCloseable mtuLookup;

    private Ipv4Flyweight ip;
    private long packetAddress;

    /** How large a packet may be on its way out, in bytes; 0 if there is no way. */
    @FunctionalInterface
    interface MtuLookup {
        int of(int mark, int destination);
    }

    Injector(
            MessageSocket raw,
            boolean takesProtocol,
            MessageSocket frames,
            MtuLookup mtus,
            AutoCloseable mtuLookup,
            NanoClock clock,
            ForwarderCounters counters) {
        tunnels = new TunnelSender(raw, takesProtocol, mtus, clock, counters);
        lans = new LanSender(frames, counters);
        this.mtuLookup = mtuLookup;
        this.counters = counters;
    }

    /**
     * Opens the sockets.
     *
     * @throws org.markcast.linux.LinuxException if one cannot be had, which needs CAP_NET_RAW and CAP_NET_ADMIN
     */
    public static Injector open(NanoClock clock, ForwarderCounters counters) {
        final RawSocket raw = new RawSocket();
        final RouteMtu mtus = new RouteMtu();
        return new Injector(raw, raw.takesProtocol(), new FrameSocket(), mtus::of, mtus, clock, counters);
    }

    @Override
    public void begin(CapturedPacket packet, Ipv4Flyweight ip) {
        this.ip = ip;
        packetAddress = ip.buffer().addressOffset() + ip.offset();
        FragmentIdentification.complete(ip);
        if (packet.isChecksumUnfinished() && TransportChecksum.complete(ip)) {
            counters.increment(Counter.CHECKSUMS_COMPLETED);
        }
    }

    @Override
    public void toSa(int mark) {
        tunnels.queue(packetAddress, ip, mark);
    }

    @Override
    public void toLan(LanInterface lan) {
        lans.queue(packetAddress, ip, lan);
    }

    @Override
    public void flush() {
        tunnels.flush();
        lans.flush();
    }

    @Override
    public void close() {
        tunnels.close();
        lans.close();
        try {
            mtuLookup.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
