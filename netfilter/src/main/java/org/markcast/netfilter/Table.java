// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import org.markcast.linux.NetfilterFamily;

/** The nftables tables that are ours, in the order in which they are installed. */
enum Table {
    MARKS(NetfilterFamily.IP, "markcast"),
    MARKS_IP6(NetfilterFamily.IP6, "markcast"),
    CONNMARK(NetfilterFamily.IP, "markcast_connmark"),
    L2TP(NetfilterFamily.IP, "markcast_l2tp"),
    UPLINKS(NetfilterFamily.IP, "markcast_uplinks"),
    MASQUERADE(NetfilterFamily.IP, "markcast_masquerade"),
    FIREWALL(NetfilterFamily.INET, "markcast_firewall");

    /** Those that hold what follows from the SAs; each of the others is a {@link TableText}. */
    static final Set<Table> OF_SAS = Collections.unmodifiableSet(EnumSet.of(MARKS, MARKS_IP6, CONNMARK, L2TP));

    private final NetfilterFamily family;
    private final String tableName;

    Table(NetfilterFamily family, String tableName) {
        this.family = family;
        this.tableName = tableName;
    }

    NetfilterFamily family() {
        return family;
    }

    /** Without the family. */
    String tableName() {
        return tableName;
    }

    static Table marks(NetfilterFamily family) {
        return family == NetfilterFamily.IP ? MARKS : MARKS_IP6;
    }

    /** Family and name, as nft writes them. */
    @Override
    public String toString() {
        return family.keyword() + " " + tableName;
    }
}
