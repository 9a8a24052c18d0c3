// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.linux.NetworkNamespace;

/**
 * What an L2TP daemon is to the network: everybody has UDP port 1701 (RFC 2661, section 8.1), and the daemon knows its clients by
 * the address and port that it sees them at. Each message is a word.
 */
final class L2tpServer implements AutoCloseable {

    static final String ADDRESS = "10.1.0.1";

    private static final int PORT = 1701;
    private static final int FLOOD_PORT = 30_000;
    private static final int PATIENCE_MS = 5_000;
    private static final int MAX_LENGTH = 64;

    private final DatagramSocket server;
    private final Map<String, DatagramSocket> clients = new HashMap<>();
    private final Map<String, SocketAddress> peers = new HashMap<>();

    L2tpServer(EmulatedNetwork network) {
        server = socket(network.gateway().namespace(), ADDRESS, PORT);
        for (final Client client : network.clients()) {
            clients.put(client.name(), socket(client.namespace(), client.address(), PORT));
        }
    }

    /** The client comes back, with another port than before. */
    void returnAt(Client client, int port) {
        clients.put(client.name(), socket(client.namespace(), client.address(), port))
                .close();
    }

    private static DatagramSocket socket(NetworkNamespace namespace, String address, int port) {
        return namespace.call(() -> {
            final DatagramSocket socket =
                    new DatagramSocket(new InetSocketAddress(InetAddress.getByName(address), port));
            socket.setSoTimeout(PATIENCE_MS);
            return socket;
        });
    }

    /** The client says something, and the server learns where it is to be answered. */
    void speak(String client) {
        send(clients.get(client), "from-" + client, new InetSocketAddress(ADDRESS, PORT));
        final DatagramPacket packet = receive(server);
        if (!textOf(packet).equals("from-" + client)) {
            throw new AssertionError("the server heard " + textOf(packet) + " when " + client + " spoke");
        }
        peers.put(client, packet.getSocketAddress());
    }

    /** The client says something that nobody is to hear: the next one who speaks would not be heard first. */
    void speakInVain(String client) {
        send(clients.get(client), "from-" + client, new InetSocketAddress(ADDRESS, PORT));
    }

    /** The client says something once from each of many ports. */
    void flood(Client client, int number) {
        for (int port = FLOOD_PORT; port < FLOOD_PORT + number; port++) {
            try (DatagramSocket socket = socket(client.namespace(), client.address(), port)) {
                send(socket, "flood", new InetSocketAddress(ADDRESS, PORT));
            }
        }
    }

    /** How many packets of the flood the server hears before what the client says now. */
    int speakBehindFlood(String client) {
        speakInVain(client);
        int packets = 0;
        for (DatagramPacket next = receive(server); !textOf(next).equals("from-" + client); next = receive(server)) {
            assertEquals("flood", textOf(next));
            packets++;
        }
        return packets;
    }

    /** Where the server sees the client. */
    SocketAddress peer(String client) {
        return peers.get(client);
    }

    /** The server says something to the client, unasked or as an answer: it knows no difference. */
    void tell(String client, String word) {
        send(server, word, peers.get(client));
    }

    /** Whether the kernel takes what the server says to a client, or drops it at once (EPERM). */
    boolean canTell(String client, String word) {
        try {
            tell(client, word);
            return true;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    /** All words that have reached a client up to the one given, which is waited for. */
    List<String> heardUntil(String client, String last) {
        final List<String> heard = new ArrayList<>();
        while (!heard.contains(last)) {
            heard.add(textOf(receive(clients.get(client))));
        }
        return heard;
    }

    private static void send(DatagramSocket socket, String word, SocketAddress destination) {
        final byte[] bytes = word.getBytes(UTF_8);
        try {
            socket.send(new DatagramPacket(bytes, bytes.length, destination));
        } catch (IOException e) {
            throw new UncheckedIOException(word + " to " + destination, e);
        }
    }

    private static DatagramPacket receive(DatagramSocket socket) {
        final DatagramPacket packet = new DatagramPacket(new byte[MAX_LENGTH], MAX_LENGTH);
        try {
            socket.receive(packet);
        } catch (IOException e) {
            throw new UncheckedIOException("nothing reached " + socket.getLocalSocketAddress(), e);
        }
        return packet;
    }

    private static String textOf(DatagramPacket packet) {
        return new String(packet.getData(), 0, packet.getLength(), UTF_8);
    }

    @Override
    public void close() {
        server.close();
        clients.values().forEach(DatagramSocket::close);
    }
}
