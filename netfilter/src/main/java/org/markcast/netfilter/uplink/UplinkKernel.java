// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.List;
import java.util.Set;
import org.markcast.linux.Route;
import org.markcast.linux.RouteNetlink.Address;
import org.markcast.linux.RouteNetlink.Link;
import org.markcast.linux.RoutingTables.Rule;

/** The kernel's side of uplinks. Any call but {@link #close()} may fail with a LinuxException. */
interface UplinkKernel extends AutoCloseable {

    /** Readable when there is news. */
    int fd();

    /** Takes the news; whether there was any about links, addresses, routes, next hops or rules. */
    boolean hasNews();

    List<Link> links();

    List<Address> addresses();

    /** Our routing rules. */
    List<Rule> rules();

    /** Our routes, of all tables. */
    List<Route> routes();

    /** Everybody's routes in the main table. */
    List<Route> mainRoutes();

    /** {@code false} if somebody else has the same. */
    boolean add(Rule rule);

    void delete(Rule rule);

    /** {@code false} if somebody else's route stands in its place. */
    boolean add(Route route);

    void delete(Route route);

    int countConnections(int mark, int mask);

    void forgetConnections(int mark, int mask);

    /** Takes the mark off connections: they go on as if they had never had one. */
    void disownConnections(int mark, int mask);

    /** Those that have one of these addresses; how many they were. */
    int forgetConnections(int mark, int mask, Set<Integer> addresses);

    /** Whether packets are dropped whose source is reached by another interface (RFC 3704, strict mode). */
    boolean hasStrictFilter(String interfaceName);

    @Override
    void close();
}
