// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.markcast.config.Mark;
import org.markcast.config.StaticSa.Mode;
import org.markcast.config.TrafficSelector;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.Sa.Outer;
import org.markcast.ipsec.vici.ViciPacket.Type;

/**
 * What charon 5.9.8 really sent: roadwarriors.vici holds the bytes of one connection on which a client registered the events
 * of {@link SaEvents#NAMES}, then asked for lists now and then, while
 *
 * <pre>
 *  carol 10.99.0.2 and dave 10.99.0.4 came              list
 *  carol's CHILD_SA was rekeyed                         list, and again when the old one was gone
 *  carol's IKE_SA was rekeyed                           list
 *  dave rekeyed his CHILD_SA                            list
 *  carol moved to 10.99.0.3 (MOBIKE; charon's user space IPsec then rekeys)    list
 *  dave terminated his CHILD_SA, carol her IKE_SA       list
 *  charon was killed
 * </pre>
 */
class RecordingTest {

    private final ManualTransport transport = new ManualTransport();
    private final ManualTimers timers = new ManualTimers();
    private final RecordedSas sas = new RecordedSas();
    private final Follower follower = new Follower(
            transport,
            timers,
            sas,
            new SelectorText(new NetworkNames(List.of("udp 17 UDP"), List.of("mdns 5353/udp"))),
            Duration.ofSeconds(30),
            new Random(1),
            line -> {});

    private final PacketReader recording = new PacketReader();
    private ViciPacket next;

    @BeforeEach
    void startPlayback() throws IOException, ViciException {
        try (InputStream bytes = getClass().getResourceAsStream("roadwarriors.vici")) {
            recording.append(ByteBuffer.wrap(bytes.readAllBytes()));
        }
        next = recording.next();
        follower.start();
        transport.receiver().onConnected();
        while (next.type() == Type.EVENT_CONFIRM) {
            transport.sent.clear();
            deliver();
        }
        answerList();
    }

    private void deliver() throws ViciException {
        transport.deliver(next);
        next = recording.next();
    }

    /** Delivers up to the next list, which the recording client asked for. */
    private void events() throws ViciException {
        while (next != null && next.type() == Type.EVENT && !next.name().equals(SaEvents.LIST_SA)) {
            deliver();
        }
        timers.advanceMs(60);
    }

    /** Delivers a list to a follower that has asked. */
    private void answerList() throws ViciException {
        assertEquals(ViciPacket.request("list-sas"), transport.sent.poll());
        while (next.type() != Type.CMD_RESPONSE) {
            deliver();
        }
        deliver();
    }

    /** Leaves out a list that our follower did not ask for; what it has must equal it all the same. */
    private void compareList() throws ViciException {
        final SaBook book = new SaBook();
        final SaEvents events =
                new SaEvents(new SelectorText(new NetworkNames(List.of("udp 17 UDP"), List.of("mdns 5353/udp"))));
        while (next.type() != Type.CMD_RESPONSE) {
            events.apply(next.name(), next.message(), book);
            next = recording.next();
        }
        next = recording.next();
        book.complete();
        assertEquals(book.sas(), sas.last());
        assertTrue(transport.sent.isEmpty());
    }

    private static List<TrafficSelector> selectors(String... texts) {
        return Stream.of(texts)
                .flatMap(text -> TrafficSelector.parse(text).stream())
                .toList();
    }

    private List<String> outers(String name) {
        return sas.sa(name).outers().stream()
                .map(outer -> outer.remote().getHostAddress() + " " + outer.remotePort() + " "
                        + Integer.toHexString(outer.spiIn()))
                .toList();
    }

    @Test
    void shouldFollowCharonsEventsToWhatItsListsSay() throws ViciException {
        assertEquals(List.of(), sas.last().sas());
        events();
        assertCarolAndDaveAreThere();
        compareList();

        events(); // carol's CHILD_SA is rekeyed
        assertEquals(List.of("10.99.0.2 4500 74c849c", "10.99.0.2 4500 4667dea4"), outers("net.1"));
        compareList();
        timers.advanceMs(8000);
        answerList();
        assertEquals(List.of("10.99.0.2 4500 74c849c"), outers("net.1"));

        events(); // carol's IKE_SA is rekeyed
        compareList();

        events(); // dave's CHILD_SA is rekeyed
        assertEquals(List.of("10.99.0.4 4500 4027bdcc", "10.99.0.4 4500 6a5baa6"), outers("net.2"));
        compareList();

        events(); // carol moves
        assertEquals("10.99.0.3 4500 b5b45516", outers("net.1").get(0));
        timers.advanceMs(8000);
        answerList();
        assertEquals(List.of("10.99.0.3 4500 b5b45516"), outers("net.1"));
        assertEquals(List.of("net.1", "net.2"), sas.names().stream().sorted().toList());

        events(); // both go
        compareList();
        assertEquals(List.of(), sas.last().sas());
        assertEquals(null, next);
    }

    private void assertCarolAndDaveAreThere() {
        assertEquals(List.of("net.1", "net.2"), sas.names().stream().sorted().toList());
        assertEquals(List.of(), sas.last().unhandled());
        final Sa carol = sas.sa("net.1");
        final Outer outer = carol.outers().get(0);
        assertEquals(
                new Sa(
                        "net.1",
                        "net",
                        Mode.TUNNEL,
                        Mark.parse("1"),
                        Mark.parse("1"),
                        selectors("10.1.0.0/16", "10.9.0.3-10.9.0.77", "10.10.0.0/16[udp/5353]"),
                        selectors("10.1.0.129"),
                        List.of(new Outer(outer.local(), outer.remote(), 4500, 4500, 0x4667dea4, true))),
                carol);
        assertEquals("10.99.0.1", outer.local().getHostAddress());
        assertEquals("10.99.0.2", outer.remote().getHostAddress());
        assertEquals(Mark.parse("2"), sas.sa("net.2").markOut());
    }
}
