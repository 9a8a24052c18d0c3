// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.markcast.config.Config;
import org.markcast.config.Config.Source;
import org.markcast.engine.port.SaSource;
import org.markcast.engine.sa.Sa;
import org.markcast.engine.sa.SaSet;
import org.markcast.ipsec.StaticSas;
import org.markcast.ipsec.vici.ViciSource;

/** The SAs of all configured sources, and their changes. Control thread only. */
final class Tunnels implements AutoCloseable {

    /** Charon may be starting as we do: its silence means that it has no SAs only after so long. */
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(10);

    private final SaRegistry registry = new SaRegistry();
    private final Consumer<Runnable> toControlThread;
    private final ViciOpener opener;

    private SaSource vici;
    private Connection connection;
    private SaSet current = SaSet.EMPTY;
    private boolean hasChanged;

    /** Whether what is known of charon's SAs comes from the connection before this one; such news grows old like any other. */
    private boolean isInherited;

    private long inheritedUntilNs;

    /** Whether charon's first answer is still to come. */
    private boolean isAwaited;

    private long awaitedUntilNs;

    /** How charon is reached; another one needs another source. */
    record Connection(Path socket, Duration linger) {}

    /** Makes a source that is not started yet. */
    interface ViciOpener {
        SaSource open(Connection wanted);
    }

    /** @param toControlThread runs something on the control thread, soon; called from the sources' threads */
    Tunnels(Consumer<Runnable> toControlThread) {
        this(toControlThread, wanted -> new ViciSource(wanted.socket(), wanted.linger()));
    }

    Tunnels(Consumer<Runnable> toControlThread, ViciOpener opener) {
        this.toControlThread = toControlThread;
        this.opener = opener;
    }

    /**
     * The SAs of this moment, for a command that does not follow them.
     *
     * @throws CommandFailure if charon does not answer in time
     */
    static SaSet ask(Config config, Duration timeout) throws InterruptedException {
        final BlockingQueue<Runnable> news = new LinkedBlockingQueue<>();
        final AtomicReference<String> lastLine = new AtomicReference<>("no answer");
        final ViciOpener opener = wanted -> new ViciSource(wanted.socket(), wanted.linger(), lastLine::set);
        try (Tunnels tunnels = new Tunnels(news::add, opener)) {
            tunnels.follow(config);
            if (tunnels.vici != null) {
                final Runnable first = news.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
                if (first == null) {
                    throw CommandFailure.failed("charon does not answer at " + config.viciSocket() + " ("
                            + lastLine.get() + "); start it, or take vici out of sources");
                }
                first.run();
            }
            tunnels.refresh();
            return tunnels.current();
        }
    }

    /** Follows the sources that the configuration names. */
    void follow(Config config) {
        final List<Sa> staticSas =
                StaticSas.of(config, registry.get(Source.STATIC).sas());
        put(Source.STATIC, new SaSet(staticSas, List.of()));
        final Connection wanted = config.sources().contains(Source.VICI)
                ? new Connection(config.viciSocket(), config.viciLinger())
                : null;
        if (wanted == null ? connection != null : !wanted.equals(connection)) {
            disconnect();
            connection = wanted;
            if (wanted == null) {
                put(Source.VICI, SaSet.EMPTY);
            } else {
                connect(wanted);
            }
        }
    }

    private void connect(Connection wanted) {
        final SaSource source = opener.open(wanted);
        vici = source;
        final long lingerNs = wanted.linger().toNanos();
        isInherited = true;
        inheritedUntilNs = System.nanoTime() + lingerNs;
        isAwaited = true;
        awaitedUntilNs = System.nanoTime() + Math.max(lingerNs, PATIENCE_NS);
        source.start(sas -> toControlThread.accept(() -> {
            if (vici == source) {
                isInherited = false;
                endWaiting();
                put(Source.VICI, sas);
            }
        }));
    }

    private void disconnect() {
        if (vici != null) {
            vici.close();
            vici = null;
        }
        endWaiting();
    }

    private void endWaiting() {
        hasChanged |= isAwaited;
        isAwaited = false;
    }

    /** Whether all sources have told what they have; one that keeps silent has nothing, after a while. */
    boolean areComplete() {
        return !isAwaited;
    }

    private void put(Source source, SaSet sas) {
        hasChanged |= registry.put(source, sas);
    }

    /** Whether something has changed since the last call; {@link #current()} is up to date then. */
    boolean refresh() {
        if (isInherited && System.nanoTime() - inheritedUntilNs >= 0) {
            isInherited = false;
            put(Source.VICI, SaSet.EMPTY);
        }
        if (isAwaited && System.nanoTime() - awaitedUntilNs >= 0) {
            endWaiting();
        }
        if (!hasChanged) {
            return false;
        }
        hasChanged = false;
        current = registry.merged();
        return true;
    }

    SaSet current() {
        return current;
    }

    @Override
    public void close() {
        disconnect();
        connection = null;
    }
}
