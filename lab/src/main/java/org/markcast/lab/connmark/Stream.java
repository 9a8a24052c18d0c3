// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.markcast.lab.uml.Station;
import org.markcast.lab.uml.Waiting;

/** Numbered datagrams at a steady pace from a client to a gateway that echoes them; a thread of its own sends. */
final class Stream implements AutoCloseable {

    private static final Duration ARRIVAL_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration SENDING_TIMEOUT = Duration.ofSeconds(30);
    private static final long INTERVAL_NS = 10_000_000;

    private final Station client;
    private final Mailbox mailbox;
    private final InetSocketAddress server;
    private final Thread thread;
    private volatile int sent;
    private volatile boolean isEnding;

    Stream(Station client, int sourcePort, int port) {
        this.client = client;
        mailbox = Mailbox.open(client, sourcePort);
        server = new InetSocketAddress(Network.GATEWAY, port);
        thread = new Thread(this::send, "stream from " + client);
        thread.setDaemon(true);
        thread.start();
    }

    private void send() {
        final long startNs = System.nanoTime();
        int number = 0;
        while (!isEnding) {
            mailbox.send(server, client + " " + number);
            number++;
            sent = number;
            final long leftNs = startNs + number * INTERVAL_NS - System.nanoTime();
            if (leftNs > 0) {
                LockSupport.parkNanos(leftNs);
            }
        }
    }

    /** Goes on until this many more have been sent. */
    void more(int datagrams) {
        final int enough = sent + datagrams;
        Waiting.await("datagrams to be sent", SENDING_TIMEOUT, () -> sent >= enough);
    }

    /** Stops and tells what did not come back, or came back to the wrong one: empty is what one hopes for. */
    String losses() {
        isEnding = true;
        Waiting.await("the end of a stream", SENDING_TIMEOUT, () -> !thread.isAlive());
        Waiting.until(ARRIVAL_TIMEOUT, () -> mailbox.texts().size() >= sent);
        final Set<String> own = new HashSet<>(mailbox.texts());
        final int all = own.size();
        own.removeIf(text -> !text.startsWith(client + " "));
        return (own.size() == sent ? "" : client + " lost " + (sent - own.size()) + " of " + sent)
                + (own.size() == all ? "" : client + " got " + (all - own.size()) + " of others");
    }

    @Override
    public void close() {
        isEnding = true;
        mailbox.close();
    }
}
