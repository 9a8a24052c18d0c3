// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Token;
import org.markcast.lab.uml.Waiting;

/** Steps with tunnels that stay: what is forwarded, how it arrives, and what is not. */
final class Forwarding extends Scenario {

    private static final Duration SOON = Duration.ofSeconds(3);
    private static final int ROUTER_ALERT = 0x94;
    private static final int SCTP = 132;

    Forwarding(Network network, Engine engine, Report report) {
        super(network, engine, report);
    }

    /** What strongSwan's own scenario evaluates. */
    void evaluate() {
        checkAllPaths("and nothing returns");
        report.check("LAN broadcast reaches both", FROM_ALICE, () -> counts(alice, Network.LAN_BROADCAST));
        report.check(
                "carol's broadcast reaches dave and the LAN", FROM_CAROL, () -> counts(carol, Network.LAN_BROADCAST));
        report.check(
                "dave's broadcast reaches carol and the LAN", FROM_DAVE, () -> counts(dave, Network.LAN_BROADCAST));
        report.check("a group that nobody joined reaches both", FROM_ALICE, () -> counts(alice, "239.1.2.3"));
    }

    /** Programs get it, as it was sent. */
    void deliver() {
        report.check("sockets at carol and dave get the LAN's", "carol, dave", () -> toSockets(alice, carol, dave));
        report.check("sockets at alice and dave get carol's", "alice, dave", () -> toSockets(carol, alice, dave));
        report.check(
                "so they do when the sender left the checksum to hardware",
                "F17",
                "carol, dave",
                () -> toSockets(true, alice, carol, dave));
        report.check("bytes and TTL are as they were sent", "true", () -> String.valueOf(isUnchanged()));
    }

    private boolean isUnchanged() {
        try (Trial trial = new Trial(network)) {
            final Ipv4Packet packet = trial.packet(alice, Network.GROUP, 300);
            alice.send(packet);
            final List<Arrival> arrivals = trial.arrivals(carol, 1);
            return arrivals.size() == 1 && sameButIdentification(arrivals.get(0).packet(), packet);
        }
    }

    private static boolean sameButIdentification(Ipv4Packet one, Ipv4Packet other) {
        return one.timeToLive() == other.timeToLive()
                && one.isHeaderChecksumValid()
                && one.source().equals(other.source())
                && Arrays.equals(one.body(), other.body());
    }

    private String toSockets(Station from, Station... to) {
        return toSockets(false, from, to);
    }

    /** Which of the hosts have a program, joined to the group, that gets a datagram. */
    private String toSockets(boolean isUnfinished, Station from, Station... to) {
        final Token token = Token.next();
        final DatagramChannel[] sockets = new DatagramChannel[to.length];
        try {
            for (int i = 0; i < to.length; i++) {
                sockets[i] = joined(to[i]);
            }
            if (from == alice && !isUnfinished) {
                from.send(Ipv4Packet.udp(from.address(), 5353, Network.GROUP, 5353, token.payload())
                        .build());
            } else {
                from.sendUdp(Network.GROUP, 5353, token.payload());
            }
            final StringBuilder receivers = new StringBuilder();
            for (int i = 0; i < to.length; i++) {
                if (receives(sockets[i], token)) {
                    receivers.append(receivers.isEmpty() ? "" : ", ").append(to[i]);
                }
            }
            return receivers.isEmpty() ? "nobody" : receivers.toString();
        } finally {
            for (final DatagramChannel socket : sockets) {
                close(socket);
            }
        }
    }

    private static DatagramChannel joined(Station station) {
        return station.namespace().call(() -> {
            final DatagramChannel channel = DatagramChannel.open(StandardProtocolFamily.INET);
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.bind(new InetSocketAddress("0.0.0.0", 5353));
            channel.join(InetAddress.getByName(Network.GROUP), NetworkInterface.getByName("eth0"));
            channel.configureBlocking(false);
            return channel;
        });
    }

