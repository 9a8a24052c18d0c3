// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.agrona.concurrent.UnsafeBuffer;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.linux.MessageBatch;
import org.markcast.linux.NetworkNamespace;
import org.markcast.linux.RawSocket;

/**
 * A gateway without neighbours: everything that is not its own leaves by an ifb device, which swallows it. A table of its own, behind ours in
 * each hook, writes down which marks packets have.
 */
final class RulesNetwork implements AutoCloseable {

    static final String LOCAL = "192.168.0.1";

    private static final String PROBE = """
            table ip probe {
             set early { type mark . ipv4_addr; flags dynamic; counter; size 65536; }
             set arrived { type mark . ipv4_addr; flags dynamic; counter; size 65536; }
             set left { type mark . ipv4_addr; flags dynamic; counter; size 65536; }
             chain early {
              type filter hook prerouting priority mangle + 10;
              update @early { meta mark . ip saddr counter }
             }
             chain pre {
              type filter hook prerouting priority dstnat + 20;
              update @arrived { meta mark . ip saddr counter }
             }
             chain post {
              type filter hook postrouting priority filter + 10;
              oifname "out" update @left { meta mark . ip daddr counter }
             }
            }
            """;

    private static final Pattern SEEN = Pattern.compile("0x([0-9a-f]+) \\. ([0-9.]+) counter packets ([0-9]+)");

    private final NetworkNamespace namespace = NetworkNamespace.create();

    RulesNetwork() {
        program("", "ip", "link", "set", "lo", "up");
        program("", "ip", "address", "add", LOCAL + "/32", "dev", "lo");
        program("", "ip", "link", "add", "out", "type", "ifb");
        program("", "ip", "link", "set", "out", "up");
        program("", "ip", "address", "add", "10.1.0.1/16", "broadcast", "10.1.255.255", "dev", "out");
        program("", "ip", "route", "add", "default", "dev", "out");
        nft(PROBE);
    }

    <T> T call(Callable<T> inside) {
        return namespace.call(inside);
    }

    /** The output of nft. */
    String nft(String script) {
        return program(script, "nft", "-f", "-");
    }

    String program(String input, String... command) {
        try {
            final Process process = namespace.call(
                    () -> new ProcessBuilder(command).redirectErrorStream(true).start());
            try (OutputStream out = process.getOutputStream()) {
                out.write(input.getBytes(StandardCharsets.UTF_8));
            }
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), output);
            return output;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Sends a packet with a mark; what the kernel says to it: 1 or a negated errno. */
    int send(int mark, Ipv4Packet packet) {
        return namespace.call(() -> {
            try (RawSocket socket = new RawSocket()) {
                final byte[] bytes = packet.bytes();
                final UnsafeBuffer buffer = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length));
                buffer.putBytes(0, bytes);
                final MessageBatch batch = MessageBatch.marked(1, socket.takesProtocol());
                batch.packet(0, buffer.addressOffset(), bytes.length);
                batch.mark(0, ByteBuffer.wrap(bytes).getInt(16), mark, packet.protocol());
                return socket.send(batch, 0, 1);
            }
        });
    }

    /** The last mark that packets from each source had before NAT. */
    Map<String, Integer> early() {
        return seen("early");
    }

    /** The last mark with which packets from each source arrived. */
    Map<String, Integer> arrived() {
        return seen("arrived");
    }

    /** The last mark with which packets to each destination left. */
    Map<String, Integer> left() {
        return seen("left");
    }

    /** Reads and forgets. */
    private Map<String, Integer> seen(String set) {
        final Matcher matcher = SEEN.matcher(nft("list set ip probe " + set));
        final Map<String, Integer> marks = new TreeMap<>();
        while (matcher.find()) {
            marks.put(matcher.group(2), Integer.parseUnsignedInt(matcher.group(1), 16));
        }
        nft("flush set ip probe " + set);
        return marks;
    }

    @Override
    public void close() {
        namespace.close();
    }
}
