// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.markcast.config.AddressLiteral;

/** Established TCP connections to this machine, as {@code /proc/net/tcp} and {@code tcp6} list them (proc(5)). */
final class TcpSessions {

    private static final List<Path> LISTS = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));
    private static final int HEX = 16;
    private static final int LOCAL = 1;
    private static final int REMOTE = 2;
    private static final int STATE = 3;
    private static final String ESTABLISHED = "01"; // TCP_ESTABLISHED of net/tcp_states.h

    private TcpSessions() {}

    /** @param port of this machine */
    record Session(InetAddress local, int port, InetAddress remote) {}

    /** Those to a port, and the one that this process was started through, whatever its port. */
    static Set<Session> administering(int port) {
        final Set<Session> sessions = new LinkedHashSet<>();
        final Optional<Session> own = ofSsh(System.getenv("SSH_CONNECTION"));
        own.ifPresent(sessions::add);
        for (final Path list : LISTS) {
            for (final Session session : read(list)) {
                if (session.port() == port || own.map(Session::port).orElse(port) == session.port()) {
                    sessions.add(session);
                }
            }
        }
        return sessions;
    }

    /** What sshd(8) tells: {@code CLIENT PORT SERVER PORT}. */
    static Optional<Session> ofSsh(String connection) {
        final String[] parts = connection == null ? new String[0] : connection.split(" ");
        try {
            return parts.length == 4
                    ? Optional.of(new Session(
                            AddressLiteral.parse(parts[2]), Integer.parseInt(parts[3]), AddressLiteral.parse(parts[0])))
                    : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // somebody else's variable
        }
    }

    /** None if there is no such list: a kernel without IPv6 has no second one. */
    private static List<Session> read(Path list) {
        try {
            return established(Files.readAllLines(list));
        } catch (IOException e) {
            return List.of();
        }
    }

    static List<Session> established(List<String> lines) {
        final List<Session> sessions = new ArrayList<>();
        for (final String line : lines) {
            final String[] fields = line.strip().split("\\s+");
            if (fields.length > STATE && fields[STATE].equals(ESTABLISHED)) {
                sessions.add(new Session(address(fields[LOCAL]), port(fields[LOCAL]), address(fields[REMOTE])));
            }
        }
        return sessions;
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
