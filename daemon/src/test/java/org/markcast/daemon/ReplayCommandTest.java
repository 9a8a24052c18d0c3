// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplayCommandTest {

    private static final byte[] MDNS = TestFrame.from("10.1.0.5", "224.0.0.251").toEthernet();
    private static final byte[] FROM_CAROL =
            TestFrame.from("10.1.0.129", "224.0.0.251").toEthernet();
    private static final byte[] DIRECTED =
            TestFrame.from("10.1.0.5", "10.1.255.255").toEthernet();

    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Path config;

    @BeforeEach
    void writeConfig() throws IOException {
        config = Files.writeString(directory.resolve("markcast.conf"), """
                markcast {
                    interface = no-such-lan
                    sources = static
                    static {
                        carol {
                            mark = 1
                            local_ts = 10.1.0.0/16
                            remote_ts = 10.1.0.129, 224.0.0.0/4, 10.1.255.255
                        }
                    }
                }
                """);
    }

    private int replay(byte[] capture, String... options) throws IOException {
        return replay(new PrintWriter(out, true), capture, options);
    }

    private int replay(PrintWriter writer, byte[] capture, String... options) throws IOException {
        final Path file = Files.write(directory.resolve("test.pcap"), capture);
        final String[] args = Stream.concat(
                        Stream.of("replay", file.toString(), "-c", config.toString()), Stream.of(options))
                .toArray(String[]::new);
        return Main.execute(writer, new PrintWriter(err, true), args);
    }

    private List<String> lines() {
        return out.toString().lines().toList();
    }

    @Test
    void shouldPrintALineForEachPacketAndASummary() throws IOException {
        final int exitStatus = replay(new RawCapture()
                .frame(MDNS)
                .frame(FROM_CAROL)
                .frame(Arrays.copyOf(MDNS, 40), MDNS.length)
                .frame(DIRECTED)
                .toBytes());
        assertEquals("", err.toString());
        assertEquals(ExitStatus.DONE, exitStatus);
        assertEquals(3 + 1 + 4 + 1, lines().size(), out.toString());
        assertTrue(
                lines().get(0).startsWith("# LAN: no-such-lan; broadcast: 255.255.255.255, and where"), lines().get(0));
        assertEquals("# SAs: 1", lines().get(1));
        assertTrue(
                lines().get(4)
                        .matches(" +1  \\d\\d:\\d\\d:40\\.250000  10\\.1\\.0\\.5 -> 224\\.0\\.0\\.251 +"
                                + "udp 5353 > 5353 +32  forwarded from LAN no-such-lan to SA carol \\(mark 1\\)"),
                lines().get(4));
        assertTrue(lines().get(5).endsWith("forwarded from SA carol to LAN no-such-lan"), lines().get(5));
        assertTrue(lines().get(6).endsWith("dropped: truncated: 26 of 32 bytes were captured"), lines().get(6));
        assertTrue(lines().get(7).contains("dropped: 10.1.255.255 is neither"), lines().get(7));
        assertEquals(
                "4 packets: 2 forwarded (1 copy to SAs, 1 to LAN),"
                        + " 2 dropped (1 truncated, 1 neither multicast nor broadcast), 0 ignored",
                lines().get(8));
    }

    @Test
    void shouldAlignTheColumns() throws IOException {
        replay(new RawCapture().frame(MDNS).frame(FROM_CAROL).toBytes());
        final int verdict = lines().get(3).indexOf("verdict");
        assertTrue(verdict > 0, lines().get(3));
        assertEquals(verdict, lines().get(4).indexOf("forwarded"));
        assertEquals(verdict, lines().get(5).indexOf("forwarded"));
    }

    @Test
    void shouldPrintOneJsonObjectForEachPacketAndNothingElse() throws IOException {
        assertEquals(
                ExitStatus.DONE,
                replay(
                        new RawCapture()
                                .frame(MDNS)
                                .frame(FROM_CAROL)
                                .frame(new byte[14])
                                .toBytes(),
                        "--json"));
        final List<JsonObject> packets = lines().stream()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .toList();
        assertEquals(3, packets.size());
        assertEquals(JsonParser.parseString("""
                        {"number": 1, "time": "2001-09-09T01:46:40.250Z", "length": 32, "source": "10.1.0.5",
                         "destination": "224.0.0.251", "protocol": 17, "fragment": false, "source_port": 5353,
                         "destination_port": 5353, "origin": "LAN no-such-lan", "outcome": "forwarded",
                         "reason": "from LAN no-such-lan to SA carol (mark 1)", "to_lan": false,
                         "copies": [{"sa": "carol", "mark_out": "1"}]}
                        """), packets.get(0));
        assertTrue(packets.get(1).get("to_lan").getAsBoolean());
        assertEquals("not_ipv4", packets.get(2).get("outcome").getAsString());
        assertFalse(packets.get(2).has("source"));
    }

    @Test
    void shouldTakeFurtherBroadcastAddresses() throws IOException {
        replay(
                new RawCapture().frame(DIRECTED).toBytes(),
                "--broadcast",
                "10.1.255.255",
                "--broadcast",
                "10.2.255.255");
        assertTrue(lines().get(0).contains("255.255.255.255, 10.1.255.255, 10.2.255.255"), lines().get(0));
        assertTrue(lines().get(4).endsWith("forwarded from LAN no-such-lan to SA carol (mark 1)"), lines().get(4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.1", "224.0.0.1", "::1", "example.org", "0.0.0.0"})
    void shouldRefuseWhatIsNoBroadcastAddress(String address) throws IOException {
        assertEquals(ExitStatus.USAGE, replay(new RawCapture().toBytes(), "--broadcast", address));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().contains("--broadcast"), err.toString());
        assertTrue(err.toString().contains("'" + address + "'"), err.toString());
    }

    @Test
    void shouldPrintWhatStandsBeforeTheDamage() throws IOException {
        final byte[] capture = new RawCapture().frame(MDNS).frame(MDNS).toBytes();
        assertEquals(ExitStatus.FAILED, replay(Arrays.copyOf(capture, capture.length - 3)));
        assertTrue(out.toString().contains("forwarded from LAN"), out.toString());
        assertTrue(lines().get(lines().size() - 1).startsWith("1 packet: 1 forwarded"), out.toString());
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().startsWith("markcast replay: "), err.toString());
        assertTrue(err.toString().contains("test.pcap: damaged after packet 1: "), err.toString());
    }

    @Test
    void shouldRefuseWhatIsNoCapture() throws IOException {
        assertEquals(ExitStatus.FAILED, replay("certainly no capture".getBytes()));
        assertEquals("", out.toString());
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().contains("test.pcap: not a capture file"), err.toString());
    }

    @Test
    void shouldSayThatTheServiceWouldForwardNothing() throws IOException {
        Files.writeString(config, "markcast {\n forward = no\n sources = vici\n}\n");
        assertEquals(ExitStatus.DONE, replay(new RawCapture().frame(MDNS).toBytes()));
        assertTrue(lines().get(0).startsWith("# LAN: any; "), out.toString());
        assertTrue(lines().get(1).startsWith("# SAs: 0 (sources has no static: "), out.toString());
        assertTrue(lines().get(3).startsWith("# forward = no: "), out.toString());
    }

    @Test
    void shouldExplainAnyBytes() throws IOException {
        final Random random = new Random(20_261_120);
        final RawCapture capture = new RawCapture();
        for (int i = 0; i < 2_000; i++) {
            final byte[] frame = MDNS.clone();
            for (int changes = random.nextInt(12); changes > 0; changes--) {
                frame[12 + random.nextInt(frame.length - 12)] = (byte) random.nextInt(256);
            }
            capture.frame(Arrays.copyOf(frame, random.nextInt(frame.length + 1)), frame.length + random.nextInt(9));
        }
        assertEquals(ExitStatus.DONE, replay(capture.toBytes()), err.toString());
        assertEquals("", err.toString());
        assertEquals(4 + 2_000 + 1, lines().size());
    }

    @Test
    void shouldEndQuietlyWhenNobodyReadsOn() throws IOException {
        final RawCapture capture = new RawCapture();
        for (int i = 0; i < 1_000; i++) {
            capture.frame(MDNS);
        }
        final BrokenPipe pipe = new BrokenPipe();
        assertEquals(ExitStatus.DONE, replay(new PrintWriter(pipe, true), capture.toBytes(), "--json"));
        assertEquals("", err.toString());
        assertEquals(1, pipe.attempts);
    }

    /** Fails to flush, as a pipe does whose reader is gone. */
    private static final class BrokenPipe extends Writer {

        private int attempts;

        @Override
        public void write(char[] buffer, int offset, int length) throws IOException {
            attempts++;
            throw new IOException("Broken pipe");
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }
}
