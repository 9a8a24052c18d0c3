// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.util.stream.IntStream;
import org.agrona.DirectBuffer;
import org.markcast.config.Prefix;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.packet.Ipv4Flyweight;
import org.markcast.linux.LinuxErrno;
import org.markcast.linux.PacketReceiver;
import org.markcast.linux.Poller;
import org.markcast.linux.RawSocket;
import org.markcast.linux.SocketFilter;

/**
 * The way that strongSwan's forecast plugin goes, as good as that way can be: in compiled code, without garbage, locks, jobs and
 * debug lines.
 *
 * <ol>
 *   <li>Wait until the socket is readable, receive one packet.
 *   <li>Look through the remote selectors of all SAs for the packet's source: the origin.
 *   <li>Look through the remote selectors of all SAs for the packet's destination.
 *   <li>For each that holds it and is not the origin: setsockopt(SO_MARK), send one copy.
 * </ol>
 */
final class PluginLoop implements Contender {

    private static final int WAIT_MS = 20;
    private static final int NOBODY = -1;
    private static final int DESTINATION = SocketFilter.NETWORK_HEADER + 16;
    private static final int FIRST_MULTICAST = 0xe000_0000;

    private final SaPlan plan;
    private final Tunnel[] tunnels;
    private final PacketReceiver receiver;
    private final Poller poller;
    private final RawSocket socket;
    private final Ipv4Flyweight ip = new Ipv4Flyweight();
    private final PausableThread thread;

    private volatile long packets;
    private volatile long queued;
    private volatile long refused;
    private volatile boolean isIdle;

    /** The remote selectors of an SA, which are all that the plugin looks at. */
    private record Tunnel(int mark, int[] networks, int[] masks) {

        static Tunnel of(int mark, TrafficSelector... selectors) {
            final int[] networks = new int[selectors.length];
            final int[] masks = new int[selectors.length];
            for (int i = 0; i < selectors.length; i++) {
                final Prefix prefix = selectors[i].prefix();
                masks[i] = prefix.length() == 0 ? 0 : -1 << -prefix.length();
                networks[i] = Ipv4Address.of(prefix.address()) & masks[i];
            }
            return new Tunnel(mark, networks, masks);
        }

        boolean holds(int address) {
            for (int i = 0; i < networks.length; i++) {
                if ((address & masks[i]) == networks[i]) {
                    return true;
                }
            }
            return false;
        }
    }

    PluginLoop(Stage stage, SaPlan plan) {
        this.plan = plan;
        tunnels = IntStream.range(0, plan.sas()).mapToObj(this::tunnel).toArray(Tunnel[]::new);
        receiver = stage.gateway().call(PacketReceiver::new);
        receiver.attach(new SocketFilter()
                .loadWord(DESTINATION)
                .jumpIfAtLeast(FIRST_MULTICAST, 0, 1)
                .accept()
                .reject());
        receiver.bind(stage.lanIndex());
        poller = new Poller(receiver.fd());
        socket = stage.gateway().call(RawSocket::new);
        thread = new PausableThread("plugin-loop", this::step);
    }

    private Tunnel tunnel(int sa) {
        return Tunnel.of(
                plan.mark(sa),
                selector(Ipv4Address.text(plan.address(sa))),
                selector(plan.isMatching(sa) ? SaPlan.WANTED : SaPlan.UNWANTED));
    }

    private static TrafficSelector selector(String text) {
        return TrafficSelector.parse(text).get(0);
    }

    private void step() {
        final boolean isReadable = poller.await(WAIT_MS);
        isIdle = !isReadable;
        if (isReadable) {
            final int length = receiver.receive();
            if (ip.tryWrap(receiver.packetBuffer(), 0, length)) {
                packets = packets + 1;
                forward();
            }
        }
    }

    private void forward() {
        final DirectBuffer buffer = receiver.packetBuffer();
        final int origin = originOf(ip.source());
        final int destination = ip.destination();
        final int length = ip.totalLength();
        int copies = 0;
        for (int i = 0; i < tunnels.length; i++) {
            if (i != origin && tunnels[i].holds(destination)) {
                socket.mark(tunnels[i].mark());
                final int sent = socket.send(buffer.addressOffset(), length, destination);
                copies++;
                if (sent < 0) {
                    onRefused(-sent);
                }
            }
        }
        queued = queued + copies;
    }

    private int originOf(int source) {
        for (int i = 0; i < tunnels.length; i++) {
            if (tunnels[i].holds(source)) {
                return i;
            }
        }
        return NOBODY;
    }

    private void onRefused(int errno) {
        if (errno != LinuxErrno.ENOBUFS && errno != LinuxErrno.EAGAIN) {
            throw new IllegalStateException("sendmsg in the plugin's loop: errno " + errno);
        }
        refused = refused + 1;
    }

    @Override
    public String name() {
        return "loop";
    }

    @Override
    public SaPlan plan() {
        return plan;
    }

    @Override
    public boolean takesPackets() {
        return true;
    }

    @Override
    public void resume() {
        isIdle = false;
        thread.resume();
    }

    @Override
    public void pause() {
        thread.pause();
    }

    @Override
    public long packets() {
        return packets;
    }

    @Override
    public long copiesQueued() {
        return queued;
    }

    @Override
    public long copiesRefused() {
        return refused;
    }

    @Override
    public long cpuNs() {
        return thread.cpuNs();
    }

    @Override
    public long sleeps() {
        return thread.sleeps();
    }

    @Override
    public boolean isIdle() {
        return isIdle;
    }

    @Override
    public long kernelDrops() {
        return receiver.drops();
    }

    @Override
    public void close() {
        thread.close();
        receiver.close();
        socket.close();
    }
}
