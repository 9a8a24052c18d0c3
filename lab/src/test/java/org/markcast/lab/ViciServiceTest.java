// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.lab.ViciScene.CAROL_SA;
import static org.markcast.lab.ViciScene.DAVE_SA;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.markcast.daemon.emulation.ServiceProcess;
import org.markcast.daemon.emulation.ServiceStatus;
import org.markcast.engine.counter.Counter;
import org.markcast.ipsec.vici.ScriptedCharon;
import org.markcast.ipsec.vici.ScriptedSa;

/** The running service between a charon and the kernel: SAs come over VICI, rules go to nftables, packets follow. */
@NetworkNamespaceTest
class ViciServiceTest {

    private static final String CLIENTS = "client_marks";
    private static final String ESP = "esp_marks";
    private static final String NATT = "natt_marks";
    private static final String GUARDED = "sa_marks";

    private static final ScriptedSa CAROL = ScriptedSa.client(1);
    private static final ScriptedSa DAVE = ScriptedSa.client(2); // behind a NAT

    private ViciScene scene;
    private KernelTable table;

    @BeforeEach
    void build() throws IOException {
        scene = new ViciScene();
        table = scene.table();
    }

    @AfterEach
    void close() {
        scene.close();
    }

    @Test
    void shouldFollowACharonThatStartsLater() throws IOException {
        final ServiceProcess service = scene.startService();
        scene.awaitSas();
        assertEquals(Set.of(), table.elements(CLIENTS));

        scene.startCharon(CAROL, DAVE);
        final ServiceStatus status = scene.awaitSas(CAROL_SA, DAVE_SA);
        assertEquals("1", status.sa(CAROL_SA).get("mark_in").getAsString());
        assertEquals("in place", rules(status).get("state").getAsString());
        table.await(CLIENTS, "10.0.0.1 : 0x00000001", "10.0.0.2 : 0x00000002");
        table.await(ESP, esp(0xc0000001, 1));
        table.await(NATT, "192.168.0.1 . 4500 . 0xc0000002 : 0x00000002");
        scene.expectCopiesAt("carol", "dave");
        scene.expectFrom("carol");
        scene.expectFrom("dave");
        assertEquals(
                1,
                service.log().lines().filter(line -> line.contains("no charon")).count(),
                service.log());
    }

    @Test
    void shouldFollowSasThatComeAndGo() throws IOException {
        final ScriptedCharon charon = scene.startCharon(CAROL);
        scene.startService();
        scene.awaitSas(CAROL_SA);
        scene.expectCopiesAt("carol");

        charon.up(DAVE);
        scene.awaitSas(CAROL_SA, DAVE_SA);
        table.await(CLIENTS, "10.0.0.1 : 0x00000001", "10.0.0.2 : 0x00000002");
        scene.expectCopiesAt("carol", "dave");

        charon.down(CAROL);
        scene.awaitSas(DAVE_SA);
        table.await(CLIENTS, "10.0.0.2 : 0x00000002");
        table.await(ESP);
        scene.expectCopiesAt("dave");
    }

    @Test
    void shouldKeepTheOldSpiUntilTheOldSaIsGone() throws IOException {
        final ScriptedCharon charon = scene.startCharon(CAROL);
        scene.startService();
        scene.awaitSas(CAROL_SA);

        charon.rekey(CAROL, 7);
        table.await(ESP, esp(0xc0000001, 1), esp(0xd0000007, 1));
        scene.expectCopiesAt("carol");
        scene.expectFrom("carol");
        charon.forget(CAROL);
        table.await(ESP, esp(0xd0000007, 1));
        scene.awaitSas(CAROL_SA);
        scene.expectCopiesAt("carol");
    }

    @Test
    void shouldReplaceExactlyWhatAnIkeUpdateChanges() throws IOException {
        final ScriptedCharon charon = scene.startCharon(CAROL, DAVE);
        scene.startService();
        scene.awaitSas(CAROL_SA, DAVE_SA);
        try (RulesetMonitor monitor = new RulesetMonitor(scene.gateway())) {
            charon.move(CAROL, "203.0.113.9", 4500);
            table.await("esp_peers", "203.0.113.9 . 192.168.0.1 : 0x00000001");
            assertEquals(
                    List.of(
                            "delete element ip markcast esp_peers { 172.0.0.1 . 192.168.0.1 : 0x00000001 }",
                            "add element ip markcast esp_peers { 203.0.113.9 . 192.168.0.1 : 0x00000001 }"),
                    monitor.changes());
        }
        scene.expectCopiesAt("carol", "dave");
    }

