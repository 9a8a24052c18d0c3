// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.markcast.engine.port.SaSource.Listener;
import org.markcast.engine.sa.SaSet;
import org.markcast.ipsec.vici.SaEvents.Certainty;
import org.markcast.ipsec.vici.Timers.Timer;
import org.markcast.ipsec.vici.Transport.Connection;
import org.markcast.ipsec.vici.Transport.Receiver;

/**
 * Follows charon's SAs, across whatever happens to charon. Belongs to the event loop's thread.
 *
 * <pre>
 *                                                 all events          the list
 *              start            connected         registered          is complete
 *  DISCONNECTED ---> CONNECTING ---> REGISTERING ---------> LISTING ------------> FOLLOWING
 *       ^ ^  backoff     |               |                  |     ^                 |  |
 *       | |              |               |                  |     '-----------------'  |
 *       | '--------------+---------------+------------------'       a read is due      |
 *       |    refused, malformed, no answer in time, end of connection                  |
 *       '------------------------------------------------------------------------------'
 *  any state --- close ---> CLOSED
 * </pre>
 *
 * <p>While connected, {@code current} is what charon has told. It is right because charon reports on one IKE_SA only while it
 * holds it: events and entries of a list arrive in the order of the changes they describe, so applying each as it comes ends
 * with the truth. Before the first list is complete nobody is told. Where an event tells less than what happened, or might
 * have, a further full read follows; reads that are asked for meanwhile are one.
 *
 * <p>While disconnected the listener keeps what it has for {@code linger}. Nothing that was known before counts for charon's
 * next life: marks and addresses are given out anew.
 */
final class Follower {

    enum State {
        DISCONNECTED,
        CONNECTING,
        REGISTERING,
        LISTING,
        FOLLOWING,
        CLOSED
    }

    /** Longest silence of charon where it owes an answer. */
    static final long ANSWER_NS = TimeUnit.SECONDS.toNanos(10);

    /** A connection that held this long was a good one: the next attempt after it is immediate again. */
    static final long STABLE_NS = TimeUnit.SECONDS.toNanos(10);

    /** Until the events that belong together have arrived. */
    static final long EVENT_GAP_NS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Until charon has done what it announced. */
    static final long ANNOUNCED_NS = TimeUnit.SECONDS.toNanos(1);

    /** Until an SA that was rekeyed is gone: charon keeps it for 5 s (charon.delete_rekeyed_delay). */
    static final long LEAVING_NS = TimeUnit.SECONDS.toNanos(8);

    /** Reads take at most one part of the time in this many. */
    private static final long READ_SHARE = 20;

    private static final long NEVER = Long.MAX_VALUE;

    private static final String LIST_SAS = "list-sas";

    private final Transport transport;
    private final Timers timers;
    private final Publisher publisher;
    private final Backoff backoff;
    private final SaEvents events;
    private final long lingerNs;
    private final Consumer<String> log;

    private State state = State.DISCONNECTED;
    private Session session;

    /** Of the state: retry, deadline for an answer, or next read. */
    private Timer stateTimer;

    private Timer endTimer;
    private Timer lingerTimer;

    private SaBook current = SaBook.BLANK;
    private SaBook reading;

    private int registered;
    private long lastPacketNs;
    private long stateSinceNs;
    private long connectedSinceNs;
    private long readDueNs = NEVER;
    private long earliestReadNs;
    private boolean isAbsenceLogged;

    Follower(
            Transport transport,
            Timers timers,
            Listener listener,
            SelectorText selectors,
            Duration linger,
            RandomGenerator random,
            Consumer<String> log) {
        this.transport = transport;
        this.timers = timers;
        this.publisher = new Publisher(listener, timers);
        this.backoff = new Backoff(random);
        this.events = new SaEvents(selectors);
        this.lingerNs = linger.toNanos();
        this.log = log;
    }

    State state() {
        return state;
    }

    void start() {
        connect();
    }

    /** The listener is not called any more. Idempotent. */
    void close() {
        become(State.CLOSED);
        endSession();
        publisher.stop();
        cancel(lingerTimer);
    }

