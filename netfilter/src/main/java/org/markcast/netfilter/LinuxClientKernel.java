// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.markcast.linux.ConntrackSocket;
import org.markcast.linux.ConntrackTuple;
import org.markcast.linux.NetfilterLog;
import org.markcast.linux.NetfilterSocket;

/** The kernel of this machine, in the network namespace of the thread that opened it. */
final class LinuxClientKernel implements ClientKernel {

    private static final int UDP = 17;
    private static final int ESP = 50;
    private static final int AH = 51;
    private static final int[] IKE_PORTS = {500, 4500};

    private static final int IPV4_HEADER_LENGTH = 20;
    private static final int SOURCE_OFFSET = 12;
    private static final int DESTINATION_OFFSET = 16;

    private final NetfilterLog log;
    private final NetfilterSocket socket;
    private final ConntrackSocket conntrack;

    private LinuxClientKernel(NetfilterLog log, NetfilterSocket socket, ConntrackSocket conntrack) {
        this.log = log;
        this.socket = socket;
        this.conntrack = conntrack;
    }

    static ClientKernel open() {
        final NetfilterLog log = new NetfilterLog(MasqueradeRules.LOG_GROUP);
        NetfilterSocket socket = null;
        try {
            socket = new NetfilterSocket();
            return new LinuxClientKernel(log, socket, new ConntrackSocket());
        } catch (RuntimeException e) {
            log.close();
            if (socket != null) {
                socket.close();
            }
            throw e;
        }
    }

    @Override
    public void takeAsking(Consumer<Peers> asking) {
        log.drain((buffer, offset, length) -> {
            if (length >= IPV4_HEADER_LENGTH) {
                asking.accept(new Peers(
                        address(buffer, offset + SOURCE_OFFSET), address(buffer, offset + DESTINATION_OFFSET)));
            }
        });
    }

    private static int address(DirectBuffer buffer, int offset) {
        return buffer.getInt(offset, ByteOrder.BIG_ENDIAN);
    }

    @Override
    public void visitTraffic(TrafficVisitor visitor) {
        visit(MasqueradeRules.TRAFFIC, (key, packets, bytes) -> {
            final ByteBuffer hosts = ByteBuffer.wrap(key);
            visitor.onTraffic(hosts.getInt(), hosts.getInt(), packets, bytes);
        });
        visit(
                MasqueradeRules.FIXED_OUT,
                (key, packets, bytes) -> visitor.onTraffic(ByteBuffer.wrap(key).getInt(), Peers.ANY, packets, bytes));
        visit(
                MasqueradeRules.FIXED_IN,
                (key, packets, bytes) ->
                        visitor.onTraffic(Peers.ANY, ByteBuffer.wrap(key).getInt(), packets, bytes));
    }

    private void visit(String set, NetfilterSocket.CounterVisitor visitor) {
        socket.visitCounters(Table.MASQUERADE.family(), Table.MASQUERADE.tableName(), set, visitor);
    }

    /** A lease is given often, so it must not look at every connection; IKE without NAT has the same port at both ends. */
    @Override
    public void forget(Peers peers) {
        if (peers.server() == Peers.ANY) {
            conntrack.find(connection -> isIpsecOf(peers.client(), connection)).forEach(conntrack::delete);
            return;
        }
        conntrack.delete(new ConntrackTuple(ESP, peers.client(), peers.server(), 0, 0));
        conntrack.delete(new ConntrackTuple(AH, peers.client(), peers.server(), 0, 0));
        for (final int port : IKE_PORTS) {
            conntrack.delete(new ConntrackTuple(UDP, peers.client(), peers.server(), port, port));
        }
    }

    private static boolean isIpsecOf(int client, ConntrackTuple connection) {
        return connection.source() == client
                && switch (connection.protocol()) {
                    case ESP, AH -> true;
                    case UDP ->
                        connection.destinationPort() == IKE_PORTS[0] || connection.destinationPort() == IKE_PORTS[1];
                    default -> false;
                };
    }

    @Override
    public void close() {
        conntrack.close();
        socket.close();
        log.close();
    }
}
