// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.markcast.config.AddressLiteral;

/**
 * TCP connections by which this machine is administered, as {@code /proc/net/tcp} and {@code tcp6} list them (proc(5)).
 *
 * @param ports where its SSH daemons listen; the usual one if none can be seen
 * @param all those that are established
 */
record TcpSessions(Set<Integer> ports, Set<Session> all) {

    private static final Path PROC = Path.of("/proc");
    private static final List<String> LISTS = List.of("net/tcp", "net/tcp6");
    private static final Set<String> SSH_DAEMONS = Set.of("sshd", "dropbear");
    private static final int SSH_PORT = 22;
    private static final int HEX = 16;
    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int STATE = 3;
    private static final int INODE = 9;
    private static final String ESTABLISHED = "01"; // TCP_ESTABLISHED of net/tcp_states.h
    private static final String LISTENING = "0A"; // TCP_LISTEN
    private static final Pattern SOCKET = Pattern.compile("socket:\\[(\\d+)]");

    /** @param port of this machine */
    record Session(InetAddress local, int port, InetAddress remote) {}

    /** Those to SSH daemons, to the usual port, and to the one that this process was started through. */
    static TcpSessions administering() {
        return administering(PROC, System.getenv("SSH_CONNECTION"));
    }

    /**
     * @param proc where proc(5) is
     * @param connection what sshd(8) tells; null if this process was not started through it
     */
    static TcpSessions administering(Path proc, String connection) {
        final List<String> lines = new ArrayList<>();
        LISTS.forEach(list -> lines.addAll(read(proc.resolve(list))));
        final Set<Integer> ports = listening(lines, socketsOfDaemons(proc));
        final Optional<Session> own = ofSsh(connection);
        final Set<Session> sessions = new LinkedHashSet<>();
        own.ifPresent(sessions::add);
        established(lines).stream()
                .filter(session -> session.port() == SSH_PORT
                        || ports.contains(session.port())
                        || own.filter(ours -> ours.port() == session.port()).isPresent())
                .forEach(sessions::add);
        return new TcpSessions(ports.isEmpty() ? Set.of(SSH_PORT) : ports, sessions);
    }

    /** What sshd(8) tells: {@code CLIENT PORT SERVER PORT}, link-local addresses with their scopes. */
    static Optional<Session> ofSsh(String connection) {
        final String[] parts = connection == null ? new String[0] : connection.split(" ");
        try {
            return parts.length == 4
                    ? Optional.of(
                            new Session(withoutScope(parts[2]), Integer.parseInt(parts[3]), withoutScope(parts[0])))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // somebody else's variable
        }
    }

    private static InetAddress withoutScope(String text) {
        return AddressLiteral.parse(text.replaceFirst("%.*", ""));
    }

    /** None if there is no such list: a kernel without IPv6 has no second one. */
    private static List<String> read(Path list) {
        try {
            return Files.readAllLines(list);
        } catch (IOException e) {
            return List.of();
        }
    }

    static List<Session> established(List<String> lines) {
        final List<Session> sessions = new ArrayList<>();
        for (final String[] fields : inState(lines, ESTABLISHED)) {
            sessions.add(new Session(address(fields[LOCAL]), port(fields[LOCAL]), address(fields[REMOTE])));
        }
        return sessions;
    }

    /** Not those of forwarded ports and displays, which nobody reaches from elsewhere. */
    private static Set<Integer> listening(List<String> lines, Set<String> inodes) {
        final Set<Integer> ports = new TreeSet<>();
        for (final String[] fields : inState(lines, LISTENING)) {
            if (fields.length > INODE
                    && inodes.contains(fields[INODE])
                    && !address(fields[LOCAL]).isLoopbackAddress()) {
                ports.add(port(fields[LOCAL]));
            }
        }
        return ports;
    }

    private static List<String[]> inState(List<String> lines, String state) {
        return lines.stream()
                .map(line -> line.strip().split("\\s+"))
                .filter(fields -> fields.length > STATE && fields[STATE].equals(state))
                .toList();
    }

    /** Numbers of the sockets that SSH daemons have; without privileges only of those that are one's own. */
    private static Set<String> socketsOfDaemons(Path proc) {
        final Set<String> inodes = new HashSet<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(proc, "[0-9]*")) {
            for (final Path process : processes) {
                if (read(process.resolve("comm")).stream().anyMatch(SSH_DAEMONS::contains)) {
                    addSockets(process.resolve("fd"), inodes);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            return inodes; // those that could be seen
        }
        return inodes;
    }

    private static void addSockets(Path descriptors, Set<String> inodes) {
        try (DirectoryStream<Path> links = Files.newDirectoryStream(descriptors)) {
            for (final Path link : links) {
                final Matcher socket =
                        SOCKET.matcher(Files.readSymbolicLink(link).toString());
                if (socket.matches()) {
                    inodes.add(socket.group(1));
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            return; // it ended, or belongs to somebody else
        }
    }

    private static int port(String endpoint) {
        return Integer.parseInt(endpoint.substring(endpoint.indexOf(':') + 1), HEX);
    }

    /** Words of four bytes, each as a number of this machine; an IPv4 address may stand in an IPv6 one. */
    private static InetAddress address(String endpoint) {
        final String digits = endpoint.substring(0, endpoint.indexOf(':'));
        final ByteBuffer bytes = ByteBuffer.allocate(digits.length() / 2).order(ByteOrder.nativeOrder());
        for (int i = 0; i < digits.length(); i += 8) {
            bytes.putInt(Integer.parseUnsignedInt(digits.substring(i, i + 8), HEX));
        }
        try {
            return InetAddress.getByAddress(bytes.array());
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("no address: " + endpoint, e);
        }
    }
}
