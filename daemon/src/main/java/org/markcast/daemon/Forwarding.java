// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.SystemNanoClock;
import org.markcast.capture.Capture;
import org.markcast.config.Config;
import org.markcast.engine.ForwarderAgent;
import org.markcast.engine.ForwardingState;
import org.markcast.engine.counter.Counters;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.engine.sa.SaTable;
import org.markcast.injector.Injector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What moves packets: capture and the forwarders with their injectors. Belongs to the control thread. */
final class Forwarding implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Forwarding.class);

    private static final long FORWARDER_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(5);

    private final Counters counters;
    private final Capture capture;
    private final List<Forwarder> forwarders = new ArrayList<>();

    private ForwardingState state = ForwardingState.EMPTY;

    /** A forwarder thread, what it sends with and what it waits with. */
    private record Forwarder(ForwarderAgent agent, Injector injector, AgentRunner runner, PollingIdle idle) {}

    /** @throws org.markcast.linux.LinuxException if a socket cannot be had */
    Forwarding(Config config, Counters counters) {
        this.counters = counters;
        capture = new Capture(config.forwarders(), config.interfaces(), groups(config));
        try {
            for (int i = 0; i < config.forwarders(); i++) {
                forwarders.add(forwarder(i));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        if (!capture.hasMarks()) {
            LOG.warn("this kernel does not tell the marks of packets (needs Linux 5.19): the source address decides"
                    + " which tunnel a packet came from");
        }
    }

    private Forwarder forwarder(int index) {
        final Injector injector = Injector.open(SystemNanoClock.INSTANCE, counters.forwarder(index));
        final ForwarderAgent agent =
                new ForwarderAgent(index, counters.forwarder(index), injector, SystemNanoClock.INSTANCE);
        final PollingIdle idle = new PollingIdle(PollingIdle.FORWARDER_SPIN_NS, capture.fds(index));
        return new Forwarder(agent, injector, new AgentRunner(idle, new ErrorLog(), null, agent), idle);
    }

    private static List<Integer> groups(Config config) {
        return config.groups().stream().map(Ipv4Address::of).toList();
    }

    void start() {
        forwarders.forEach(forwarder -> AgentRunner.startOnThread(forwarder.runner()));
    }

    Capture capture() {
        return capture;
    }

    int forwarders() {
        return forwarders.size();
    }

    ForwardingState state() {
        return state;
    }

    /** Broadcast addresses of the LANs, in host order. */
    Set<Integer> broadcasts() {
        final Set<Integer> broadcasts = new TreeSet<>();
        capture.usable().forEach(lan -> broadcasts.addAll(lan.broadcasts()));
        return broadcasts;
    }

    /** Hands the forwarders what they work by now, with the sources that they poll now; returns the generation. */
    long publish(SaTable sas, Config config) {
        final Optional<List<Inet4Address>> strict =
                config.strictGroups() ? Optional.of(config.groups()) : Optional.empty();
        state = new ForwardingState(sas, counters.forSas(sas), capture.usable(), strict, !capture.hasMarks());
        long generation = 0;
        for (int i = 0; i < forwarders.size(); i++) {
            forwarders.get(i).idle().follow(capture.fds(i));
            generation = forwarders.get(i).agent().publish(state, capture.sources(i));
        }
        return generation;
    }

    /** Changes to another configuration without losing a packet of what stays. */
    void reconfigure(SaTable sas, Config config) {
        final List<String> before = capture.names();
        capture.reconfigure(config.interfaces(), groups(config));
        awaitForwarders(publish(sas, config));
        capture.closeRetired();
        before.stream()
                .filter(name -> !capture.names().contains(name))
                .forEach(name -> counters.freeNamed(dropsOn(name)));
    }

    /** A source must not be closed under a forwarder that still polls it. */
    private void awaitForwarders(long generation) {
        final long deadlineNs = System.nanoTime() + FORWARDER_TIMEOUT_NS;
        for (final Forwarder forwarder : forwarders) {
            while (!forwarder.agent().hasSeen(generation)) {
                if (System.nanoTime() > deadlineNs) {
                    throw new IllegalStateException(
                            forwarder.agent().roleName() + " does not take the new configuration");
                }
                Thread.onSpinWait();
            }
        }
    }

    /** Counts what the kernel dropped because we were slow. */
    void countDrops() {
        for (final String name : capture.names()) {
            counters.named(dropsOn(name)).setRelease(capture.drops(name));
        }
        counters.named("kernel drops of decapsulated packets").setRelease(capture.decapsulatedDrops());
    }

    private static String dropsOn(String name) {
        return "kernel drops on " + name;
    }

    @Override
    public void close() {
        forwarders.forEach(forwarder -> forwarder.runner().close());
        forwarders.forEach(forwarder -> forwarder.injector().close());
        capture.close();
    }
}