    @Test
    void shouldKeepForwardingWhileCharonIsAwayAndFollowItsNextLife() throws IOException {
        final ScriptedCharon first = scene.startCharon(CAROL, DAVE);
        final ServiceProcess service = scene.startService();
        scene.awaitSas(CAROL_SA, DAVE_SA);

        first.stop();
        awaitLog(service, "lost charon");
        scene.expectCopiesAt("carol", "dave");
        scene.expectFrom("carol");
        table.await(CLIENTS, "10.0.0.1 : 0x00000001", "10.0.0.2 : 0x00000002");

        scene.startCharon(CAROL.marked(3));
        scene.awaitSas(CAROL_SA);
        table.await(CLIENTS, "10.0.0.1 : 0x00000003");
        table.await(ESP, esp(0xc0000001, 3));
        table.await(NATT);
        scene.expectCopiesAt("erin"); // behind mark 3
    }

    @Test
    void shouldForgetTheSasOfACharonThatStaysAway() throws IOException {
        final Duration linger = Duration.ofSeconds(1);
        final ScriptedCharon charon = scene.startCharon(CAROL);
        final ServiceProcess service = scene.startService(scene.config(linger));
        scene.awaitSas(CAROL_SA);

        final long stoppedNs = System.nanoTime();
        charon.stop();
        scene.awaitSas();
        final long stayedNs = System.nanoTime() - stoppedNs;
        assertTrue(stayedNs >= linger.toNanos(), "SAs stayed for " + stayedNs + " ns");
        table.await(CLIENTS);
        table.await(ESP);
        scene.expectCopiesAt();
        assertTrue(service.log().contains("charon has not come back"), service.log());

        scene.startCharon(CAROL);
        scene.awaitSas(CAROL_SA);
        scene.expectCopiesAt("carol");
    }

    @Test
    void shouldSayWhichSasItDoesNotHandle() throws IOException {
        scene.startCharon(CAROL.marked(0), DAVE.on(1), ScriptedSa.client(3));
        scene.startService();
        final ServiceStatus status = scene.awaitSas("rw.3");
        final List<String> unhandled = StreamSupport.stream(
                        status.json().getAsJsonArray("unhandled").spliterator(), false)
                .map(Object::toString)
                .toList();
        assertEquals(
                List.of(
                        "{\"name\":\"rw{1}\",\"reason\":\"it has no mark_in; set mark_in and mark_out in swanctl.conf\"}",
                        "{\"name\":\"rw{2}\",\"reason\":\"per-CPU SAs (RFC 9611) are not supported\"}"),
                unhandled);
        table.await(CLIENTS, "10.0.0.3 : 0x00000003");
        scene.expectCopiesAt("erin");
    }

    @Test
    void shouldWarnOfMarksThatUplinksUse() throws IOException {
        final ScriptedCharon charon = scene.startCharon(CAROL);
        final ServiceProcess service = scene.startService(scene.config()
                .without("carol")
                .without("dave")
                .without("erin")
                .section("uplinks", "lan = eth1", "dsl { interface = ppp0 }"));
        scene.awaitSas(CAROL_SA);
        charon.up(DAVE);
        scene.awaitSas(CAROL_SA, DAVE_SA);
        assertEquals(
                List.of("SA rw.1, and maybe others: mark 1 has bits in common with uplinks.mask 0xff000000:"
                        + " write 0x1/0xffffff in swanctl.conf (mark_in, mark_out); until the next reload after that"
                        + " connections out of tunnels are not pinned to uplinks"),
                service.log()
                        .lines()
                        .filter(line -> line.contains("uplinks.mask"))
                        .map(line -> line.substring(line.indexOf("SA rw")))
                        .toList());
        scene.expectCopiesAt("carol", "dave");
    }

    @ParameterizedTest
    @ValueSource(strings = {"00000003630102", "7fffffff07", "0000000107", "00000006070461626364"})
    void shouldSurviveGarbage(String bytes) throws IOException, InterruptedException {
        final ScriptedCharon charon = scene.startCharon(CAROL);
        final ServiceProcess service = scene.startService();
        scene.awaitSas(CAROL_SA);

        charon.send(HexFormat.of().parseHex(bytes));
        awaitLog(service, "lost charon");
        scene.expectCopiesAt("carol");
        charon.awaitConnections(2);
        charon.up(DAVE);
        scene.awaitSas(CAROL_SA, DAVE_SA);
        scene.expectCopiesAt("carol", "dave");
        assertFalse(service.log().contains("ERROR"), service.log());
    }

    @Test
    void shouldChangeItsSourcesWithAReload() throws IOException {
        scene.startCharon(CAROL);
        final ServiceProcess service = scene.startService(scene.staticConfig());
        scene.awaitSas("carol", "dave", "erin");
        scene.expectCopiesAt("carol", "dave", "erin");
        assertFalse(table.exists());

        service.reload(scene.config());
        scene.awaitSas(CAROL_SA);
        table.await(CLIENTS, "10.0.0.1 : 0x00000001");
        scene.expectCopiesAt("carol");

        service.reload(scene.staticConfig());
        scene.awaitSas("carol", "dave", "erin");
        assertFalse(table.exists());
        scene.expectCopiesAt("carol", "dave", "erin");

        service.reload(scene.config().set("sources", "static, vici").without("carol"));
        scene.awaitSas("dave", "erin", CAROL_SA);
        scene.expectCopiesAt("carol", "dave", "erin");
        assertFalse(service.log().contains("ERROR"), service.log());
    }

