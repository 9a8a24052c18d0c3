// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collection;
import java.util.OptionalLong;
import org.markcast.config.Mark;
import org.markcast.linux.NetfilterNews.News;

/** The kernel's side of our tables. Any call but {@link #close()} may fail with an exception whose message says why. */
interface Kernel extends AutoCloseable {

    /** Runs a transaction of nft's words. */
    void run(String script);

    /** Whether {@link #apply} takes that many changes at once. */
    boolean takes(ElementChanges changes);

    /** Changes elements as one transaction; maps lead to marks, not to chains. */
    void apply(ElementChanges changes);

    boolean hasTable(Table table);

    /**
     * Has all connections with one of these conntrack marks lose it: those of the default zone get another mark, the others are
     * forgotten.
     *
     * @param successor the other mark, which replaces all bits
     */
    void disownConnections(Collection<Mark> marks, int successor);

    /** Names all conntrack zones that have UDP connections. */
    void recallZones(Zones.Connection consumer);

    /** The packets that a named counter has seen since its table was installed; empty if there is no such counter. */
    OptionalLong packets(Table table, String counter);

    /** Takes the news of what others did to our tables. */
    News news();

    /** Readable when there is news. */
    int fd();

    @Override
    void close();
}
