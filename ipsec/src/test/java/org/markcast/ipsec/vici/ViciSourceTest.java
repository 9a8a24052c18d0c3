// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.ipsec.vici.ScriptedSa.client;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaSet;
import org.markcast.ipsec.vici.ScriptedCharon.Manner;

/** Through a real socket, against a charon that does what it is told. */
@Timeout(60)
class ViciSourceTest {

    private static final Duration LONG = Duration.ofMinutes(10);

    @TempDir
    Path directory;

    private final AwaitedSas sas = new AwaitedSas();
    private final BlockingQueue<String> log = new LinkedBlockingQueue<>();
    private Path socket;
    private ScriptedCharon charon;
    private ViciSource source;

    @BeforeEach
    void nameTheSocket() {
        socket = directory.resolve("charon.vici");
    }

    @AfterEach
    void stop() throws IOException {
        if (source != null) {
            source.close();
        }
        if (charon != null) {
            charon.close();
        }
    }

    private void startCharon(ScriptedSa... clients) throws IOException {
        charon = ScriptedCharon.start(socket, List.of(clients));
    }

    private void startSource(Duration linger) {
        source = new ViciSource(socket, linger, log::add);
        source.start(sas);
    }

    private static Sa sa(SaSet set, String name) {
        return set.sas().stream()
                .filter(sa -> sa.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void shouldFollowWhatHappens() throws Exception {
        startCharon(client(1), client(2));
        startSource(LONG);
        sas.awaitNames("rw.1", "rw.2");
        assertEquals("connected to charon: 2 CHILD_SAs", log.take());
        charon.up(client(3));
        sas.awaitNames("rw.1", "rw.2", "rw.3");
        charon.down(client(2));
        sas.awaitNames("rw.1", "rw.3");
        final ScriptedSa moved = charon.move(client(1), "192.0.2.9", 4711);
        sas.await(
                set -> sa(set, "rw.1").outers().get(0).remote().getHostAddress().equals("192.0.2.9"));
        final ScriptedSa rekeyed = charon.rekey(charon.rekeyIke(moved, 50), 60);
        sas.await(set -> sa(set, "rw.1").outers().size() == 2);
        charon.down(rekeyed);
        sas.awaitNames("rw.3");
    }

    @Test
    void shouldWaitForACharonThatStartsLater() throws Exception {
        startSource(LONG);
        assertEquals("no charon: no such socket; trying on", log.take());
        startCharon(client(1));
        sas.awaitNames("rw.1");
    }

    @Test
    void shouldFindCharonsNextLife() throws Exception {
        startCharon(client(1));
        startSource(LONG);
        sas.awaitNames("rw.1");
        charon.stop();
        startCharon(client(1).marked(7), client(2));
        final SaSet next = sas.awaitNames("rw.1", "rw.2");
        assertEquals(7, next.sas().get(0).markIn().value());
        assertEquals(2, sas.count());
    }

    @Test
    void shouldLetSasGoWhenCharonStaysAway() throws Exception {
        startCharon(client(1));
        startSource(Duration.ofMillis(100));
        sas.awaitNames("rw.1");
        charon.stop();
        sas.await(SaSet.EMPTY::equals);
    }

    @ParameterizedTest
    @EnumSource(names = {"BROKEN_OFF", "GARBAGE", "OVERSIZED", "IGNORANT"})
    void shouldTryAgainWhenCharonMisbehaves(Manner manner) throws Exception {
        startCharon(client(1));
        charon.behave(manner);
        startSource(LONG);
        charon.awaitLists(3);
        assertEquals(0, sas.count());
        charon.behave(Manner.PROPER);
        sas.awaitNames("rw.1");
    }

    @Test
    void shouldSurviveBytesThatNobodyAskedFor() throws Exception {
        startCharon(client(1));
        startSource(LONG);
        sas.awaitNames("rw.1");
        charon.send("HTTP/1.1 400 Bad Request\r\n".getBytes(StandardCharsets.US_ASCII));
        charon.awaitConnections(2);
        charon.awaitLists(2);
        charon.up(client(2));
        sas.awaitNames("rw.1", "rw.2");
    }

    @Test
    void shouldSurviveAFileThatIsNoSocket() throws Exception {
        Files.writeString(socket, "no socket");
        startSource(LONG);
        assertTrue(log.take().startsWith("no charon: connect(..) failed with error(-111): Connection refused"));
        Files.delete(socket);
        startCharon(client(1));
        sas.awaitNames("rw.1");
    }

    @Test
    void shouldEndWhateverCharonDoes() throws Exception {
        startCharon(client(1));
        charon.behave(Manner.HALF_A_LIST);
        startSource(LONG);
        charon.awaitLists(1);
        source.close();
        source.close();
        assertEquals(0, sas.count());
    }

    @Test
    void shouldStartOnce() throws Exception {
        startSource(LONG);
        assertThrows(IllegalStateException.class, () -> source.start(sas));
    }

    @Test
    void shouldEndWithoutHavingStarted() {
        source = new ViciSource(socket, LONG);
        source.close();
    }

    @Test
    void shouldBearTenThousandSas() throws Exception {
        final List<ScriptedSa> many =
                IntStream.rangeClosed(1, 10_000).mapToObj(ScriptedSa::client).toList();
        charon = ScriptedCharon.start(socket, many);
        startSource(LONG);
        sas.await(set -> set.sas().size() == 10_000);
        assertEquals(1, sas.count());
        for (int i = 0; i < 1000; i++) {
            charon.down(many.get(i));
            charon.up(many.get(i));
        }
        charon.down(client(10_000));
        sas.await(set -> set.sas().size() == 9_999
                && set.sas().stream().noneMatch(sa -> sa.name().equals("rw.10000")));
        assertTrue(charon.lists() < 5, "lists: " + charon.lists());
        assertTrue(sas.count() < 500, "pieces: " + sas.count());
    }
}
