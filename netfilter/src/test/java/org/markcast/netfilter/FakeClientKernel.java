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
    final Map<Peers, long[]> counts = new LinkedHashMap<>();
    final List<Peers> forgotten = new ArrayList<>();
    final List<String> thoroughly = new ArrayList<>();
    final List<String> mistranslated = new ArrayList<>();
    RuntimeException askersFailure;
    RuntimeException trafficFailure;
    RuntimeException trackingFailure;
    int open;

    private abstract class Part implements Facility.Resource {
        Part() {
            open++;
        }

        @Override
        public void close() {
            open--;
        }
    }

    private static void failIf(RuntimeException failure) {
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public Askers askers() {
        final class Asking extends Part implements Askers {
            @Override
            public void take(Consumer<Peers> taker) {
                failIf(askersFailure);
                asking.forEach(taker);
                asking.clear();
            }
        }
        failIf(askersFailure);
        return new Asking();
    }

    void count(Peers direction, long packets, long bytes) {
        counts.put(direction, new long[] {packets, bytes});
    }

    @Override
    public Traffic traffic() {
        final class Counting extends Part implements Traffic {
            @Override
            public void visit(TrafficVisitor visitor) {
                failIf(trafficFailure);
                counts.forEach((direction, some) ->
                        visitor.onTraffic(direction.client(), direction.server(), some[0], some[1]));
            }
        }
        return new Counting();
    }

    @Override
    public Tracking tracking() {
        final class Forgetting extends Part implements Tracking {
            @Override
            public void forget(Lease lease) {
                failIf(trackingFailure);
                assertTrue(lease.isGranted());
                forgotten.add(lease.peers());
            }

            @Override
            public void forgetAll(Collection<Lease> leases) {
                failIf(trackingFailure);
                thoroughly.add(text(leases));
            }

            @Override
            public void forgetMistranslated(Collection<Lease> leases) {
                failIf(trackingFailure);
                mistranslated.add(text(leases));
            }

            private static String text(Collection<Lease> leases) {
                return leases.stream()
                        .map(lease ->
                                Ipv4Address.text(lease.peers().client()) + " at " + Ipv4Address.text(lease.address()))
                        .collect(Collectors.joining(", "));
            }
        }
        return new Forgetting();
    }
}
