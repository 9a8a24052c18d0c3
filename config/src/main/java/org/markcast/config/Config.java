// SPDX-License-Identifier: Apache-2.0
package org.markcast.config;

import java.net.Inet4Address;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * All that the operator can set; see {@code config/reference.conf} for every key.
 *
 * @param interfaces LAN interfaces by name; empty: the first usable broadcast interface
 * @param groups multicast groups to join on every LAN interface
 * @param reinject names of children whose clients' packets go to the other tunnels too
 * @param forward whether packets are captured and sent at all
 * @param strictGroups whether only {@code groups} are forwarded, instead of every multicast that arrives
 * @param forwarders number of forwarder threads, 1 to 64 ({@code auto} has become a number)
 * @param rules whether markcast manages the nftables tables
 * @param leakGuard whether copies that would leave without IPsec are dropped by a rule
 * @param sources where SAs come from
 * @param viciSocket path of charon's VICI socket
 * @param viciLinger how long SAs stay in use after the connection to charon broke
 * @param connmark how connections find back to their SA
 * @param uplinks how connections stay on their uplink
 * @param firewall what may come in by the WAN
 * @param masquerade which inside hosts have external addresses of their own
 * @param staticSas the SAs of the {@code static} section
 */
public record Config(
        List<String> interfaces,
        List<Inet4Address> groups,
        Set<String> reinject,
        boolean forward,
        boolean strictGroups,
        int forwarders,
        boolean rules,
        boolean leakGuard,
        Set<Source> sources,
        Path viciSocket,
        Duration viciLinger,
        Connmark connmark,
        Uplinks uplinks,
        Firewall firewall,
        Masquerade masquerade,
        List<StaticSa> staticSas) {

    static final int MAX_FORWARDERS = 64;

    public Config {
        interfaces = List.copyOf(interfaces);
        groups = List.copyOf(groups);
        reinject = Collections.unmodifiableSet(new LinkedHashSet<>(reinject));
        sources = Collections.unmodifiableSet(new LinkedHashSet<>(sources));
        staticSas = List.copyOf(staticSas);
        if (forwarders < 1 || forwarders > MAX_FORWARDERS) {
            throw new IllegalArgumentException(
                    "forwarders is a number from 1 to " + MAX_FORWARDERS + ", not " + forwarders);
        }
    }

    /** What an empty {@code markcast { }} means. */
    public static Config defaults() {
        return ConfigReader.defaults();
    }

    /** The rest, for who has taken over the SAs: ten thousand of them are megabytes. */
    public Config withoutStaticSas() {
        return new Config(
                interfaces,
                groups,
                reinject,
                forward,
                strictGroups,
                forwarders,
                rules,
                leakGuard,
                sources,
                viciSocket,
                viciLinger,
                connmark,
                uplinks,
                firewall,
                masquerade,
                List.of());
    }

    /** The configuration as text that {@link ConfigReader#read} reads back to an equal one. */
    public String render() {
        return new ConfigPrinter().print(this);
    }

    /** Where SAs come from. */
    public enum Source {
        VICI,
        STATIC
    }
}
