// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.markcast.engine.packet.Ipv4Address;

/** Asks and counts as it is told, and writes down what is to be forgotten. */
final class FakeClientKernel implements ClientKernel {

    final List<Peers> asking = new ArrayList<>();
    final Map<Peers, long[]> traffic = new LinkedHashMap<>();
    final List<Peers> forgotten = new ArrayList<>();
    final List<String> thoroughly = new ArrayList<>();
    RuntimeException failure;
    boolean isClosed;

    @Override
    public void takeAsking(Consumer<Peers> taker) {
        if (failure != null) {
            throw failure;
        }
        asking.forEach(taker);
        asking.clear();
    }

    void count(Peers direction, long packets, long bytes) {
        traffic.put(direction, new long[] {packets, bytes});
    }

    @Override
    public void visitTraffic(TrafficVisitor visitor) {
        traffic.forEach(
                (direction, counts) -> visitor.onTraffic(direction.client(), direction.server(), counts[0], counts[1]));
    }

    @Override
    public void forget(Lease lease) {
        assertTrue(lease.isGranted());
        forgotten.add(lease.peers());
    }

    @Override
    public void forgetAll(Collection<Lease> leases) {
        thoroughly.add(leases.stream()
                .map(lease -> Ipv4Address.text(lease.peers().client()) + " at " + Ipv4Address.text(lease.address()))
                .collect(Collectors.joining(", ")));
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
