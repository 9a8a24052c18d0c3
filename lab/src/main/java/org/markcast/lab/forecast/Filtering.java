// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.forecast;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.Tap;
import org.markcast.lab.uml.Engine;
import org.markcast.lab.uml.MarkcastEngine;
import org.markcast.lab.uml.Report;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Token;
import org.markcast.lab.uml.Waiting;

/** Steps with a firewall on the WAN, where mallory sends in clear what carol sends through her tunnel. */
final class Filtering extends Scenario {

    private static final Duration SOON = Duration.ofSeconds(5);
    private static final int PACKETS_PER_SECOND = 100;
    private static final int AROUND_A_CHANGE = 30;
    private static final int PORT = 7000;
    private static final int ALLOWED_PORT = 7001;
    private static final int CONVERSATION_PORT = 7002;
    private static final int L2TP = 1701;
    private static final int ICMP = 1;
    private static final int UNREACHABLE = 3;
    private static final String SETTINGS = "interface = eth0\nallow_forward = 10.1.0.10[udp/" + ALLOWED_PORT + "]\n";
    private static final String ENFORCE = SETTINGS + "mode = enforce\n";
    private static final String REFUSED = "0 arrive";
    private static final String PASSED = "1 arrives";
    private static final String ANSWERED = "3 of 3";

    private final Station mallory;
    private final Station impostor;

    Filtering(Network network, Engine engine, Report report) {
        super(network, engine, report);
        mallory = network.mallory();
        impostor = network.impostor();
    }

    /** What would be dropped comes in, and is counted. */
    void monitor() {
        if (engine instanceof MarkcastEngine markcast) {
            disguise("add");
            logFromAllHosts();
            report.check("without a firewall mallory passes for carol", PASSED, () -> arrivals(impostor, PORT));
            reload(markcast, SETTINGS);
            report.check("she does in monitor mode", PASSED, () -> arrivals(impostor, PORT));
            report.check("so does whoever does not pretend", PASSED, () -> arrivals(mallory, PORT));
            report.check("both are counted", "pretended 0, to_lan 2", () -> refused(markcast));
            checkAllPaths("monitored");
        } else {
            report.notApplicable("a firewall in monitor mode", "the plugin has none");
        }
    }

    /** IKE, ESP and what was in it come in; what mallory sends does not. */
    void enforce() {
        if (engine instanceof MarkcastEngine markcast) {
            underFlow(() -> reload(markcast, ENFORCE));
            keepMalloryOut(markcast);
            network.down();
            network.up();
            awaitForwarding();
            checkTunnels("with new tunnels");
            network.charon(carol).load(Connections.client("carol", true));
            network.down(carol);
            network.up(carol);
            awaitForwarding();
            checkTunnels("with carol in UDP");
            report.check("status shows it", "true", () -> String.valueOf(isShown(markcast)));
            network.charon(carol).load(Connections.client("carol", false));
            network.down(carol);
            network.up(carol);
            awaitForwarding();
        } else {
            report.notApplicable("a firewall that drops", "the plugin has none");
        }
    }

    private void keepMalloryOut(MarkcastEngine markcast) {
        report.check("mallory with carol's address stays out", REFUSED, () -> arrivals(impostor, PORT));
        report.check("mallory with her own stays out", REFUSED, () -> arrivals(mallory, PORT));
        report.check("but not where she is allowed", PASSED, () -> arrivals(mallory, ALLOWED_PORT));
        report.check("they are counted beside those of monitor mode", "pretended 0, to_lan 4", () -> refused(markcast));
        report.check("the log tells", "true", () -> String.valueOf(isLogged()));
        report.check("she cannot go on with what carol began", REFUSED, this::interrupted);
        report.check("which counts as pretended", "pretended 1, to_lan 4", () -> refused(markcast));
        report.check("L2TP in clear stays out", "2 refused", () -> l2tp(markcast));
        report.check("an error out of carol's tunnel leaves mallory's own connection alone", PASSED, this::slandered);
    }

    /** To the gateway's address inside and to the one outside. */
    private String l2tp(MarkcastEngine markcast) {
        final long before = markcast.number("to_gateway");
        mallory.sendUdp(network.moon().address(), L2TP, Token.next().payload());
        mallory.sendUdp("192.168.0.1", L2TP, Token.next().payload());
        Waiting.until(SOON, () -> markcast.number("to_gateway") == before + 2);
        return markcast.number("to_gateway") - before + " refused";
    }

    private void checkTunnels(String when) {
        checkAllPaths(when);
        report.check("alice can ping carol, " + when, ANSWERED, () -> alice.ping(carol.address()));
        report.check("carol can ping alice, " + when, ANSWERED, () -> carol.ping(alice.address()));
        report.check("carol can ping the gateway, " + when, ANSWERED, () -> carol.ping("10.1.0.1"));
    }