    /** The only way from state to state; each state has one timer. */
    private void become(State next) {
        cancel(stateTimer);
        state = next;
        stateSinceNs = timers.nanoTime();
        lastPacketNs = stateSinceNs;
        stateTimer = switch (next) {
            case DISCONNECTED -> timers.schedule(backoff.nextDelayNs(), this::connect);
            case CONNECTING, REGISTERING, LISTING -> timers.schedule(ANSWER_NS, this::checkSilence);
            case FOLLOWING -> readTimer();
            case CLOSED -> null;
        };
    }

    private void connect() {
        become(State.CONNECTING);
        session = new Session();
        session.connection = transport.connect(session);
    }

    private void register() {
        session.send(ViciPacket.register(SaEvents.NAMES.get(registered)));
    }

    private void startRead() {
        become(State.LISTING);
        readDueNs = NEVER;
        reading = current == SaBook.BLANK ? new SaBook() : current;
        reading.startRead();
        session.send(ViciPacket.request(LIST_SAS));
    }

    private void finishRead() {
        final long nowNs = timers.nanoTime();
        earliestReadNs = nowNs + READ_SHARE * (nowNs - stateSinceNs);
        reading.complete();
        final boolean isFirst = current == SaBook.BLANK;
        current = reading;
        reading = null;
        if (isFirst) {
            cancel(lingerTimer);
            log.accept("connected to charon: " + current.size() + " CHILD_SAs");
            isAbsenceLogged = false;
            connectedSinceNs = nowNs;
        }
        publisher.publish(current.sas());
        become(State.FOLLOWING);
        awaitLeaving();
        if (current.isIncomplete()) {
            readWithin(ANNOUNCED_NS);
        }
    }

    /** Everything that can go wrong with a connection leads here. */
    private void lose(String reason) {
        if (current != SaBook.BLANK) {
            if (timers.nanoTime() - connectedSinceNs >= STABLE_NS) {
                backoff.reset();
            }
            publisher.flush();
            log.accept("lost charon: " + reason + "; its SAs stay in use for "
                    + Duration.ofNanos(lingerNs).toSeconds() + " s");
            startLinger();
        } else if (!isAbsenceLogged) {
            log.accept("no charon: " + reason + "; trying on");
        }
        isAbsenceLogged = true;
        endSession();
        become(State.DISCONNECTED);
    }

    private void endSession() {
        if (session != null) {
            session.connection.close();
            session = null;
        }
        cancel(endTimer);
        endTimer = null;
        current = SaBook.BLANK;
        reading = null;
        registered = 0;
        readDueNs = NEVER;
        earliestReadNs = timers.nanoTime();
    }

    private void startLinger() {
        cancel(lingerTimer);
        lingerTimer = timers.schedule(lingerNs, this::expire);
    }

    private void expire() {
        if (!publisher.last().sas().isEmpty()) {
            log.accept("charon has not come back: its SAs are no longer used");
        }
        publisher.publish(SaSet.EMPTY);
    }

    private void checkSilence() {
        final long silenceNs = timers.nanoTime() - lastPacketNs;
        if (silenceNs >= ANSWER_NS) {
            lose("no answer for " + TimeUnit.NANOSECONDS.toSeconds(ANSWER_NS) + " s while " + state);
        } else {
            stateTimer = timers.schedule(ANSWER_NS - silenceNs, this::checkSilence);
        }
    }

    private void onPacket(ViciPacket packet) throws ViciException {
        lastPacketNs = timers.nanoTime();
        switch (packet.type()) {
            case EVENT -> onEvent(packet.name(), packet.message());
            case EVENT_CONFIRM -> onRegistered(packet);
            case EVENT_UNKNOWN -> onUnknownEvent(packet);
            case CMD_RESPONSE -> onListed(packet);
            default -> throw new ViciException("unexpected packet " + packet.describe());
        }
    }

    private void onUnknownEvent(ViciPacket packet) throws ViciException {
        require(State.REGISTERING, packet);
        final String name = SaEvents.NAMES.get(registered);
        if (!SaEvents.isOptional(name)) {
            throw new ViciException("it does not know the event " + name);
        }
        log.accept("charon is older than strongSwan 5.9.2: new addresses of a peer show at the next rekey only");
        onRegistered(packet);
    }