    /** The tunnels of the emulation are no IPsec. */
    @Test
    void shouldLetNoCopyLeaveInClear() throws IOException {
        scene.startCharon(CAROL, DAVE);
        final ServiceProcess service = scene.startService(scene.config().set("leak_guard", "yes"));
        scene.awaitSas(CAROL_SA, DAVE_SA);
        table.await(GUARDED, "0x00000001", "0x00000002");

        final ServiceStatus before = service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
        scene.expectCopiesAt();
        final ServiceStatus after = service.awaitStatus("balance its counters", ServiceStatus::isBalanced);
        assertEquals(before.counter(Counter.COPIES_REFUSED) + 2, after.counter(Counter.COPIES_REFUSED));
        assertEquals(before.counter(Counter.COPIES_SENT), after.counter(Counter.COPIES_SENT));
        assertEquals(2, rules(after).get("leaks").getAsLong());
        scene.expectFrom("carol"); // to the LAN, where there is no IPsec to miss
    }

    @Test
    void shouldRestoreItsRulesWhenSomebodyFlushesAll() throws IOException {
        final ScriptedCharon charon = scene.startCharon(CAROL, DAVE);
        final ServiceProcess service = scene.startService();
        scene.awaitSas(CAROL_SA, DAVE_SA);
        table.await(CLIENTS, "10.0.0.1 : 0x00000001", "10.0.0.2 : 0x00000002");

        scene.gateway().nft("flush ruleset");
        awaitLog(service, "somebody else changed the nftables tables");
        table.await(CLIENTS, "10.0.0.1 : 0x00000001", "10.0.0.2 : 0x00000002");
        table.await(ESP, esp(0xc0000001, 1));
        charon.down(DAVE);
        table.await(CLIENTS, "10.0.0.1 : 0x00000001");
        scene.expectCopiesAt("carol");
    }

    @Test
    void shouldLeaveNoRulesWhenItStops() throws IOException {
        scene.startCharon(CAROL);
        final ServiceProcess service = scene.startService();
        scene.awaitSas(CAROL_SA);
        assertTrue(table.exists());

        assertEquals(0, service.stop(), service.log());
        assertFalse(table.exists());
        assertFalse(service.log().contains("ERROR"), service.log());
    }

    @Test
    void shouldTakeOverTheRulesOfAServiceThatWasKilled() throws IOException {
        final ScriptedCharon charon = scene.startCharon(CAROL);
        final ServiceProcess killed = scene.startService();
        scene.awaitSas(CAROL_SA);
        killed.kill();
        table.await(CLIENTS, "10.0.0.1 : 0x00000001");

        charon.sas(List.of(DAVE));
        final ServiceProcess next = scene.startServiceAgain();
        scene.awaitSas(DAVE_SA);
        table.await(CLIENTS, "10.0.0.2 : 0x00000002");
        table.await(ESP);
        scene.expectCopiesAt("dave");
        assertFalse(next.log().contains("WARN"), next.log());
        assertEquals(0, next.stop(), next.log());
        assertFalse(table.exists());
    }

    @Test
    void shouldPrintRulesThatNftAccepts(@TempDir Path directory) throws IOException {
        scene.startCharon(CAROL, DAVE);
        final Path configuration = Files.writeString(
                directory.resolve("markcast.conf"), scene.config().text());
        final Program rules = Program.markcast(scene.gateway(), "rules", "-c", configuration);
        assertEquals(0, rules.exitStatus(), rules::toString);
        assertTrue(rules.out().contains("192.168.0.1 . 0xc0000001 : 0x1\n"), rules.out());

        final Path text = Files.writeString(directory.resolve("rules"), rules.out());
        scene.gateway().run("nft", "-c", "-f", text.toString());
        assertFalse(table.exists());
    }

    @Test
    void shouldNotPrintRulesWithoutCharon(@TempDir Path directory) throws IOException {
        final Path configuration = Files.writeString(
                directory.resolve("markcast.conf"), scene.config().text());
        final String line =
                Program.markcast(scene.gateway(), "rules", "-c", configuration).failure(1);
        assertTrue(line.contains("charon does not answer at " + scene.socket()), line);
    }

    /** An element of {@link #ESP}. nft 1.0.6 lists the SPI as a number. */
    private static String esp(int spi, int mark) {
        return "192.168.0.1 . " + Integer.toUnsignedString(spi) + " : 0x0000000" + mark;
    }

    private static void awaitLog(ServiceProcess service, String text) {
        service.awaitStatus("say: " + text, status -> service.log().contains(text));
    }

    private static JsonObject rules(ServiceStatus status) {
        return status.json().getAsJsonObject("rules");
    }
}
