// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter.uplink;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.linux.LinuxException;
import org.markcast.linux.Route;
import org.markcast.linux.RouteNetlink.Address;
import org.markcast.linux.RouteNetlink.Link;
import org.markcast.linux.RoutingTables.Rule;

/** A kernel that has what a test gives it, and writes down what it is asked to do. */
final class FakeUplinkKernel implements UplinkKernel {

    final Map<String, Link> links = new HashMap<>();
    final List<Address> addresses = new ArrayList<>();
    final List<Route> main = new ArrayList<>();
    final Set<Rule> rules = new LinkedHashSet<>();
    final Set<Route> routes = new LinkedHashSet<>();
    final Set<Route> foreign = new LinkedHashSet<>();
    final Set<Route> impossible = new LinkedHashSet<>();
    final List<String> released = new ArrayList<>();

    /** Rules of others. */
    final Set<Rule> foreignRules = new LinkedHashSet<>();

    /** How often the main table was read, and what happens then. */
    int looks;

    Runnable whileReading = () -> {};

    /** What the next change meets, once; null: nothing. */
    LinuxException failure;

    /** What each deletion of a rule meets, if not null. */
    LinuxException undeletable;

    boolean hasNews;
    boolean isClosed;

    void up(String name, int index, boolean isPointToPoint, int... some) {
        links.put(name, new Link(index, name, true, true, !isPointToPoint, isPointToPoint, false, 0, 1500));
        addresses.removeIf(address -> address.interfaceIndex() == index);
        for (final int address : some) {
            addresses.add(new Address(index, address, 24, 0));
        }
        hasNews = true;
    }

    void gone(String name) {
        final Link link = links.remove(name);
        addresses.removeIf(address -> address.interfaceIndex() == link.index());
        routes.removeIf(route -> route.without(Set.of(link.index())) == null);
        hasNews = true;
    }

    private void failOnce() {
        if (failure != null) {
            final LinuxException thrown = failure;
            failure = null;
            throw thrown;
        }
    }

    @Override
    public int fd() {
        return -1;
    }

    @Override
    public boolean hasNews() {
        final boolean had = hasNews;
        hasNews = false;
        return had;
    }

    @Override
    public List<Link> links() {
        return List.copyOf(links.values());
    }

    @Override
    public List<Address> addresses() {
        return List.copyOf(addresses);
    }

    @Override
    public List<Rule> rules() {
        return List.copyOf(rules);
    }

    @Override
    public List<Route> routes() {
        return List.copyOf(routes);
    }

    @Override
    public List<Route> mainRoutes() {
        looks++;
        whileReading.run();
        return List.copyOf(main);
    }

    @Override
    public boolean add(Rule rule) {
        failOnce();
        return !foreignRules.contains(rule) && rules.add(rule);
    }

    @Override
    public void delete(Rule rule) {
        if (undeletable != null) {
            throw undeletable;
        }
        rules.remove(rule);
    }

    @Override
    public boolean add(Route route) {
        if (impossible.contains(route)) {
            throw LinuxFailure.of("adding a route");
        }
        return !foreign.contains(route) && routes.add(route);
    }

    @Override
    public void delete(Route route) {
        routes.remove(route);
    }

    @Override
    public int countConnections(int mark, int mask) {
        return 0;
    }

    @Override
    public void forgetConnections(int mark, int mask) {
        failOnce();
        released.add(Integer.toHexString(mark) + " all");
    }

    @Override
    public void disownConnections(int mark, int mask) {
        released.add(Integer.toHexString(mark) + " disowned");
    }

    @Override
    public int forgetConnections(int mark, int mask, Set<Integer> some) {
        failOnce();
        final Set<String> texts = new TreeSet<>();
        some.forEach(address -> texts.add(Ipv4Address.text(address)));
        released.add(Integer.toHexString(mark) + " " + texts);
        return 1;
    }

    @Override
    public boolean hasStrictFilter(String interfaceName) {
        return false;
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
