// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Reads the section {@code masquerade { }}. For one only. */
final class MasqueradeReader {

    private final SectionView container;
    private final SectionReader section;
    private final Problems problems;

    private MasqueradeReader(SectionView container, Problems problems) {
        this.container = container;
        this.problems = problems;
        section = new SectionReader(Key.MASQUERADE, container, problems);
    }

    /** Empty if something is wrong, which is then among the problems. */
    static Optional<Masquerade> read(SectionView container, boolean hasRules, Problems problems) {
        return new MasqueradeReader(container, problems).read(hasRules);
    }

    private Optional<Masquerade> read(boolean hasRules) {
        section.checkNames(Set.of());
        final List<String> interfaces = section.list(Key.MASQUERADE_INTERFACE, Values::interfaceInRules);
        final List<Prefix> clients = section.list(Key.MASQUERADE_CLIENTS, Values::ipv4Prefix);
        final List<Ipv4Range> pool = pool();
        final Optional<Duration> idle = section.value(Key.MASQUERADE_IDLE, Values::durationOfSecondsOrMore);
        final List<Masquerade.Pair> pairs = pairs(pool);
        if (idle.isEmpty()) {
            return Optional.empty();
        }
        if (!pool.isEmpty() && clients.isEmpty()) {
            problems.add(
                    section.position(Key.MASQUERADE_CLIENTS),
                    "clients: name the inside hosts that get addresses of the pool, e.g. 10.0.0.0/8");
        }
        final Masquerade masquerade = new Masquerade(interfaces, clients, pool, idle.get(), pairs);
        if (masquerade.isEnabled() && !hasRules) {
            problems.add(container.position(), "masquerade is made of rules, write rules = yes");
        }
        return Optional.of(masquerade);
    }

    private List<Ipv4Range> pool() {
        final List<Ipv4Range> pool = section.list(Key.MASQUERADE_POOL, Ipv4Range::parse);
        for (int i = 0; i < pool.size(); i++) {
            for (final Ipv4Range other : pool.subList(0, i)) {
                if (pool.get(i).overlaps(other)) {
                    problems.add(
                            section.position(Key.MASQUERADE_POOL),
                            "pool: " + other + " and " + pool.get(i) + " overlap");
                }
            }
        }
        final long size = pool.stream()
                .mapToLong(range -> Integer.toUnsignedLong(range.size()))
                .sum();
        if (size > Masquerade.MAX_POOL) {
            problems.add(
                    section.position(Key.MASQUERADE_POOL),
                    "pool: has " + size + " addresses, at most " + Masquerade.MAX_POOL + " are possible");
        }
        return pool;
    }

    private List<Masquerade.Pair> pairs(List<Ipv4Range> pool) {
        final SectionView pairs = container.section(Key.PAIRS);
        new SectionReader(Key.MASQUERADE_PAIRS, pairs, problems).checkNames(Set.of());
        final List<Masquerade.Pair> read = new ArrayList<>();
        for (final String name : pairs.sections().keySet()) {
            final SectionReader reader = new SectionReader(Key.MASQUERADE_PAIR, pairs.section(name), problems);
            pair(name, reader).ifPresent(pair -> {
                check(pair, pool, read, reader);
                read.add(pair);
            });
        }
        return read;
    }

    private Optional<Masquerade.Pair> pair(String name, SectionReader reader) {
        reader.checkNames(Set.of());
        final Optional<Integer> client = required(name, reader, Key.PAIR_CLIENT, "the inside host, e.g. 10.0.0.5");
        final Optional<Integer> server = reader.value(Key.PAIR_SERVER, Values::unicast);
        final Optional<Integer> address =
                required(name, reader, Key.PAIR_ADDRESS, "its external address, e.g. 203.0.113.9");
        if (client.isEmpty() || address.isEmpty() || server.isEmpty() && reader.isSet(Key.PAIR_SERVER)) {
            return Optional.empty();
        }
        return Optional.of(new Masquerade.Pair(
                name, client.get(), server.map(OptionalInt::of).orElse(OptionalInt.empty()), address.get()));
    }

    private Optional<Integer> required(String name, SectionReader reader, Key key, String what) {
        if (!reader.isSet(key)) {
            problems.add(reader.position(key), "pair '" + name + "' has no " + key.keyName() + ": write " + what);
        }
        return reader.value(key, Values::unicast);
    }

    private void check(Masquerade.Pair pair, List<Ipv4Range> pool, List<Masquerade.Pair> others, SectionReader reader) {
        final Position position = reader.position(Key.PAIR_ADDRESS);
        if (pool.stream().anyMatch(range -> range.contains(pair.address()))) {
            problems.add(position, "address: " + Values.text(pair.address()) + " is in the pool, which is for leases");
        }
        if (pair.client() == pair.address()) {
            problems.add(position, "pair '" + pair.name() + "' has the client's own address: write the external one");
        }
        for (final Masquerade.Pair other : others) {
            if (pair.collidesWith(other)) {
                problems.add(
                        position,
                        "pair '" + pair.name() + "' and pair '" + other.name()
                                + (pair.client() == other.client()
                                        ? "' are for the same client and server"
                                        : "' share an address and a server: nothing would tell their ESP apart"));
            }
        }
    }
}
