// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.markcast.ipsec.vici.ScriptedSa.client;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.markcast.engine.sa.Sa.Outer;
import org.markcast.engine.sa.SaSet;
import org.markcast.ipsec.vici.Follower.State;
import org.markcast.ipsec.vici.ViciPacket.Type;

class FollowerTest {

    private static final Duration LINGER = Duration.ofSeconds(30);

    private final ManualTimers timers = new ManualTimers();
    private final ManualTransport transport = new ManualTransport();
    private final RecordedSas sas = new RecordedSas();
    private final List<String> log = new ArrayList<>();
    private final Follower follower = new Follower(
            transport,
            timers,
            sas,
            new SelectorText(new NetworkNames(List.of("udp 17"), List.of())),
            LINGER,
            new Random(1),
            log::add);

    private void connectAndRegister() {
        transport.receiver().onConnected();
        for (final String event : SaEvents.NAMES) {
            assertEquals(ViciPacket.register(event), transport.sent.poll());
            transport.deliver(CharonMessages.CONFIRM);
        }
        assertListRequested();
    }

    private void assertListRequested() {
        assertEquals(State.LISTING, follower.state());
        assertEquals(ViciPacket.request("list-sas"), transport.sent.poll());
    }

    private void list(ScriptedSa... clients) {
        for (final ScriptedSa sa : clients) {
            transport.deliver(CharonMessages.listed(sa));
        }
        transport.deliver(CharonMessages.END_OF_LIST);
        assertEquals(State.FOLLOWING, follower.state());
    }

    private void followWith(ScriptedSa... clients) {
        follower.start();
        connectAndRegister();
        list(clients);
    }

    private void settle() {
        timers.advanceMs(60);
    }

    private List<Integer> spis(String name) {
        return sas.sa(name).outers().stream().map(Outer::spiIn).toList();
    }

    @Test
    void shouldTellAllSasOfTheFirstListAtOnce() {
        follower.start();
        connectAndRegister();
        transport.deliver(CharonMessages.listed(client(1)));
        assertEquals(0, sas.count());
        list(client(2));
        assertEquals(List.of("rw.1", "rw.2"), sas.names());
        assertEquals(List.of("connected to charon: 2 CHILD_SAs"), log);
    }

    @Test
    void shouldTellThatThereAreNone() {
        followWith();
        assertEquals(List.of(SaSet.EMPTY), sas.all);
    }

    @Test
    void shouldApplyUpAndDownWithoutReading() {
        followWith(client(1));
        transport.deliver(CharonMessages.ikeUp(client(2)), CharonMessages.childUp(client(2)));
        settle();
        assertEquals(List.of("rw.1", "rw.2"), sas.names());
        transport.deliver(
                CharonMessages.ikeDown(client(1)),
                CharonMessages.childDown(client(1).in("DELETING")));
        settle();
        assertEquals(List.of("rw.2"), sas.names());
        timers.advanceMs(60_000);
        assertEquals(State.FOLLOWING, follower.state());
        assertTrue(transport.sent.isEmpty());
    }

    @Test
    void shouldTellABurstInFewPieces() {
        followWith();
        for (int i = 1; i <= 1000; i++) {
            transport.deliver(CharonMessages.childUp(client(i)));
        }
        settle();
        assertEquals(2, sas.count());
        assertEquals(1000, sas.last().sas().size());
    }

    @Test
    void shouldTellAChangeAsSoonAsNothingMoreIsToBeRead() {
        followWith(client(1));
        timers.advanceMs(3);
        transport.deliver(CharonMessages.childUp(client(2)), CharonMessages.childUp(client(3)));
        assertEquals(1, sas.count());
        timers.advanceMs(0);
        assertEquals(List.of("rw.1", "rw.2", "rw.3"), sas.names());
    }