    private void onRegistered(ViciPacket packet) throws ViciException {
        require(State.REGISTERING, packet);
        registered++;
        if (registered < SaEvents.NAMES.size()) {
            register();
        } else {
            startRead();
        }
    }

    private void onListed(ViciPacket packet) throws ViciException {
        require(State.LISTING, packet);
        if (packet.message().value("success").filter("no"::equals).isPresent()) {
            throw new ViciException("it refuses to list its SAs: "
                    + packet.message().value("errmsg").orElse("no reason given"));
        }
        finishRead();
    }

    private void require(State expected, ViciPacket packet) throws ViciException {
        if (state != expected) {
            throw new ViciException("unexpected packet " + packet.describe());
        }
    }

    /** What happens before the list is asked for is in the list. */
    private void onEvent(String name, ViciMessage message) throws ViciException {
        if (name.equals(SaEvents.LIST_SA)) {
            if (state == State.LISTING) {
                events.apply(name, message, reading);
            }
            return;
        }
        if (state == State.LISTING) {
            readWithin(ANNOUNCED_NS);
        }
        if (reading != null && reading != current) {
            events.apply(name, message, reading);
        }
        if (current != SaBook.BLANK) {
            settle(events.apply(name, message, current));
            publisher.changed(current::sas);
            awaitLeaving();
        }
    }

    private void settle(Certainty certainty) {
        switch (certainty) {
            case KNOWN -> {}
            case ANNOUNCED -> readWithin(ANNOUNCED_NS);
            case UNFINISHED -> awaitEnd();
            case DOUBTFUL -> readWithin(EVENT_GAP_NS);
            default -> throw new IllegalStateException(certainty.name());
        }
    }

    /** SAs that are left although their IKE_SA is gone are a riddle that only a full read solves. */
    private void awaitEnd() {
        if (endTimer == null) {
            endTimer = timers.schedule(EVENT_GAP_NS, () -> {
                endTimer = null;
                if (current.hasOrphans()) {
                    readWithin(0);
                } else if (current.hasEnding()) {
                    awaitEnd();
                }
            });
        }
    }

    /** Nothing tells when these are gone, so look. */
    private void awaitLeaving() {
        if (current.hasLeaving()) {
            readWithin(LEAVING_NS);
        }
    }

    /** Asks for a full read: at the latest after this delay, or when reads have had their share of the time. */
    private void readWithin(long delayNs) {
        final long dueNs = timers.nanoTime() + delayNs;
        if (readDueNs == NEVER || dueNs < readDueNs) {
            readDueNs = dueNs;
            if (state == State.FOLLOWING) {
                cancel(stateTimer);
                stateTimer = readTimer();
            }
        }
    }

    private Timer readTimer() {
        return readDueNs == NEVER
                ? null
                : timers.schedule(
                        Math.max(0, Math.max(readDueNs, earliestReadNs) - timers.nanoTime()), this::startRead);
    }

    private static void cancel(Timer timer) {
        if (timer != null) {
            timer.cancel();
        }
    }

    /** One connection; what it tells after it was given up counts no more. */
    private final class Session implements Receiver {

        private final PacketReader packets = new PacketReader();
        private Connection connection;

        void send(ViciPacket packet) {
            connection.send(ViciEncoder.encode(packet));
        }

        private boolean isOver() {
            return session != this;
        }

        @Override
        public void onConnected() {
            if (!isOver()) {
                become(State.REGISTERING);
                register();
            }
        }

        @Override
        public void onBytes(ByteBuffer bytes) {
            if (isOver()) {
                return;
            }
            packets.append(bytes);
            try {
                for (ViciPacket packet = packets.next(); packet != null; packet = packets.next()) {
                    onPacket(packet);
                }
            } catch (ViciException e) {
                lose(e.getMessage());
            }
        }

        @Override
        public void onClosed(String reason) {
            if (!isOver()) {
                lose(reason);
            }
        }
    }
}
