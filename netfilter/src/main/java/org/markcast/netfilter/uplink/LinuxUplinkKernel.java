// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.List;
import java.util.Set;
import org.markcast.linux.ConntrackSocket;
import org.markcast.linux.Route;
import org.markcast.linux.RouteNetlink;
import org.markcast.linux.RouteNetlink.Address;
import org.markcast.linux.RouteNetlink.Link;
import org.markcast.linux.RoutingTables;
import org.markcast.linux.RoutingTables.Rule;

/** The kernel of this machine, in the network namespace of the thread that opened it. */
final class LinuxUplinkKernel implements UplinkKernel {

    /** Of our routes and rules (rtnetlink(7), rtm_protocol): a number that no routing daemon of iproute2's list has. */
    static final int PROTOCOL = 109;

    private final RouteNetlink interfaces;
    private final RoutingTables routing;
    private final ConntrackSocket conntrack;

    LinuxUplinkKernel() {
        interfaces = RouteNetlink.withRouting();
        RoutingTables tables = null;
        try {
            tables = new RoutingTables(PROTOCOL);
            conntrack = new ConntrackSocket();
        } catch (RuntimeException e) {
            interfaces.close();
            if (tables != null) {
                tables.close();
            }
            throw e;
        }
        routing = tables;
    }

    @Override
    public int fd() {
        return interfaces.fd();
    }

    @Override
    public boolean hasNews() {
        return interfaces.drain();
    }

    @Override
    public List<Link> links() {
        return interfaces.links();
    }

    @Override
    public List<Address> addresses() {
        return interfaces.addresses();
    }

    @Override
    public List<Rule> rules() {
        return routing.rules();
    }

    @Override
    public List<Route> routes() {
        return routing.routes();
    }

    @Override
    public List<Route> mainRoutes() {
        return routing.routesIn(RoutingTables.MAIN);
    }

    @Override
    public boolean add(Rule rule) {
        return routing.add(rule);
    }

    @Override
    public void delete(Rule rule) {
        routing.delete(rule);
    }

    @Override
    public boolean add(Route route) {
        return routing.add(route);
    }

    @Override
    public void delete(Route route) {
        routing.delete(route);
    }

    @Override
    public int countConnections(int mark, int mask) {
        return conntrack.count(mark, mask);
    }

    @Override
    public void forgetConnections(int mark, int mask) {
        conntrack.forget(mark, mask);
    }

    @Override
    public void disownConnections(int mark, int mask) {
        conntrack.disown(mark, mask, 0);
    }

    @Override
    public int forgetConnections(int mark, int mask, Set<Integer> addresses) {
        return conntrack.forget(mark, mask, addresses);
    }

    @Override
    public boolean hasStrictFilter(String interfaceName) {
        return StrictFilter.isOn(interfaceName);
    }

    @Override
    public void close() {
        conntrack.close();
        routing.close();
        interfaces.close();
    }
}