    @Test
    void shouldLeaveTimeBetweenPieces() {
        followWith();
        for (int i = 1; i <= 30; i++) {
            transport.deliver(CharonMessages.childUp(client(i)));
            timers.advanceMs(1);
        }
        assertEquals(1 + 10, sas.count());
        settle();
        assertEquals(30, sas.last().sas().size());
    }

    @Test
    void shouldNotRepeatItselfWhenNothingChanges() {
        followWith(client(1));
        settle();
        transport.deliver(CharonMessages.childUp(client(1)));
        settle();
        assertEquals(1, sas.count());
    }

    @Test
    void shouldKeepTheOldSpiUntilTheOldSaIsGone() {
        followWith(client(1));
        final ScriptedSa successor = client(1).rekeyed(7);
        transport.deliver(CharonMessages.childRekey(client(1), successor));
        settle();
        assertEquals(List.of("rw.1"), sas.names());
        assertEquals(List.of(successor.spiIn(), client(1).spiIn()), spis("rw.1"));

        timers.advanceMs(7_940);
        assertListRequested();
        transport.deliver(CharonMessages.listed(List.of(client(1).in("DELETED"), successor)));
        transport.deliver(CharonMessages.END_OF_LIST);
        assertEquals(List.of(successor.spiIn(), client(1).spiIn()), spis("rw.1"));

        timers.advanceMs(8_000);
        assertListRequested();
        list(successor);
        assertEquals(List.of(successor.spiIn()), spis("rw.1"));
        timers.advanceMs(60_000);
        assertTrue(transport.sent.isEmpty());
    }

    @Test
    void shouldFollowAnIkeRekey() {
        followWith(client(1), client(2));
        final ScriptedSa successor = client(1).below(9);
        transport.deliver(CharonMessages.ikeRekey(client(1), successor));
        transport.deliver(CharonMessages.ikeUpdate(successor, successor.at("192.0.2.7", 1025)));
        settle();
        assertEquals("192.0.2.7", sas.sa("rw.1").outers().get(0).remote().getHostAddress());
        assertEquals(List.of("rw.1", "rw.2"), sas.names());
    }

    @Test
    void shouldMoveEndpointsWhenAnnouncedAndThenVerify() throws UnknownHostException {
        followWith(client(1), client(2));
        transport.deliver(CharonMessages.ikeUpdate(client(2), client(2).at("192.0.2.7", 1025)));
        settle();
        assertEquals(
                List.of(new Outer(
                        InetAddress.getByName("192.168.0.1"),
                        InetAddress.getByName("192.0.2.7"),
                        4500,
                        1025,
                        client(2).spiIn(),
                        true)),
                sas.sa("rw.2").outers());
        assertEquals("172.0.0.1", sas.sa("rw.1").outers().get(0).remote().getHostAddress());
        timers.advanceMs(1000);
        assertListRequested();
        list(client(1), client(2)); // it did not happen
        assertEquals("172.0.0.2", sas.sa("rw.2").outers().get(0).remote().getHostAddress());
    }

    @Test
    void shouldIgnoreTheFirstUpdateOfAnIkeSa() {
        followWith();
        transport.deliver(CharonMessages.ikeUpdate(client(2), client(2).at("192.0.2.7", 1025)));
        timers.advanceMs(60_000);
        assertTrue(transport.sent.isEmpty());
    }

    @Test
    void shouldReadOnceForManyDoubts() {
        followWith(client(1));
        for (int i = 2; i < 1000; i++) {
            transport.deliver(CharonMessages.childRekey(client(i), client(i).rekeyed(20_000 + i)));
        }
        timers.advanceMs(499);
        assertTrue(transport.sent.isEmpty());
        timers.advanceMs(1);
        assertListRequested();
        list(client(1));
        timers.advanceMs(60_000);
        assertTrue(transport.sent.isEmpty());
        assertEquals(List.of("rw.1"), sas.names());
    }

