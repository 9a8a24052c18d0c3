// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;

/**
 * The {@code masquerade} section: inside hosts whose own IPsec clients have an external address each. Addresses are
 * {@code int} in host order.
 *
 * @param interfaces by which packets have to leave; empty: by any
 * @param clients the inside hosts that get addresses of the pool
 * @param pool addresses to lease; ranges that do not overlap
 * @param idle how long after its last packet a lease ends, at least a second
 * @param pairs who has an address of its own for good
 */
public record Masquerade(
        List<String> interfaces, List<Prefix> clients, List<Ipv4Range> pool, Duration idle, List<Pair> pairs) {

    /** How many addresses a pool may hold. */
    static final int MAX_POOL = 4096;

    /**
     * An inside host with an address of its own.
     *
     * @param server the peer to which the address is used; empty: to all
     * @param address external
     */
    public record Pair(String name, int client, OptionalInt server, int address) {

        /** Whether there are packets that both claim: of the same client, or from a server to the same address. */
        boolean collidesWith(Pair other) {
            final boolean isSameServer = server.isEmpty() || other.server.isEmpty() || server.equals(other.server);
            return client == other.client ? server.equals(other.server) : isSameServer && address == other.address;
        }
    }

    public Masquerade {
        interfaces = List.copyOf(interfaces);
        clients = List.copyOf(clients);
        pool = List.copyOf(pool);
        pairs = List.copyOf(pairs);
    }

    /** Whether there is anything to do. */
    public boolean isEnabled() {
        return !pool.isEmpty() || !pairs.isEmpty();
    }

    /** How many addresses the pool has. */
    public int poolSize() {
        return pool.stream().mapToInt(Ipv4Range::size).sum();
    }

    public boolean hasInPool(int address) {
        return pool.stream().anyMatch(range -> range.contains(address));
    }
}