    /** Only some SAs reach the LAN; and at the end nothing is left. */
    void byMarks() {
        if (engine instanceof MarkcastEngine markcast) {
            reload(markcast, ENFORCE + "decrypted = marked\n");
            report.check("carol can ping alice with her mark", ANSWERED, () -> carol.ping(alice.address()));
            reload(markcast, ENFORCE + "decrypted = " + markOfDave() + "\n");
            report.check("she cannot with another", "0 of 3", () -> carol.ping(alice.address()));
            report.check("dave can", ANSWERED, () -> dave.ping(alice.address()));
            report.check("what she sent is counted", "3", () -> String.valueOf(markcast.number("unmarked")));
            reload(markcast, "");
            report.check("without the section mallory passes again", PASSED, () -> arrivals(impostor, PORT));
            report.check(
                    "its table is gone",
                    "true",
                    () -> String.valueOf(
                            !network.moon().run("nft", "list", "tables").contains("markcast_firewall")));
            disguise("del");
        } else {
            report.notApplicable("a firewall that knows marks", "the plugin has none");
        }
    }

    private String markOfDave() {
        return "0x" + network.sas().childrenOf("192.168.0.200").get(0).mark();
    }

    private void reload(MarkcastEngine markcast, String firewall) {
        markcast.reload(Services.markcast(true, firewall));
    }

    /** Mallory takes carol's address, or gives it back. */
    private void disguise(String command) {
        mallory.run("ip", "address", command, carol.address() + "/32", "dev", "lo");
    }

    /** How many of one packet reach alice. */
    private String arrivals(Station from, int port) {
        final Token token = Token.next();
        final Token sentinel = Token.next();
        try (Tap tap = alice.tap(arrival -> token.isIn(arrival) || sentinel.isIn(arrival))) {
            from.sendUdp(alice.address(), port, token.payload());
            mallory.sendUdp(alice.address(), ALLOWED_PORT, sentinel.payload());
            final int count = tap.before(sentinel::isIn, SOON).size();
            return count == 1 ? PASSED : count + " arrive";
        }
    }

    /** Carol and alice have a conversation through the tunnel, which mallory joins: same addresses, same ports, in clear. */
    private String interrupted() {
        final Token question = Token.next();
        final Token answer = Token.next();
        try (Tap atAlice = alice.tap(question::isIn);
                Tap atCarol = carol.tap(answer::isIn)) {
            carol.sendUdp(alice.address(), CONVERSATION_PORT, question.payload());
            atAlice.awaitPackets(1, SOON);
            alice.sendUdp(carol.address(), CONVERSATION_PORT, answer.payload());
            atCarol.awaitPackets(1, SOON);
        }
        return arrivals(impostor, CONVERSATION_PORT);
    }

    /** Mallory and alice have a conversation that is allowed, and carol sends alice an error about it. */
    private String slandered() {
        final Token question = Token.next();
        final Token answer = Token.next();
        try (Tap atAlice = alice.tap(question::isIn);
                Tap atMallory = mallory.tap(answer::isIn);
                Tap errors = alice.tap(arrival -> arrival.packet().protocol() == ICMP)) {
            mallory.sendUdp(alice.address(), ALLOWED_PORT, question.payload());
            atAlice.awaitPackets(1, SOON);
            alice.sendUdp(mallory.address(), ALLOWED_PORT, answer.payload());
            final Ipv4Packet answered = atMallory.awaitPackets(1, SOON).get(0).packet();
            RawDeparture.send(
                    carol,
                    Ipv4Packet.icmpError(carol.address(), alice.address(), UNREACHABLE, 1, answered)
                            .build(),
                    0);
            errors.awaitPackets(1, SOON);
        }
        return arrivals(mallory, ALLOWED_PORT);
    }

    /** Multicasts go both ways while something changes. */
    private void underFlow(Runnable change) {
        try (Flow outwards = new Flow(alice, false, PACKETS_PER_SECOND, carol, dave);
                Flow inwards = new Flow(carol, true, PACKETS_PER_SECOND, alice, dave)) {
            outwards.more(AROUND_A_CHANGE);
            inwards.more(AROUND_A_CHANGE);
            change.run();
            outwards.more(AROUND_A_CHANGE);
            inwards.more(AROUND_A_CHANGE);
            report.check("the change loses nothing from the LAN", "nothing lost", outwards::losses);
            report.check("the change loses nothing from carol", "nothing lost", inwards::losses);
        }
    }

    /** The kernel logs for its first network namespace only, unless it is told to; net.netfilter.nf_log_all_netns. */
    private static void logFromAllHosts() {
        try {
            Files.writeString(Path.of("/proc/sys/net/netfilter/nf_log_all_netns"), "1");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean isLogged() {
        return network.moon().run("dmesg").contains("markcast firewall: dropped, to_lan: IN=eth0 ");
    }

    private static String refused(MarkcastEngine markcast) {
        return "pretended " + markcast.number("pretended") + ", to_lan " + markcast.number("to_lan");
    }

    private static boolean isShown(MarkcastEngine markcast) {
        return markcast.number("decrypted") > 0
                && markcast.number("ike") > 0
                && markcast.number("esp") > 0
                && markcast.status().contains("firewall       enforce on eth0, accepted ");
    }
}
