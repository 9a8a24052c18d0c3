// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.markcast.linux.ConntrackSocket;
import org.markcast.linux.ConntrackTuple;
import org.markcast.linux.NetfilterLog;
import org.markcast.linux.NetfilterSocket;

/** The kernel of this machine, in the network namespace of the thread that opened it. */
final class LinuxClientKernel implements ClientKernel {

    private static final int[] SERVER_PORTS = {LeaseConnections.IKE_PORT, LeaseConnections.NAT_TRAVERSAL_PORT};

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

    /** Either end of a connection finds it. */
    @Override
    public void forget(Lease lease) {
        final Peers peers = lease.peers();
        forget(peers.client(), peers.server());
        if (lease.isGranted()) {
            forget(peers.server(), lease.address());
        }
    }

    private void forget(int source, int destination) {
        conntrack.delete(new ConntrackTuple(LeaseConnections.ESP, source, destination, 0, 0));
        conntrack.delete(new ConntrackTuple(LeaseConnections.AH, source, destination, 0, 0));
        for (final int port : SERVER_PORTS) {
            conntrack.delete(new ConntrackTuple(LeaseConnections.UDP, source, destination, port, port));
        }
    }

    @Override
    public void forgetAll(Collection<Lease> leases) {
        conntrack.find(new LeaseConnections(leases)).forEach(conntrack::delete);
    }

    @Override
    public void close() {
        conntrack.close();
        socket.close();
        log.close();
    }
}