    private static boolean receives(DatagramChannel channel, Token token) {
        return Waiting.until(SOON, () -> {
            try {
                final ByteBuffer buffer = ByteBuffer.allocate(2048);
                while (channel.receive(buffer.clear()) != null) {
                    final byte[] payload = new byte[buffer.flip().remaining()];
                    buffer.get(payload);
                    if (token.isIn(payload)) {
                        return true;
                    }
                }
                return false;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static void close(DatagramChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What is not to be forwarded, or not as what it pretends to be. */
    void keepOut() {
        report.check("DHCP stays out", NOBODY, () -> dhcp(new byte[0]));
        report.check(
                "DHCP with IP options stays out", "F8", NOBODY, () -> dhcp(new byte[] {(byte) ROUTER_ALERT, 4, 0, 0}));
        report.check("what only looks like DHCP is forwarded", "F8", FROM_ALICE, this::likeDhcp);
        report.check("carol cannot speak for dave", "F9", NOBODY, this::spoofed);
        report.check("a LAN host with carol's address gets no echo", "F10", FROM_ALICE, this::impersonated);
    }

    private String dhcp(byte[] options) {
        try (Trial trial = new Trial(network)) {
            alice.send(Ipv4Packet.udp(
                            alice.address(),
                            68,
                            Network.LAN_BROADCAST,
                            67,
                            trial.token().payload(240))
                    .options(options)
                    .build());
            return trial.counts();
        }
    }

    /** SCTP whose first bytes are those of a DHCP request's ports. */
    private String likeDhcp() {
        try (Trial trial = new Trial(network)) {
            final byte[] token = trial.token().payload(40);
            final byte[] body = new byte[4 + token.length];
            body[1] = 68;
            body[3] = 67;
            System.arraycopy(token, 0, body, 4, token.length);
            alice.send(Ipv4Packet.of(SCTP, alice.address(), Network.GROUP, body).build());
            return trial.counts(carol, dave);
        }
    }

    /** Through carol's tunnel, but with dave's address. */
    private String spoofed() {
        try (Trial trial = new Trial(network)) {
            final Ipv4Packet packet = Ipv4Packet.udp(
                            dave.address(),
                            5353,
                            Network.GROUP,
                            5353,
                            trial.token().payload())
                    .build();
            // Routes with the same gateway share a cache entry: were its first packet a multicast, the kernel would
            // take all
            // for multicasts and send its pings with TTL 1.
            carol.ping(alice.address());
            RawDeparture.send(carol, packet, 0);
            return trial.counts();
        }
    }

    private String impersonated() {
        try (Trial trial = new Trial(network)) {
            alice.send(Ipv4Packet.udp(
                            carol.address(),
                            5353,
                            Network.GROUP,
                            5353,
                            trial.token().payload())
                    .build());
            return trial.counts(carol, dave);
        }
    }

    /** Ordinary traffic with the clients. */
    void unicast() {
        report.check("alice can ping carol", "3 of 3", () -> alice.ping(carol.address()));
        report.check("carol can ping alice", "3 of 3", () -> carol.ping(alice.address()));
        report.check("dave can ping alice", "3 of 3", () -> dave.ping(alice.address()));
        report.check("UDP from alice reaches carol, and the answer alice", "asked, answered", this::conversation);
        report.check(
                "the gateway itself can ping dave",
                "3 of 3",
                () -> network.moon().ping(dave.address()));
        report.check("carol cannot ping dave", "0 of 3", () -> carol.ping(dave.address()));
        forwardBetweenClients("add");
        report.check("she can with a forward policy for clients", "3 of 3", () -> carol.ping(dave.address()));
        forwardBetweenClients("delete");
    }

    /** For what came out of any tunnel: with marks, that of the receiver is looked up in the policies of the sender. */
    private void forwardBetweenClients(String command) {
        final String clients = "src 10.1.0.128/25 dst 10.1.0.128/25";
        final String template = command.equals("add") ? " tmpl proto esp mode tunnel" : "";
        network.moon().run(("ip xfrm policy " + command + " dir fwd " + clients + template).split(" "));
    }

    private String conversation() {
        final DatagramChannel asker = alice.open(7000);
        final DatagramChannel answerer = carol.open(7000);
        try {
            final Token question = Token.next();
            final Token answer = Token.next();
            asker.send(ByteBuffer.wrap(question.payload(200)), new InetSocketAddress(carol.address(), 7000));
            if (!receives(answerer, question)) {
                return "not even asked";
            }
            answerer.send(ByteBuffer.wrap(answer.payload(200)), new InetSocketAddress(alice.address(), 7000));
            return receives(asker, answer) ? "asked, answered" : "asked, not answered";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            close(asker);
            close(answerer);
        }
    }

    /** Large ones. */
    void sizes() {
        report.check("1,400 bytes", FROM_ALICE, () -> large(1400, false));
        report.check("1,440 bytes that must not be fragmented", FROM_ALICE, () -> large(1440, true));
        report.check("1,500 bytes", FROM_ALICE, () -> large(1500, false));
        report.check("3,000 bytes of a LAN with a larger MTU arrive in fragments", "F7", "whole", this::fragmented);
        report.check("1,472 bytes that must not be fragmented cannot pass", NOBODY, () -> large(1472, true));
    }

    private String large(int length, boolean isDontFragment) {
        try (Trial trial = new Trial(network)) {
            final Ipv4Packet.Builder packet = Ipv4Packet.udp(
                    alice.address(), 5353, Network.GROUP, 5353, trial.token().payload(length - 28));
            alice.send((isDontFragment ? packet.dontFragment() : packet).build());
            return isDontFragment && length > 1450 ? trial.counts() : trial.counts(carol, dave);
        }
    }

    private String fragmented() {
        final int identification = 4711;
        try (var tap = carol.tap(arrival -> arrival.packet().destination().equals("239.3.0.0"));
                Trial trial = new Trial(network)) {
            final byte[] payload = trial.token().payload(3000 - 28);
            alice.send(Ipv4Packet.udp(alice.address(), 5353, "239.3.0.0", 5353, payload)
                    .identification(identification)
                    .build());
            trial.arrivals(carol, 1);
            Waiting.until(SOON, () -> tap.packets().size() >= 3);
            final List<Ipv4Packet> fragments =
                    tap.packets().stream().map(Arrival::packet).toList();
            if (fragments.isEmpty()) {
                return "nothing";
            }
            final Ipv4Packet whole = Ipv4Packet.reassemble(fragments);
            return Arrays.equals(whole.udpPayload(), payload) ? "whole" : "something else: " + whole;
        }
    }
}
