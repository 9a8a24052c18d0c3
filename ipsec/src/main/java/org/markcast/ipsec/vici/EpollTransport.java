// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.io.FileNotFoundException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Connections to a domain socket, and time, on one event loop thread of its own. */
final class EpollTransport implements Transport, Timers, AutoCloseable {

    private static final int RECEIVE_BYTES = 64 * 1024;
    private static final long SHUTDOWN_MS = 1000;

    private final Path socket;
    private final EventLoopGroup group;
    private final EventLoop loop;

    /**
     * Starts the thread's group; the thread itself starts with the first use.
     *
     * @throws IllegalStateException if Netty's native library cannot be loaded
     */
    EpollTransport(Path socket) {
        if (!Epoll.isAvailable()) {
            throw new IllegalStateException("cannot connect to " + socket + ": "
                    + Epoll.unavailabilityCause().getMessage());
        }
        this.socket = socket;
        group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("markcast-vici", true), EpollIoHandler.newFactory());
        loop = group.next();
    }

    @Override
    public Connection connect(Receiver receiver) {
        final ChannelFuture attempt = new Bootstrap()
                .group(loop)
                .channel(EpollDomainSocketChannel.class)
                // A few bytes an hour, megabytes once: pools and adaptive buffers would only keep memory.
                .option(ChannelOption.ALLOCATOR, UnpooledByteBufAllocator.DEFAULT)
                .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(RECEIVE_BYTES))
                .handler(new Inbound(receiver))
                .connect(new DomainSocketAddress(socket.toFile()));
        attempt.addListener(done -> reportFailure(done, receiver));
        return new ChannelConnection(attempt.channel(), receiver);
    }

    /** Not on the spot: without file descriptors Netty fails inside the call, and elsewhere than on our thread. */
    private void reportFailure(Future<?> attempt, Receiver receiver) {
        if (!attempt.isSuccess() && !loop.isShuttingDown()) {
            loop.execute(() -> receiver.onClosed(describe(attempt.cause())));
        }
    }

    private static String describe(Throwable cause) {
        return cause instanceof FileNotFoundException ? "no such socket" : String.valueOf(cause.getMessage());
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Timer schedule(long delayNs, Runnable task) {
        final Future<?> timer = loop.schedule(task, delayNs, TimeUnit.NANOSECONDS);
        return () -> timer.cancel(false);
    }

    /** Runs a task on the thread. */
    void execute(Runnable task) {
        loop.execute(task);
    }

    /** Ends the thread after what it was given before; waits for it unless called on it. */
    @Override
    public void close() {
        final Future<?> shutdown = group.shutdownGracefully(0, SHUTDOWN_MS, TimeUnit.MILLISECONDS);
        if (!loop.inEventLoop()) {
            shutdown.awaitUninterruptibly(2 * SHUTDOWN_MS);
        }
    }

    private final class ChannelConnection implements Connection {

        private final Channel channel;
        private final Receiver receiver;

        ChannelConnection(Channel channel, Receiver receiver) {
            this.channel = channel;
            this.receiver = receiver;
        }

        @Override
        public void send(byte[] bytes) {
            channel.writeAndFlush(Unpooled.wrappedBuffer(bytes)).addListener(sent -> reportFailure(sent, receiver));
        }

        @Override
        public void close() {
            if (channel.isOpen()) {
                channel.close();
            }
        }
    }

    private static final class Inbound extends ChannelInboundHandlerAdapter {

        private final Receiver receiver;

        Inbound(Receiver receiver) {
            this.receiver = receiver;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            receiver.onConnected();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            final ByteBuf bytes = (ByteBuf) message;
            try {
                receiver.onBytes(bytes.nioBuffer());
            } finally {
                bytes.release();
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            receiver.onClosed("it ended the connection");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            receiver.onClosed(describe(cause));
            context.close();
        }
    }
}
