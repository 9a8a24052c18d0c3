// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.RandomAccess;
import java.util.function.Function;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.counter.SaCounters;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaTable;

/**
 * The SAs of a table as the status shows them. Each is made when it is asked for, and none is kept: ten thousand at once would be
 * megabytes that a garbage collection copies while the forwarders wait. The counters are those of the moment when the list was
 * made. Readable from any thread.
 */
final class TunnelList extends AbstractList<Status.Tunnel> implements RandomAccess {

    private final SaTable sas;
    private final boolean isForwarded;
    private final int[] indexes;
    private final int[] zones; // 0: none
    private final long[] packetsIn;
    private final long[] copies;

    /**
     * @param counters of the table's slots; null if nothing is forwarded
     * @param zoneOf the conntrack zone of an SA
     */
    TunnelList(SaTable sas, SaCounters counters, Function<Sa, OptionalInt> zoneOf) {
        this.sas = sas;
        isForwarded = counters != null;
        indexes = sas.sas().stream().mapToInt(sas::indexOf).toArray();
        zones = sas.sas().stream().mapToInt(sa -> zoneOf.apply(sa).orElse(0)).toArray();
        packetsIn = new long[indexes.length];
        copies = new long[indexes.length];
        for (int i = 0; i < indexes.length; i++) {
            packetsIn[i] = isForwarded ? counters.packetsIn(indexes[i]) : SaCounters.UNKNOWN;
            copies[i] = isForwarded ? counters.copies(indexes[i]) : SaCounters.UNKNOWN;
        }
    }

    @Override
    public int size() {
        return indexes.length;
    }

    @Override
    public Status.Tunnel get(int index) {
        final Sa sa = sas.sas().get(index);
        return new Status.Tunnel(
                sa.name(),
                sa.child(),
                sa.mode().name().toLowerCase(Locale.ROOT),
                sa.markIn().toString(),
                sa.markOut().toString(),
                texts(sa.localTs()),
                texts(sa.remoteTs()),
                isForwarded ? sas.isReinject(indexes[index]) : null,
                zones[index] == 0 ? null : Integer.valueOf(zones[index]),
                known(packetsIn[index]),
                known(copies[index]));
    }

    private static List<String> texts(List<TrafficSelector> selectors) {
        final List<String> texts = new ArrayList<>(selectors.size());
        for (final TrafficSelector selector : selectors) {
            texts.add(selector.toString());
        }
        return texts;
    }

    private static Long known(long count) {
        return count == SaCounters.UNKNOWN ? null : Long.valueOf(count);
    }
}
