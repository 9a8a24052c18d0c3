// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab.uml;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.markcast.daemon.emulation.Arrival;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.Ipv4Packet;
import org.markcast.daemon.emulation.Tap;
import org.markcast.linux.NetworkNamespace;

/** A host of the lab, in network, mount and UTS namespaces that a sleeping process holds; {@code lab/uml/hosts} made it. */
public final class Station implements AutoCloseable {

    private static final Path HOLDERS = Path.of("/run/lab");
    private static final Pattern PINGS = Pattern.compile("(\\d+) packets transmitted, (\\d+)");

    private final String name;
    private final String holder;
    private final Host host;

    /**
     * @param interfaceName where it sends and watches
     * @param address its own inside the LAN: a virtual one for a client
     */
    public Station(String name, String interfaceName, String address) {
        this.name = name;
        holder = read(HOLDERS.resolve(name)).strip();
        final NetworkNamespace namespace = NetworkNamespace.open(Path.of("/proc", holder, "ns/net"));
        host = new Host(name, namespace, interfaceName, address, 0);
    }

    public String name() {
        return name;
    }

    public String address() {
        return host.address();
    }

    public NetworkNamespace namespace() {
        return host.namespace();
    }

    public int interfaceIndex() {
        return host.interfaceIndex();
    }

    /** A file as this host sees it. */
    public Path path(String absolute) {
        return Path.of("/proc", holder, "root" + absolute);
    }

    /** Writes a file of this host's, such as one below /run or /etc/swanctl. */
    public void write(String absolute, String text) {
        try {
            Files.createDirectories(path(absolute).getParent());
            Files.writeString(path(absolute), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The output of a command that ran here; one that fails is an exception with its output. */
    public String run(String... command) {
        final Outcome outcome = attempt(Map.of(), command);
        if (outcome.status() != 0) {
            throw new IllegalStateException(name + ": " + String.join(" ", command) + ": "
                    + outcome.output().strip());
        }
        return outcome.output();
    }

    /** What became of a command. */
    public record Outcome(int status, String output) {}

    /** Runs a command to its end, whatever that is. */
    public Outcome attempt(Map<String, String> environment, String... command) {
        try {
            final ProcessBuilder builder = builder(environment, command).redirectErrorStream(true);
            final Process process = builder.start();
            process.getOutputStream().close();
            final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Outcome(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted: " + String.join(" ", command), e);
        }
    }

    /** How many of three pings are answered, as in {@code 3 of 3}. */
    public String ping(String address) {
        final String output = attempt(Map.of(), "busybox", "ping", "-c", "3", "-i", "0.1", "-W", "2", address)
                .output();
        final Matcher matcher = PINGS.matcher(output);
        return matcher.find() ? matcher.group(2) + " of " + matcher.group(1) : output.strip();
    }

    /** Starts a program that stays; what it writes is appended to a log. Its process has the program's own number. */
    public Process start(Path log, Map<String, String> environment, String... command) {
        try {
            return builder(environment, command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Captures headers at an interface, for those who want to know why a check failed; the file's name tells where. */
    public Process capture(Path logs, String interfaceName) {
        return start(
                logs.resolve("tcpdump.log"),
                Map.of(),
                "tcpdump",
                "-i",
                interfaceName,
                "-Z",
                "root",
                "-U",
                "-s",
                "128",
                "-w",
                logs.resolve(name + "." + interfaceName + ".pcap").toString());
    }

    private ProcessBuilder builder(Map<String, String> environment, String... command) {
        final List<String> all = new ArrayList<>(List.of("nsenter", "-t", holder, "-m", "-n", "-u", "--"));
        all.addAll(List.of(command));
        final ProcessBuilder builder =
                new ProcessBuilder(all).directory(Path.of("/").toFile());
        builder.environment().putAll(environment);
        return builder;
    }

    /** Sends a packet as it is out of the interface, past everything that the kernel would do to it. */
    public void send(Ipv4Packet packet) {
        host.send(packet);
    }

    /** Sends a datagram as an ordinary program does whose socket is bound to {@link #address()}. */
    public void sendUdp(String destination, int port, byte[] payload) {
        try (DatagramChannel channel = open(port)) {
            channel.send(ByteBuffer.wrap(payload), new InetSocketAddress(destination, port));
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot send to " + destination, e);
        }
    }

    /**
     * A program's socket, bound to {@link #address()}: a client that leaves the choice to the kernel, or names an interface,
     * sends local multicasts with its outer address, past its tunnel.
     */
    public DatagramChannel open(int port) {
        return namespace().call(() -> {
            final DatagramChannel channel = DatagramChannel.open(StandardProtocolFamily.INET);
            channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            channel.setOption(StandardSocketOptions.SO_BROADCAST, true);
            channel.setOption(StandardSocketOptions.IP_MULTICAST_LOOP, false);
            channel.setOption(StandardSocketOptions.IP_MULTICAST_TTL, 255);
            channel.bind(new InetSocketAddress(address(), port));
            channel.configureBlocking(false);
            return channel;
        });
    }

    /** Watches what arrives from now on: with ESP, both the outer packets and what was in them. */
    public Tap tap(Predicate<Arrival> filter) {
        return host.tap(filter);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("the hosts are not built", e);
        }
    }

    @Override
    public void close() {
        host.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
