// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Sas;

/** Steps in which strongSwan changes SAs under the engine. */
final class Changes extends Scenario {

    private static final int PACKETS_PER_SECOND = 100;
    private static final int AROUND_A_CHANGE = 30;
    private static final String NOTHING_LOST = "nothing lost";
    private static final String CAROL_OUTSIDE = "192.168.0.100";
    private static final String CAROL_ELSEWHERE = "192.168.0.101";

    Changes(Network network, Engine engine, Report report) {
        super(network, engine, report);
    }

    /** New SPIs, the same marks; the old SAs linger. */
    void rekeyChildren() {
        final Set<String> before = network.sas().spis();
        underFlows("CHILD rekey", "F13", () -> {
            network.gateway().swanctl("--rekey", "--child", "rw");
            network.awaitSas("rekeyed CHILD_SAs", sas -> isRenewed(sas, before));
        });
        checkAllPaths("after it");
        report.check("alice can ping carol after it", "3 of 3", () -> alice.ping(carol.address()));
    }

    private static boolean isRenewed(Sas sas, Set<String> before) {
        return sas.children().size() == 2
                && sas.children().stream().allMatch(child -> child.isInstalled() && !before.contains(child.spi()));
    }

    /** The CHILD_SAs move to new IKE_SAs. */
    void rekeyIke() {
        final Set<String> before = network.sas().ikeIds();
        underFlows("IKE rekey", "", () -> {
            network.gateway().swanctl("--rekey", "--ike", "rw");
            network.awaitSas("rekeyed IKE_SAs", sas -> isRenewedIke(sas, before));
        });
        checkAllPaths("after it");
    }

    private static boolean isRenewedIke(Sas sas, Set<String> before) {
        final Set<String> common = new HashSet<>(sas.ikeIds());
        common.retainAll(before);
        return sas.ikes().size() == 2 && common.isEmpty() && sas.children().size() == 2;
    }

    /** Multicasts go on from the LAN and from a client while something changes, and none may be lost. */
    private void underFlows(String change, String defect, Runnable work) {
        try (Flow outwards = new Flow(alice, false, PACKETS_PER_SECOND, carol, dave);
                Flow inwards = new Flow(carol, true, PACKETS_PER_SECOND, alice, dave)) {
            outwards.more(AROUND_A_CHANGE);
            inwards.more(AROUND_A_CHANGE);
            work.run();
            outwards.more(AROUND_A_CHANGE);
            inwards.more(AROUND_A_CHANGE);
            report.check(change + " loses nothing from the LAN", defect, NOTHING_LOST, outwards::losses);
            report.check(change + " loses nothing from carol", defect, NOTHING_LOST, inwards::losses);
        }
    }

    /** A client goes, and comes back as another SA. */
    void comeAndGo() {
        final Set<String> before = marks();
        network.down(carol);
        report.check("carol is gone, dave still gets the LAN's", "alice 0, carol 0, dave 1", this::countsWithoutCarol);
        network.up(carol);
        awaitForwarding();
        final Set<String> fresh = marks();
        fresh.removeAll(before);
        report.check("carol is back with another mark", "1 new mark", () -> fresh.size() + " new mark");
        checkAllPaths("with carol back");
        report.check("alice can ping carol", "3 of 3", () -> alice.ping(carol.address()));
    }

    private String countsWithoutCarol() {
        try (Trial trial = new Trial(network)) {
            return trial.send(alice, Network.GROUP).counts(dave);
        }
    }

    private Set<String> marks() {
        return network.sas().children().stream().map(Sas.Child::mark).collect(Collectors.toCollection(HashSet::new));
    }

    /** MOBIKE: carol's address outside changes under her SAs. */
    void roam() {
        move(CAROL_OUTSIDE, CAROL_ELSEWHERE);
        checkAllPaths("from carol's new address");
        report.check("alice can ping carol there", "3 of 3", () -> alice.ping(carol.address()));
        move(CAROL_ELSEWHERE, CAROL_OUTSIDE);
        checkAllPaths("back at the old one");
    }

    private void move(String from, String to) {
        carol.run("ip", "address", "add", to + "/24", "broadcast", "+", "dev", "eth0");
        carol.run("ip", "address", "del", from + "/24", "dev", "eth0");
        network.awaitSas("carol at " + to, sas -> has(sas.childrenOf(to), Sas.Child::isInstalled));
        awaitForwarding();
    }

    private static boolean has(List<Sas.Child> children, Predicate<Sas.Child> condition) {
        return children.stream().anyMatch(condition);
    }

    /** UDP encapsulation, as behind a NAT. */
    void encapsulate() {
        network.charon(carol).load(Connections.client("carol", true));
        network.down(carol);
        network.up(carol);
        awaitForwarding();
        report.check(
                "carol's ESP is in UDP, dave's is not",
                "true",
                () -> String.valueOf(has(network.sas().childrenOf(CAROL_OUTSIDE), Sas.Child::isEncapsulated)
                        && !has(network.sas().childrenOf("192.168.0.200"), Sas.Child::isEncapsulated)));
        checkAllPaths("with carol in UDP");
        report.check("alice can ping carol", "3 of 3", () -> alice.ping(carol.address()));
        final Set<String> before = network.sas().spis();
        network.gateway().swanctl("--rekey", "--child", "rw");
        network.awaitSas("rekeyed CHILD_SAs", sas -> isRenewed(sas, before));
        checkAllPaths("after a rekey in UDP");
        network.charon(carol).load(Connections.client("carol", false));
        network.down(carol);
        network.up(carol);
        awaitForwarding();
    }

    /** A mark of its own for each direction. */
    void uniqueDir() {
        network.gateway().load(Connections.moon(Connections.UNIQUE_DIR));
        network.down();
        network.up();
        if (engine.excuse("F12").isEmpty()) {
            awaitForwarding();
        }
        checkAllPaths("with marks by direction", "F12");
        report.check("alice can ping carol", "F12", "3 of 3", () -> alice.ping(carol.address()));
        network.gateway().load(Connections.moon(Connections.UNIQUE));
        network.down();
        network.up();
        awaitForwarding();
        checkAllPaths("with one mark for both again");
    }
}
