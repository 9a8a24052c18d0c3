// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Answers requests on the control socket: one line in, text out, end of connection. What a client does wrong ends that
 * client's connection and nothing else. All connections live on one thread of the server's own.
 */
final class ControlServer implements AutoCloseable {

    static final String STATUS = "status";
    static final String STATUS_JSON = "status json";

    /** From the first byte of the request to the last of the answer. */
    static final Duration DEADLINE = Duration.ofSeconds(5);

    /** Silent clients may hold this many file descriptors, each until its deadline. */
    static final int MAX_CONNECTIONS = 32;

    private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(1);

    private final Path socket;
    private final EventLoopGroup eventLoop;
    private final Channel channel;

    private ControlServer(Path socket, EventLoopGroup eventLoop, Channel channel) {
        this.socket = socket;
        this.eventLoop = eventLoop;
        this.channel = channel;
    }

    /**
     * Listens at {@code socket}, and replaces what is there: the caller holds the {@link RunDirectory}, so it is stale.
     *
     * @param answer called on the server's thread with the request line; the texts that are the answer together, each asked for
     *     when the client has taken most of what came before; none if it does not know the request
     */
    static ControlServer start(Path socket, Function<String, Stream<String>> answer) throws IOException {
        return start(socket, answer, DEADLINE);
    }

    static ControlServer start(Path socket, Function<String, Stream<String>> answer, Duration deadline)
            throws IOException {
        if (!Epoll.isAvailable()) {
            throw new IOException("cannot serve " + socket + ": "
                    + Epoll.unavailabilityCause().getMessage());
        }
        final EventLoopGroup eventLoop = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("markcast-control", true), EpollIoHandler.newFactory());
        // Bound beside its place and moved there once its mode is right: at no time does it admit the wrong people.
        final Path unfinished = socket.resolveSibling(socket.getFileName() + ".new");
        try {
            Files.deleteIfExists(unfinished);
            final Channel channel = bootstrap(eventLoop, answer, deadline)
                    .bind(new DomainSocketAddress(unfinished.toFile()))
                    .syncUninterruptibly()
                    .channel();
            Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rw-rw----"));
            Files.move(unfinished, socket, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return new ControlServer(socket, eventLoop, channel);
        } catch (IOException | RuntimeException e) {
            shutDown(eventLoop);
            throw e;
        }
    }

    /** Stops listening, cuts off whoever is connected, removes the socket. Idempotent. */
    @Override
    public void close() throws IOException {
        if (!channel.isOpen()) {
            return;
        }
        Files.deleteIfExists(socket);
        channel.close().awaitUninterruptibly();
        shutDown(eventLoop);
    }

    private static ServerBootstrap bootstrap(
            EventLoopGroup eventLoop, Function<String, Stream<String>> answer, Duration deadline) {
        return new ServerBootstrap()
                .group(eventLoop)
                .channel(EpollServerDomainSocketChannel.class)
                // A few bytes a minute: pools and adaptive buffers would cost megabytes.
                .childOption(ChannelOption.ALLOCATOR, UnpooledByteBufAllocator.DEFAULT)
                .childOption(
                        ChannelOption.RECVBUF_ALLOCATOR,
                        new FixedRecvByteBufAllocator(ControlConnection.MAX_REQUEST_BYTES))
                .childHandler(new Admission(answer, deadline));
    }

    /** Lets clients in while there are few. On the server's thread. */
    private static final class Admission extends ChannelInitializer<Channel> {

        private final Function<String, Stream<String>> answer;
        private final Duration deadline;

        private int connections;

        Admission(Function<String, Stream<String>> answer, Duration deadline) {
            this.answer = answer;
            this.deadline = deadline;
        }

        @Override
        protected void initChannel(Channel connection) {
            if (connections == MAX_CONNECTIONS) {
                connection.close();
                return;
            }
            connections++;
            connection.closeFuture().addListener(closed -> connections--);
            connection.pipeline().addLast(new ControlConnection(answer, deadline));
        }
    }

    private static void shutDown(EventLoopGroup eventLoop) {
        eventLoop
                .shutdownGracefully(0, SHUTDOWN_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(SHUTDOWN_TIMEOUT.toMillis());
    }
}
