// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.function.Consumer;
import org.markcast.engine.port.SaSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The SAs that strongSwan's charon has now, told over its VICI socket. It may start before charon does; when charon goes
 * away its SAs stay in use for a while, and when it comes back all are read anew. The listener is called on a thread of the
 * source's own, "markcast-vici".
 */
public final class ViciSource implements SaSource {

    private static final Logger LOG = LoggerFactory.getLogger(ViciSource.class);

    private final EpollTransport transport;
    private final Duration linger;
    private final Consumer<String> log;

    private Follower follower;
    private boolean isClosed;

    /**
     * Does not connect yet.
     *
     * @param socket path of charon's VICI socket
     * @param linger how long the last known SAs stay in use after the connection broke
     * @throws IllegalStateException if Netty's native library cannot be loaded
     */
    public ViciSource(Path socket, Duration linger) {
        this(socket, linger, line -> LOG.info("{}: {}", socket, line));
    }

    /**
     * With a place of its own for the lines that say how the connection fares; it is called on the source's thread. Else as {@link
     * #ViciSource(Path, Duration)}.
     */
    public ViciSource(Path socket, Duration linger, Consumer<String> log) {
        this.transport = new EpollTransport(socket);
        this.linger = linger;
        this.log = log;
    }

    @Override
    public synchronized void start(Listener listener) {
        if (follower != null || isClosed) {
            throw new IllegalStateException("a source starts once");
        }
        follower = new Follower(
                transport, transport, listener, new SelectorText(NetworkNames.ofMachine()), linger, new Random(), log);
        transport.execute(follower::start);
    }

    @Override
    public synchronized void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        if (follower != null) {
            transport.execute(follower::close);
        }
        transport.close();
    }
}
