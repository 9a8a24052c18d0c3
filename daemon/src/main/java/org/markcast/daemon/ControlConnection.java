// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client of the {@link ControlServer}, on the server's thread: bounded in bytes and in time. */
final class ControlConnection extends SimpleChannelInboundHandler<ByteBuf> {

    static final int MAX_REQUEST_BYTES = 128;

    /** One write has about as many. */
    private static final int WRITE_BYTES = 16 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(ControlConnection.class);

    private final Function<String, Stream<String>> answer;
    private final Duration deadline;
    private final StringBuilder request = new StringBuilder();

    private Future<?> cutOff;

    /** What is still to be sent; null before the request is complete. */
    private Iterator<String> pieces;

    private boolean isSending;

    ControlConnection(Function<String, Stream<String>> answer, Duration deadline) {
        this.answer = answer;
        this.deadline = deadline;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        cutOff = context.executor().schedule(() -> context.close(), deadline.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        cutOff.cancel(false);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
        if (pieces != null) {
            return;
        }
        request.append(bytes.toString(StandardCharsets.US_ASCII));
        final int end = request.indexOf("\n");
        if (end >= 0) {
            pieces = answer.apply(request.substring(0, end)).iterator();
            send(context);
        } else if (request.length() >= MAX_REQUEST_BYTES) {
            context.close();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (pieces != null && !isSending) { // a write may lead here at once
            send(context);
        }
    }

    /** Sends as much as the client takes: what is not made yet costs no memory. */
    private void send(ChannelHandlerContext context) {
        isSending = true;
        while (pieces.hasNext() && context.channel().isWritable()) {
            context.writeAndFlush(nextBytes(context));
        }
        isSending = false;
        if (!pieces.hasNext()) {
            context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private ByteBuf nextBytes(ChannelHandlerContext context) {
        final ByteBuf bytes = context.alloc().buffer(2 * WRITE_BYTES);
        while (pieces.hasNext() && bytes.readableBytes() < WRITE_BYTES) {
            ByteBufUtil.writeUtf8(bytes, pieces.next());
        }
        return bytes;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A client that goes away is its own affair; a failed answer is ours.
        if (!(cause instanceof IOException)) {
            LOG.error("request \"{}\" failed", request.toString().strip(), cause);
        }
        context.close();
    }
}