    @Test
    void shouldReadOnceMoreForEventsDuringARead() {
        followWith(client(1));
        transport.deliver(CharonMessages.childRekey(client(3), client(3).rekeyed(7)));
        timers.advanceMs(500);
        assertListRequested();
        transport.deliver(CharonMessages.listed(client(1)));
        transport.deliver(CharonMessages.childUp(client(2)), CharonMessages.childDown(client(1)));
        settle();
        assertEquals(List.of("rw.2", "rw.3"), sas.names());
        list();
        assertEquals(List.of("rw.2"), sas.names());
        timers.advanceMs(3000);
        assertListRequested();
        list(client(2));
        timers.advanceMs(60_000);
        assertTrue(transport.sent.isEmpty());
    }

    @Test
    void shouldGiveReadsOnlyAShareOfTheTime() {
        followWith(client(1));
        transport.deliver(CharonMessages.childRekey(client(3), client(3).rekeyed(7)));
        timers.advanceMs(500);
        assertListRequested();
        timers.advanceMs(1000); // charon takes its time
        list(client(1));
        transport.deliver(CharonMessages.childRekey(client(3), client(3).rekeyed(7)));
        timers.advanceMs(19_999);
        assertTrue(transport.sent.isEmpty());
        timers.advanceMs(1);
        assertListRequested();
    }

    @Test
    void shouldReadWhenSasRemainOfAnIkeSaThatEnded() {
        followWith(client(1));
        transport.deliver(CharonMessages.ikeDown(client(1)));
        settle();
        assertEquals(List.of("rw.1"), sas.names());
        timers.advanceMs(1000);
        assertListRequested();
        list(client(1).below(5));
        assertEquals(List.of("rw.1"), sas.names());
    }

    @Test
    void shouldKeepSasForAWhileWhenCharonGoes() {
        followWith(client(1));
        transport.receiver().onClosed("it ended the connection");
        assertTrue(transport.isClosed);
        timers.advanceMs(29_999);
        assertEquals(List.of("rw.1"), sas.names());
        timers.advanceMs(1);
        assertEquals(SaSet.EMPTY, sas.last());
        assertEquals(
                List.of(
                        "connected to charon: 1 CHILD_SAs",
                        "lost charon: it ended the connection; its SAs stay in use for 30 s",
                        "charon has not come back: its SAs are no longer used"),
                log);
    }

    @Test
    void shouldReplaceEverythingAtOnceWhenCharonComesBack() {
        followWith(client(1), client(2));
        transport.receiver().onClosed("it ended the connection");
        timers.advanceMs(200);
        assertEquals(2, transport.attempts);
        connectAndRegister();
        transport.deliver(CharonMessages.childDown(client(1))); // of the new life: another SA
        settle();
        assertEquals(List.of("rw.1", "rw.2"), sas.names());
        transport.deliver(CharonMessages.listed(client(1).marked(77)));
        assertEquals(1, sas.sa("rw.1").markIn().value());
        transport.deliver(CharonMessages.END_OF_LIST);
        assertEquals(List.of("rw.1"), sas.names());
        assertEquals(77, sas.sa("rw.1").markIn().value());
        timers.advanceMs(5_000);
        assertListRequested(); // because of the event meanwhile
        list(client(1).marked(77));
        timers.advanceMs(60_000);
        assertEquals(List.of("rw.1"), sas.names());
        assertEquals(2, sas.count());
    }

    @Test
    void shouldTryForEverAndLogItOnce() {
        follower.start();
        for (int i = 0; i < 1000; i++) {
            transport.receiver().onClosed("connect: No such file or directory");
            timers.advanceMs(6250);
        }
        assertEquals(1001, transport.attempts);
        assertEquals(List.of("no charon: connect: No such file or directory; trying on"), log);
        assertEquals(0, sas.count());
        connectAndRegister();
        list(client(1));
        assertEquals("connected to charon: 1 CHILD_SAs", log.get(1));
    }

