// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.markcast.ipsec.vici.ViciPacket.Type;

/**
 * Plays charon on a VICI socket: holds SAs, answers {@code list-sas}, raises events, and misbehaves where it is told to. Its
 * methods may be called from any thread; what they raise has been written when they return.
 */
public final class ScriptedCharon implements AutoCloseable {

    /** How it answers {@code list-sas}. */
    public enum Manner {
        PROPER,
        /** Not at all. */
        SILENT,
        /** Half of the list, then nothing. */
        HALF_A_LIST,
        /** Half of the list's bytes, then the end of the connection. */
        BROKEN_OFF,
        /** With bytes that are no packet. */
        GARBAGE,
        /** With a packet that claims to be larger than any may be. */
        OVERSIZED,
        /** It does not know the command. */
        IGNORANT
    }

    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(20);

    private final Path socket;
    private final ServerSocketChannel server;
    private final Map<Long, ScriptedSa> sas = new TreeMap<>();
    private final List<Client> clients = new ArrayList<>();

    private Manner manner = Manner.PROPER;
    private int connections;
    private int lists;

    private ScriptedCharon(Path socket, ServerSocketChannel server) {
        this.socket = socket;
        this.server = server;
    }

    /** Listens at a path, whatever was left there. */
    public static ScriptedCharon start(Path socket, List<ScriptedSa> sas) throws IOException {
        Files.deleteIfExists(socket);
        final ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        final ScriptedCharon charon = new ScriptedCharon(socket, server);
        charon.sas(sas);
        daemon(charon::accept, "charon-accept");
        return charon;
    }

    public synchronized void behave(Manner newManner) {
        manner = newManner;
    }

    /** Has these SAs from now on, without telling anybody. */
    public synchronized void sas(List<ScriptedSa> newSas) {
        sas.clear();
        newSas.forEach(sa -> sas.put(sa.childId(), sa));
    }

    public synchronized void up(ScriptedSa sa) throws IOException {
        sas.put(sa.childId(), sa);
        raise(CharonMessages.ikeUp(sa));
        raise(CharonMessages.childUp(sa));
    }

    public synchronized void down(ScriptedSa sa) throws IOException {
        sas.remove(sa.childId());
        raise(CharonMessages.ikeDown(sa));
        raise(CharonMessages.childDown(sa.in("DELETING")));
    }

    /** The old one stays, as it does in charon, until {@link #forget}. */
    public synchronized ScriptedSa rekey(ScriptedSa old, long newChildId) throws IOException {
        final ScriptedSa successor = old.rekeyed(newChildId);
        sas.put(old.childId(), old.in("DELETED"));
        sas.put(newChildId, successor);
        raise(CharonMessages.childRekey(old, successor));
        return successor;
    }

    /** Removes an SA without telling anybody. */
    public synchronized void forget(ScriptedSa sa) {
        sas.remove(sa.childId());
    }

    public synchronized ScriptedSa rekeyIke(ScriptedSa sa, long newIkeId) throws IOException {
        final ScriptedSa successor = sa.below(newIkeId);
        change(sa.ikeId(), child -> child.below(newIkeId));
        raise(CharonMessages.ikeRekey(sa, successor));
        return successor;
    }

    public synchronized ScriptedSa move(ScriptedSa sa, String host, int port) throws IOException {
        final ScriptedSa moved = sa.at(host, port);
        raise(CharonMessages.ikeUpdate(sa, moved));
        change(sa.ikeId(), child -> child.at(host, port));
        return moved;
    }

    private void change(long ikeId, UnaryOperator<ScriptedSa> change) {
        sas.replaceAll((id, sa) -> sa.ikeId() == ikeId ? change.apply(sa) : sa);
    }

    /** Sends bytes of any kind to everybody. */
    public synchronized void send(byte[] bytes) throws IOException {
        for (final Client client : clients) {
            client.write(bytes);
        }
    }

    private void raise(ViciPacket event) throws IOException {
        final byte[] bytes = ViciEncoder.encode(event);
        for (final Client client : clients) {
            if (client.events.contains(event.name())) {
                client.write(bytes);
            }
        }
    }

