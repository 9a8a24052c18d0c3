// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.markcast.lab.uml.Station;

/** A service at the gateway and a TCP session of each client with it. */
final class OpenSessions implements AutoCloseable {

    private static final int FIRST_SOURCE_PORT = 41_000;

    private static int nextSourcePort = FIRST_SOURCE_PORT;

    private final Map<Station, Session> sessions = new LinkedHashMap<>();
    private final EchoServer server;

    OpenSessions(Station gateway, List<Station> clients, int service) {
        server = new EchoServer(gateway, service);
        final InetSocketAddress address = new InetSocketAddress(gateway.address(), service);
        clients.forEach(client -> sessions.put(client, new Session(client, sourcePort(), address)));
    }

    /** A port that nobody has used: behind one NAT all clients look alike but for their ports. */
    static int sourcePort() {
        nextSourcePort++;
        return nextSourcePort;
    }

    String converse(Station client, int times, int length) {
        return sessions.get(client).converse(times, length);
    }

    @Override
    public void close() {
        sessions.values().forEach(Session::close);
        server.close();
    }
}