    @Test
    void shouldBackOffAndStartAfreshAfterAGoodConnection() {
        follower.start();
        transport.receiver().onClosed("refused");
        timers.advanceMs(74);
        assertEquals(1, transport.attempts);
        timers.advanceMs(51);
        assertEquals(2, transport.attempts);
        for (int i = 0; i < 10; i++) {
            transport.receiver().onClosed("refused");
            timers.advanceMs(6250);
        }
        transport.receiver().onClosed("refused");
        timers.advanceMs(3749);
        assertEquals(12, transport.attempts);
        timers.advanceMs(2501);
        connectAndRegister();
        list();
        timers.advanceMs(10_000);
        transport.receiver().onClosed("gone");
        timers.advanceMs(125);
        assertEquals(14, transport.attempts);
    }

    @Test
    void shouldNotHurryBackToAPeerThatBreaksEachConnection() {
        followWith();
        for (int i = 0; i < 7; i++) {
            transport.receiver().onClosed("gone");
            timers.advanceMs(6250);
            connectAndRegister();
            list();
        }
        transport.receiver().onClosed("gone");
        final int before = transport.attempts;
        timers.advanceMs(3749);
        assertEquals(before, transport.attempts);
    }

    @Test
    void shouldGiveUpOnSilenceInEveryState() {
        follower.start();
        timers.advanceMs(10_000);
        assertEquals(State.DISCONNECTED, follower.state());
        timers.advanceMs(125);
        transport.receiver().onConnected();
        transport.deliver(CharonMessages.CONFIRM);
        timers.advanceMs(9_999);
        assertEquals(State.REGISTERING, follower.state());
        timers.advanceMs(1);
        assertEquals(State.DISCONNECTED, follower.state());
        timers.advanceMs(250);
        connectAndRegister();
        transport.deliver(CharonMessages.listed(client(1)));
        timers.advanceMs(9_000);
        transport.deliver(CharonMessages.listed(client(2)));
        timers.advanceMs(9_999);
        assertEquals(State.LISTING, follower.state());
        timers.advanceMs(1);
        assertEquals(State.DISCONNECTED, follower.state());
        assertTrue(transport.isClosed);
        assertEquals(1, log.size());
        assertEquals(0, sas.count());
    }

    @Test
    void shouldNotMindSilenceWhileNothingIsAsked() {
        followWith(client(1));
        timers.advanceMs(86_400_000);
        assertEquals(State.FOLLOWING, follower.state());
        assertEquals(0, timers.pending());
    }

    @Test
    void shouldGiveUpTheConnectionOnWhatItDidNotAskFor() {
        for (final ViciPacket packet : List.of(
                CharonMessages.CONFIRM,
                CharonMessages.END_OF_LIST,
                CharonMessages.event("log", ViciMessage.EMPTY),
                CharonMessages.event("child-updown", ViciMessage.EMPTY),
                new ViciPacket(Type.CMD_UNKNOWN, "", ViciMessage.EMPTY),
                new ViciPacket(Type.CMD_REQUEST, "list-sas", ViciMessage.EMPTY))) {
            final FollowerTest test = new FollowerTest();
            test.followWith(client(1));
            test.transport.deliver(packet);
            assertEquals(State.DISCONNECTED, test.follower.state(), packet.describe());
            assertTrue(test.transport.isClosed);
            assertEquals(List.of("rw.1"), test.sas.names());
        }
    }

    @Test
    void shouldNotListenToConnectionsItGaveUp() {
        follower.start();
        timers.advanceMs(10_200);
        assertEquals(2, transport.attempts);
        transport.receiver(1).onConnected();
        transport.receiver(1).onBytes(ByteBuffer.wrap(new byte[100]));
        transport.receiver(1).onClosed("late");
        assertEquals(State.CONNECTING, follower.state());
        assertFalse(transport.isClosed);
        assertTrue(transport.sent.isEmpty());
    }