    /** Ends all connections, and takes new ones. */
    public synchronized void hangUp() throws IOException {
        for (final Client client : clients) {
            client.channel.close();
        }
        clients.clear();
    }

    /** Number of connections so far. */
    public synchronized int connections() {
        return connections;
    }

    /** Number of times that it was asked for its SAs. */
    public synchronized int lists() {
        return lists;
    }

    /** Waits until it was asked for its SAs that many times. */
    public void awaitLists(int count) throws InterruptedException {
        await(() -> lists >= count, "lists");
    }

    public void awaitConnections(int count) throws InterruptedException {
        await(() -> connections >= count, "connections");
    }

    private synchronized void await(BooleanSupplier condition, String what) throws InterruptedException {
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        while (!condition.getAsBoolean()) {
            final long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
            if (leftMs <= 0) {
                throw new AssertionError("too few " + what);
            }
            wait(leftMs);
        }
    }

    /** As when charon is killed; its socket file stays. */
    @Override
    public void close() throws IOException {
        server.close();
        hangUp();
    }

    /** As when charon stops: its socket file goes. */
    public void stop() throws IOException {
        close();
        Files.deleteIfExists(socket);
    }

    private void accept() {
        try {
            while (true) {
                final Client client = new Client(server.accept());
                synchronized (this) {
                    clients.add(client);
                    connections++;
                    notifyAll();
                }
                daemon(client::serve, "charon-client");
            }
        } catch (IOException e) {
            // closed
        }
    }

    private static void daemon(Runnable task, String name) {
        final Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** One connection, on a thread of its own. */
    private final class Client {

        private final SocketChannel channel;
        private final Set<String> events = new HashSet<>();
        private final PacketReader packets = new PacketReader();

        Client(SocketChannel channel) {
            this.channel = channel;
        }

        void serve() {
            final ByteBuffer buffer = ByteBuffer.allocate(4096);
            try {
                while (channel.read(buffer.clear()) >= 0) {
                    packets.append(buffer.flip());
                    for (ViciPacket packet = packets.next(); packet != null; packet = packets.next()) {
                        answer(packet);
                    }
                }
            } catch (IOException | ViciException e) {
                // the client is gone, or should be
            }
            synchronized (ScriptedCharon.this) {
                clients.remove(this);
            }
        }

        private void answer(ViciPacket packet) throws IOException {
            synchronized (ScriptedCharon.this) {
                if (packet.type() == Type.EVENT_REGISTER) {
                    events.add(packet.name());
                    write(ViciEncoder.encode(CharonMessages.CONFIRM));
                } else if (packet.type() == Type.CMD_REQUEST && packet.name().equals("list-sas")) {
                    lists++;
                    ScriptedCharon.this.notifyAll();
                    list();
                }
            }
        }

        private void list() throws IOException {
            final byte[] list = listing();
            switch (manner) {
                case PROPER -> write(list);
                case SILENT -> {}
                case HALF_A_LIST -> write(list, list.length / 2);
                case BROKEN_OFF -> {
                    write(list, list.length / 2);
                    channel.close();
                }
                case GARBAGE -> write(new byte[] {0, 0, 0, 3, 99, 1, 2});
                case OVERSIZED -> write(new byte[] {0x7f, 0, 0, 0, 7});
                case IGNORANT -> write(ViciEncoder.encode(new ViciPacket(Type.CMD_UNKNOWN, "", ViciMessage.EMPTY)));
                default -> throw new IllegalStateException(manner.name());
            }
        }

        private byte[] listing() {
            final ByteArrayOutputStream list = new ByteArrayOutputStream();
            final Map<Long, List<ScriptedSa>> byIke = sas.values().stream()
                    .collect(Collectors.groupingBy(ScriptedSa::ikeId, TreeMap::new, Collectors.toList()));
            byIke.values().forEach(children -> list.writeBytes(ViciEncoder.encode(CharonMessages.listed(children))));
            list.writeBytes(ViciEncoder.encode(CharonMessages.END_OF_LIST));
            return list.toByteArray();
        }

        void write(byte[] bytes) throws IOException {
            write(bytes, bytes.length);
        }

        private void write(byte[] bytes, int length) throws IOException {
            final ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }
    }
}
