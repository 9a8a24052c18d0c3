// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;
import org.markcast.linux.ConntrackSocket;
import org.markcast.linux.ConntrackTuple;
import org.markcast.linux.LinuxException;
import org.markcast.linux.NetfilterLog;
import org.markcast.linux.NetfilterSocket;

/** The kernel of this machine, in the network namespace of the calling thread. */
final class LinuxClientKernel implements ClientKernel {

    private static final int[] SERVER_PORTS = {LeaseConnections.IKE_PORT, LeaseConnections.NAT_TRAVERSAL_PORT};

    private static final int IPV4_HEADER_LENGTH = 20;
    private static final int SOURCE_OFFSET = 12;
    private static final int DESTINATION_OFFSET = 16;

    @Override
    public Askers askers() {
        return new LoggedPackets();
    }

    @Override
    public Traffic traffic() {
        return new Counters();
    }

    @Override
    public Tracking tracking() {
        return new Conntrack();
    }

    /** What the rules log. */
    private static final class LoggedPackets implements Askers {
        private final NetfilterLog log = new NetfilterLog(MasqueradeRules.LOG_GROUP);

        @Override
        public void take(Consumer<Peers> taker) {
            log.drain((buffer, offset, length) -> {
                if (length >= IPV4_HEADER_LENGTH) {
                    taker.accept(new Peers(
                            address(buffer, offset + SOURCE_OFFSET), address(buffer, offset + DESTINATION_OFFSET)));
                }
            });
        }

        private static int address(DirectBuffer buffer, int offset) {
            return buffer.getInt(offset, ByteOrder.BIG_ENDIAN);
        }

        @Override
        public void close() {
            log.close();
        }
    }

    /** The counters in the sets' elements. */
    private static final class Counters implements Traffic {
        private final NetfilterSocket socket = new NetfilterSocket();

        @Override
        public void visit(TrafficVisitor visitor) {
            visit(MasqueradeRules.TRAFFIC, (key, packets, bytes) -> {
                final ByteBuffer hosts = ByteBuffer.wrap(key);
                visitor.onTraffic(hosts.getInt(), hosts.getInt(), packets, bytes);
            });
            visit(
                    MasqueradeRules.FIXED_OUT,
                    (key, packets, bytes) ->
                            visitor.onTraffic(ByteBuffer.wrap(key).getInt(), Peers.ANY, packets, bytes));
            visit(
                    MasqueradeRules.FIXED_IN,
                    (key, packets, bytes) ->
                            visitor.onTraffic(Peers.ANY, ByteBuffer.wrap(key).getInt(), packets, bytes));
        }

        private void visit(String set, NetfilterSocket.CounterVisitor visitor) {
            socket.visitCounters(Table.MASQUERADE.family(), Table.MASQUERADE.tableName(), set, visitor);
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    /** Connection tracking. */
    private static final class Conntrack implements Tracking {
        private final ConntrackSocket conntrack = new ConntrackSocket();

        /** Either end of a connection finds it. */
        @Override
        public void forget(Lease lease) {
            final Peers peers = lease.peers();
            forget(peers.client(), peers.server());
            forget(peers.server(), lease.address());
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
            final LeaseConnections connections = new LeaseConnections(leases);
            delete(conntrack.find((sent, answer) -> connections.hold(sent)));
        }

        @Override
        public void forgetMistranslated(Collection<Lease> leases) {
            delete(conntrack.find(new LeaseConnections(leases)::holdMistranslated));
        }

        /** All of them, also if the kernel refuses one. */
        private void delete(List<ConntrackTuple> connections) {
            LinuxException refusal = null;
            for (final ConntrackTuple connection : connections) {
                try {
                    conntrack.delete(connection);
                } catch (LinuxException e) {
                    refusal = e;
                }
            }
            if (refusal != null) {
                throw refusal;
            }
        }

        @Override
        public void close() {
            conntrack.close();
        }
    }
}
