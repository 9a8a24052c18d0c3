// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.OptionalLong;
import org.markcast.config.Mark;
import org.markcast.linux.NetfilterFamily;
import org.markcast.linux.NetfilterNews;
import org.markcast.linux.NetfilterNews.News;
import org.markcast.linux.NetfilterSocket;
import org.markcast.linux.Nftables;

/** The kernel of this machine, in the network namespace of the thread that opened it. */
final class LinuxKernel implements Kernel {

    private static final byte[] NO_DATA = {};

    private final Nftables nftables;
    private final NetfilterSocket socket;
    private final NetfilterNews news;

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
            return new LinuxKernel(nftables, socket, new NetfilterNews(MarkTables.TABLE));
        } catch (RuntimeException e) {
            nftables.close();
            if (socket != null) {
                socket.close();
            }
            throw e;
        }
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
            socket.delete(set.family(), MarkTables.TABLE, set.name(), first(key), false);
            socket.delete(set.family(), MarkTables.TABLE, set.name(), behind(key), true);
        } else {
            socket.delete(set.family(), MarkTables.TABLE, set.name(), key.bytes(), false);
        }
    }

    private void add(ElementSet set, Key key, Mark mark) {
        final byte[] data = set.isMap() ? Key.host(mark.value()) : NO_DATA;
        if (set.isInterval()) {
            socket.add(set.family(), MarkTables.TABLE, set.name(), first(key), data, false);
            socket.add(set.family(), MarkTables.TABLE, set.name(), behind(key), NO_DATA, true);
        } else {
            socket.add(set.family(), MarkTables.TABLE, set.name(), key.bytes(), data, false);
        }
    }

    private static byte[] first(Key interval) {
        return Key.network(interval.networkInt(0));
    }

    /** No interval ends with the last address of all. */
    private static byte[] behind(Key interval) {
        return Key.network(interval.networkInt(Integer.BYTES) + 1);
    }

    @Override
    public boolean hasTable(NetfilterFamily family) {
        return socket.hasTable(family, MarkTables.TABLE);
    }

    @Override
    public OptionalLong leaks() {
        return socket.counterPackets(NetfilterFamily.IP, MarkTables.TABLE, MarkRules.LEAKS);
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
        news.close();
        socket.close();
        nftables.close();
    }
}
