// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Arrays;
import java.util.Collection;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.markcast.config.Mark;
import org.markcast.linux.ConntrackSocket;
import org.markcast.linux.NetfilterNews;
import org.markcast.linux.NetfilterNews.News;
import org.markcast.linux.NetfilterSocket;
import org.markcast.linux.Nftables;

/** The kernel of this machine, in the network namespace of the thread that opened it. */
final class LinuxKernel implements Kernel {

    private static final byte[] NO_DATA = {};

    /** So many the kernel looks for, one after the other, faster than it can name all connections. */
    private static final int FEW_MARKS = 4;

    private final Nftables nftables;
    private final NetfilterSocket socket;
    private final NetfilterNews news;
    private ConntrackSocket conntrack; // when first needed

    private LinuxKernel(Nftables nftables, NetfilterSocket socket, NetfilterNews news) {
        this.nftables = nftables;
        this.socket = socket;
        this.news = news;
    }

    static Kernel open() {
        final Nftables nftables = new Nftables();
        NetfilterSocket socket = null;
        try {
            socket = new NetfilterSocket();
            return new LinuxKernel(nftables, socket, new NetfilterNews(tableNames()));
        } catch (RuntimeException e) {
            nftables.close();
            if (socket != null) {
                socket.close();
            }
            throw e;
        }
    }

    private static String[] tableNames() {
        return Arrays.stream(Table.values()).map(Table::tableName).distinct().toArray(String[]::new);
    }

    /** The library's socket is not known, so the news that we cause here cannot be told from others': it is skipped. */
    @Override
    public void run(String script) {
        nftables.run(script);
        news.drain(socket.portId());
    }

    @Override
    public boolean takes(ElementChanges changes) {
        return 2 * changes.size() <= NetfilterSocket.MAX_CHANGES; // an interval has an element at both ends
    }

    @Override
    public void apply(ElementChanges changes) {
        socket.begin();
        changes.deleted().forEach((set, elements) -> elements.keySet().forEach(key -> delete(set, key)));
        changes.added().forEach((set, elements) -> elements.forEach((key, mark) -> add(set, key, mark)));
        socket.commit();
    }

    private void delete(ElementSet set, Key key) {
        if (set.isInterval()) {
            socket.delete(set.table().family(), set.table().tableName(), set.name(), first(key), false);
            socket.delete(set.table().family(), set.table().tableName(), set.name(), behind(key), true);
        } else {
            socket.delete(set.table().family(), set.table().tableName(), set.name(), key.bytes(), false);
        }
    }

    private void add(ElementSet set, Key key, Mark mark) {
        final byte[] data = data(set, mark);
        if (set.isInterval()) {
            socket.add(set.table().family(), set.table().tableName(), set.name(), first(key), data, false);
            socket.add(set.table().family(), set.table().tableName(), set.name(), behind(key), NO_DATA, true);
        } else {
            socket.add(set.table().family(), set.table().tableName(), set.name(), key.bytes(), data, false);
        }
    }

    private static byte[] data(ElementSet set, Mark mark) {
        return switch (set.content()) {
            case NOTHING -> NO_DATA;
            case MARK, CONNECTION_MARK -> Key.host(mark.value());
            case ZONE -> Key.hostShort(mark.value());
        };
    }

    private static byte[] first(Key interval) {
        return Key.network(interval.networkInt(0));
    }

    /** No interval ends with the last address of all. */
    private static byte[] behind(Key interval) {
        return Key.network(interval.networkInt(Integer.BYTES) + 1);
    }

    @Override
    public boolean hasTable(Table table) {
        return socket.hasTable(table.family(), table.tableName());
    }

    @Override
    public void disownConnections(Collection<Mark> marks, int successor) {
        if (marks.size() <= FEW_MARKS) {
            marks.forEach(mark -> conntrack().disown(mark.value(), mark.mask(), successor));
        } else {
            final Set<Mark> lost = Set.copyOf(marks);
            final Set<Integer> masks = lost.stream().map(Mark::mask).collect(Collectors.toSet());
            conntrack().disown(mark -> isBelow(masks, mark, lost) ? successor : mark);
        }
    }

    private static boolean isBelow(Set<Integer> masks, int connectionMark, Set<Mark> lost) {
        return masks.stream().anyMatch(mask -> lost.contains(new Mark(connectionMark & mask, mask)));
    }

    @Override
    public void recallZones(Zones.Connection consumer) {
        conntrack().zones(consumer::accept);
    }

    private ConntrackSocket conntrack() {
        if (conntrack == null) {
            conntrack = new ConntrackSocket();
        }
        return conntrack;
    }

    @Override
    public OptionalLong packets(Table table, String counter) {
        return socket.counterPackets(table.family(), table.tableName(), counter);
    }

    @Override
    public News news() {
        return news.drain(socket.portId());
    }

    @Override
    public int fd() {
        return news.fd();
    }

    @Override
    public void close() {
        if (conntrack != null) {
            conntrack.close();
        }
        news.close();
        socket.close();
        nftables.close();
    }
}