    @Test
    void shouldDoWithoutTheEventThatOldCharonsLack() {
        follower.start();
        transport.receiver().onConnected();
        for (int i = 1; i < SaEvents.NAMES.size(); i++) {
            transport.deliver(CharonMessages.CONFIRM);
        }
        transport.deliver(new ViciPacket(Type.EVENT_UNKNOWN, "", ViciMessage.EMPTY));
        list(client(1));
        assertEquals(List.of("rw.1"), sas.names());
    }

    @Test
    void shouldInsistOnTheOtherEvents() {
        follower.start();
        transport.receiver().onConnected();
        transport.deliver(new ViciPacket(Type.EVENT_UNKNOWN, "", ViciMessage.EMPTY));
        assertEquals(List.of("no charon: it does not know the event list-sa; trying on"), log);
    }

    @Test
    void shouldBeSilentOnceClosed() {
        followWith(client(1));
        transport.deliver(CharonMessages.childUp(client(2)));
        follower.close();
        follower.close();
        assertTrue(transport.isClosed);
        transport.receiver().onClosed("late");
        timers.advanceMs(60_000);
        assertEquals(1, sas.count());
        assertEquals(1, transport.attempts);
        assertEquals(0, timers.pending());
    }

    @Test
    void shouldSurviveAListenerThatFails() {
        final Follower other = new Follower(
                transport,
                timers,
                set -> {
                    throw new IllegalStateException("told to");
                },
                new SelectorText(new NetworkNames(List.of(), List.of())),
                LINGER,
                new Random(1),
                log::add);
        other.start();
        transport.receiver().onConnected();
        SaEvents.NAMES.forEach(name -> transport.deliver(CharonMessages.CONFIRM));
        transport.deliver(CharonMessages.END_OF_LIST);
        assertEquals(State.FOLLOWING, other.state());
    }

    @Test
    void shouldApplyOneChangeAmongThousandsCheaply() {
        followWith(IntStream.rangeClosed(1, 10_000).mapToObj(ScriptedSa::client).toArray(ScriptedSa[]::new));
        final ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final ByteBuffer up = ByteBuffer.wrap(ViciEncoder.encode(CharonMessages.childUp(client(10_001))));
        final ByteBuffer down = ByteBuffer.wrap(ViciEncoder.encode(CharonMessages.childDown(client(10_001))));
        final long before = thread.getCurrentThreadAllocatedBytes();
        transport.receiver().onBytes(up);
        settle();
        transport.receiver().onBytes(down);
        settle();
        final long allocated = thread.getCurrentThreadAllocatedBytes() - before;
        assertEquals(3, sas.count());
        assertTrue(allocated < 1_000_000, "allocated " + allocated); // two lists of 10,000 references, not 10,000 SAs
    }

    @Test
    void shouldTellTheSameObjectsAfterAFullRead() {
        final ScriptedSa[] many =
                IntStream.rangeClosed(1, 100).mapToObj(ScriptedSa::client).toArray(ScriptedSa[]::new);
        followWith(many);
        transport.deliver(CharonMessages.childRekey(client(999), client(999).rekeyed(2000)));
        timers.advanceMs(500);
        assertListRequested();
        list(many);
        assertEquals(3, sas.count());
        for (int i = 0; i < many.length; i++) {
            assertSame(sas.all.get(0).sas().get(i), sas.last().sas().get(i));
        }
    }

    @Test
    void shouldComeToTheTruthWhateverHappens() {
        for (int seed = 0; seed < 40; seed++) {
            final FollowerTest test = new FollowerTest();
            test.followWith();
            final RandomLife life = new RandomLife(new Random(seed), test.transport, test.timers);
            life.run(200);
            final FollowerTest fresh = new FollowerTest();
            fresh.followWith(life.sas().toArray(new ScriptedSa[0]));
            assertEquals(fresh.sas.last(), test.sas.last(), "seed " + seed);
        }
    }
}
