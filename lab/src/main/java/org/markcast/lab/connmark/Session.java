// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.connmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.markcast.lab.uml.Station;

/** A client's TCP connection to the {@link EchoServer}: it must get its own lines back, always with the same number. */
final class Session implements AutoCloseable {

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
    /** Long enough for a few retransmissions. */
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(15);

    private final Station client;
    private final InetSocketAddress server;
    private final Socket socket;
    private BufferedReader answers;
    private String number = "";
    private int asked;

    /** @param sourcePort one that no client behind the same NAT uses: the gateway sees the NAT's address only */
    Session(Station client, int sourcePort, InetSocketAddress server) {
        this.client = client;
        this.server = server;
        socket = client.namespace().call(() -> {
            final Socket bound = new Socket();
            bound.setReuseAddress(true);
            bound.bind(new InetSocketAddress(client.address(), sourcePort));
            return bound;
        });
    }

    /** Asks a few times, having connected before the first; empty if all is as it should be, else what is not. */
    String converse(int times, int length) {
        try {
            if (!socket.isConnected()) {
                socket.connect(server, (int) CONNECT_TIMEOUT.toMillis());
                socket.setSoTimeout((int) ANSWER_TIMEOUT.toMillis());
                socket.setTcpNoDelay(true);
            }
            for (int i = 0; i < times; i++) {
                ask(length);
            }
            return "";
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    private void ask(int length) throws IOException {
        asked++;
        final String line = client + " " + asked + " " + "x".repeat(length);
        socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
        String answer = answer();
        while (isOwn(answer) && !answer.endsWith(line)) {
            answer = answer(); // to what was asked before and got no answer in time
        }
        if (!isOwn(answer)) {
            throw new IOException("another's answer: " + answer.substring(0, Math.min(40, answer.length())));
        }
    }

    private String answer() throws IOException {
        final String answer = answers().readLine();
        if (answer == null) {
            throw new IOException("closed after " + asked + " lines");
        }
        if (number.isEmpty()) {
            number = answer.substring(0, answer.indexOf(' '));
        }
        return answer;
    }

    private boolean isOwn(String answer) {
        return answer.startsWith(number + " " + client + " ");
    }

    private BufferedReader answers() throws IOException {
        if (answers == null) {
            answers = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
        }
        return answers;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
